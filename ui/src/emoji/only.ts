// Whether a text is nothing but a few emoji, which are then worth drawing bigger.

const EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[\u200d\ufe0f\u20e3\s])+$/u;
const FEW = 6;

export function emojiOnly(text: string): boolean {
  const bare = text.trim();
  if (bare === '' || bare.length > 80 || !EMOJI.test(bare)) return false;
  return [...new Intl.Segmenter().segment(bare.replace(/\s/gu, ''))].length <= FEW;
}

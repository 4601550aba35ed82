// Skin tones: 0 is none, 1 (light) to 5 (dark) are the Fitzpatrick modifiers of Unicode (UTS #51, 2.4).

const FIRST = 0x1f3fa;
const BASE = /\p{Emoji_Modifier_Base}\ufe0f?/gu;

/** The emoji in a tone; every hand and person in it gets the same. */
export function toned(emoji: string, tone: number): string {
  if (tone < 1 || tone > 5) return emoji;
  const modifier = String.fromCodePoint(FIRST + tone);
  return emoji.replace(BASE, (one) => `${one.replace('\ufe0f', '')}${modifier}`);
}

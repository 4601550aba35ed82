// Reads the little that a message's text says about its own looks: code, quotes and links. Everything stays text;
// nothing here makes markup.

export type Span = { kind: 'text' | 'code'; text: string } | { kind: 'link'; text: string; url: string };
export type Block = { kind: 'plain' | 'quote'; spans: Span[] } | { kind: 'code'; text: string };

const LINK = /\b(?:https?:\/\/|mailto:|juice:)[^\s<>"`]+/giu;
const SCHEMES = ['http:', 'https:', 'mailto:', 'juice:'];
/** Emoji only, and few enough to be worth looking at. */
const EMOJI =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[\u200d\ufe0f\u20e3\s])+$/u;
const FEW = 6;

export function blocksOf(text: string): Block[] {
  return text.split(/^```[^\n]*\n([\s\S]*?)\n?^```[ \t]*$\n?/mu).flatMap((part, n): Block[] => {
    if (n % 2 === 1) return [{ kind: 'code', text: part }];
    return quotesOf(part.replace(/\n$/, ''));
  });
}

function quotesOf(text: string): Block[] {
  if (text === '') return [];
  const blocks: { kind: 'plain' | 'quote'; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const kind = /^>\s?/.test(line) ? 'quote' : 'plain';
    const bare = kind === 'quote' ? line.replace(/^>\s?/, '') : line;
    const last = blocks.at(-1);
    if (last?.kind === kind) last.lines.push(bare);
    else blocks.push({ kind, lines: [bare] });
  }
  return blocks.map(({ kind, lines }) => ({ kind, spans: spansOf(lines.join('\n')) }));
}

export function spansOf(text: string): Span[] {
  return text.split(/`([^`\n]+)`/).flatMap((part, n): Span[] => {
    if (n % 2 === 1) return [{ kind: 'code', text: part }];
    return linksOf(part);
  });
}

function linksOf(text: string): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const found = trimmed(match[0]);
    if (!openable(found)) continue;
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) });
    spans.push({ kind: 'link', text: found, url: found });
    at = match.index + found.length;
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) });
  return spans;
}

/** Without the full stop of the sentence, and without a bracket that was opened outside the link. */
function trimmed(link: string): string {
  let end = link.length;
  for (;;) {
    const last = link.charAt(end - 1);
    const part = link.slice(0, end);
    const unopened = last === ')' && part.split('(').length < part.split(')').length;
    if (!/[.,;:!?'’”»\]}]/u.test(last) && !unopened) return part;
    end -= 1;
  }
}

function openable(link: string): boolean {
  try {
    const { protocol, pathname, host } = new URL(link);
    return SCHEMES.includes(protocol) && (host !== '' || pathname !== '');
  } catch {
    return false;
  }
}

export function emojiOnly(text: string): boolean {
  const bare = text.trim();
  if (bare === '' || bare.length > 80 || !EMOJI.test(bare)) return false;
  return [...new Intl.Segmenter().segment(bare.replace(/\s/gu, ''))].length <= FEW;
}

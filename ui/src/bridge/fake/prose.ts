// Reads a text into the tree that the core would send: enough of it for the browser and for tests.

import type { Block } from '../generated/Block';
import type { Inline } from '../generated/Inline';

const LINK = /\b(?:https?:\/\/|mailto:|juice:)[^\s<>"`]+/giu;
const NAMED = /\[([^\]\n]+)\]\(((?:https?:\/\/|mailto:|juice:)[^\s)]+)\)/giu;
const STYLED = /\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|~~([^~\n]+)~~/u;

export function read(text: string): { action: boolean; body: Block[] } {
  const action = text.startsWith('/me ');
  return { action, body: blocksOf(action ? text.slice(4) : text) };
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const fence = /^```([^\n]*)\n([\s\S]*?)\n?^```[ \t]*$\n?/mu;
  const found = fence.exec(text);
  if (found) {
    blocks.push(...blocksOf(text.slice(0, found.index).replace(/\n$/, '')));
    blocks.push({ type: 'code', language: found[1]?.trim() ?? '', text: found[2] ?? '' });
    blocks.push(...blocksOf(text.slice(found.index + found[0].length)));
    return blocks;
  }
  for (const lines of runsOf(text)) blocks.push(blockOf(lines));
  return blocks;
}

type Kind = 'quote' | 'bullet' | 'number' | 'plain';

function kindOf(line: string): Kind {
  if (/^>\s?/.test(line)) return 'quote';
  if (/^[-*] /.test(line)) return 'bullet';
  return /^\d{1,9}[.)] /.test(line) ? 'number' : 'plain';
}

function runsOf(text: string): { kind: Kind; lines: string[] }[] {
  const runs: { kind: Kind; lines: string[] }[] = [];
  let broken = true;
  for (const line of text === '' ? [] : text.split('\n')) {
    if (line.trim() === '') {
      broken = true;
      continue;
    }
    const kind = kindOf(line);
    const last = runs.at(-1);
    if (!broken && last?.kind === kind) last.lines.push(line);
    else runs.push({ kind, lines: [line] });
    broken = false;
  }
  return runs;
}

function blockOf({ kind, lines }: { kind: Kind; lines: string[] }): Block {
  switch (kind) {
    case 'quote':
      return { type: 'quote', blocks: blocksOf(lines.map((line) => line.replace(/^>\s?/, '')).join('\n')) };
    case 'bullet':
    case 'number': {
      const start = kind === 'number' ? parseInt(lines[0] ?? '1', 10) : null;
      const items = lines.map((line) => blocksOf(line.replace(/^(?:[-*]|\d+[.)]) /, '')));
      return { type: 'list', start, items };
    }
    case 'plain':
      return { type: 'paragraph', words: lines.flatMap((line, n) => [...breakBefore(n), ...wordsOf(line)]) };
  }
}

const breakBefore = (n: number): Inline[] => (n > 0 ? [{ type: 'break' }] : []);

export function wordsOf(line: string): Inline[] {
  return line.split(/`([^`\n]+)`/).flatMap((part, n): Inline[] => {
    if (n % 2 === 1) return [{ type: 'code', text: part }];
    return between(part, NAMED, namedLink, (rest) => between(rest, LINK, bareLink, styled));
  });
}

type Made = { piece: Inline; length: number } | null;

function between(
  text: string,
  pattern: RegExp,
  make: (found: RegExpMatchArray) => Made,
  rest: (text: string) => Inline[],
): Inline[] {
  const pieces: Inline[] = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    const made = make(found);
    if (!made || found.index < at) continue;
    pieces.push(...rest(text.slice(at, found.index)), made.piece);
    at = found.index + made.length;
  }
  return [...pieces, ...rest(text.slice(at))];
}

function namedLink(found: RegExpMatchArray): Made {
  const piece: Inline = { type: 'link', href: found[2] ?? '', words: styled(found[1] ?? '') };
  return { piece, length: found[0].length };
}

function bareLink(found: RegExpMatchArray): Made {
  const href = trimmed(found[0]);
  return { piece: { type: 'link', href, words: [{ type: 'text', text: href }] }, length: href.length };
}

function styled(text: string): Inline[] {
  const found = STYLED.exec(text);
  if (!found) return text === '' ? [] : [{ type: 'text', text }];
  const [strong, emphasis, struck] = found.slice(1);
  const words: Inline[] = styled(strong ?? emphasis ?? struck ?? '');
  const type = strong !== undefined ? 'strong' : emphasis !== undefined ? 'emphasis' : 'struck';
  return [
    ...styled(text.slice(0, found.index)),
    { type, words },
    ...styled(text.slice(found.index + found[0].length)),
  ];
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

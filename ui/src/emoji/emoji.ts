// All emoji, fetched when first wanted, and how one of them is found.

import { words } from '../shared/words';

export interface Emoji {
  emoji: string;
  name: string;
  /** Names between colons, the usual one first. */
  codes: string[];
  /** 0 to 9, as in emojibase; 2 is not among them. */
  group: number;
  tones: boolean;
  /** What it is found by, lower case and without accents. */
  found: string;
}

export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
/** What one most often says without words. */
export const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🎉'];

let table: Promise<Emoji[]> | null = null;

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

export function allEmoji(): Promise<Emoji[]> {
  table ??= (words.tag === 'de' ? import('virtual:emoji/de') : import('virtual:emoji/en')).then((module) =>
    module.default.map(([emoji, name, tags, codes, group, tones]) => ({
      emoji,
      name,
      codes: codes === '' ? [] : codes.split(' '),
      group,
      tones: tones === 1,
      found: ` ${plain(`${name} ${tags} ${codes.replaceAll('_', ' ')}`)}`,
    })),
  );
  return table;
}

/** Those that all the words lead to, the closest first. */
export function searched(all: Emoji[], query: string): Emoji[] {
  const wanted = plain(query)
    .split(/[\s_]+/)
    .filter((word) => word !== '');
  if (wanted.length === 0) return [];
  const first = wanted[0] ?? '';
  const rank = (one: Emoji): number => {
    if (one.codes.some((code) => code === query) || plain(one.name) === wanted.join(' ')) return 0;
    if (one.codes.some((code) => code.startsWith(first)) || plain(one.name).startsWith(first)) return 1;
    return 2;
  };
  return all
    .filter((one) => wanted.every((word) => one.found.includes(` ${word}`)))
    .map((one, n) => ({ one, n, rank: rank(one) }))
    .sort((a, b) => a.rank - b.rank || a.n - b.n)
    .map(({ one }) => one);
}

/** For what is being typed after a colon: by shortcode first, then by every other word. */
export function completing(all: Emoji[], typed: string, most: number): Emoji[] {
  const code = typed.toLowerCase();
  const byCode = all
    .filter((one) => one.codes.some((known) => known.startsWith(code)))
    .sort((a, b) => shortest(a, code) - shortest(b, code));
  const rest = searched(all, typed).filter((one) => !byCode.includes(one));
  return [...byCode, ...rest].slice(0, most);
}

const shortest = (one: Emoji, code: string): number =>
  Math.min(...one.codes.filter((known) => known.startsWith(code)).map((known) => known.length));

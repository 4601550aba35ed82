// Makes the table of emoji at build time, out of emojibase's data: what a picker needs, in one language each, and no
// more. `virtual:emoji/en` and `virtual:emoji/de` are its modules; each is a file of its own, fetched when wanted.
//
// A row is [emoji, name, words to find it by, shortcodes, group, whether it takes a skin tone]. German rows are found
// by their English words too.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';
import { toned } from './src/emoji/tone.ts';

export type Row = [emoji: string, name: string, words: string, codes: string, group: number, tones: 0 | 1];

/** Older systems draw boxes for what is newer. */
const NEWEST = 15;
/** Skin tones and hair alone: parts, not emoji. */
const COMPONENTS = 2;
const MODULE = /^virtual:emoji\/(en|de)$/;

interface Entry {
  hexcode: string;
  emoji: string;
  label: string;
  tags?: string[];
  group?: number;
  order?: number;
  version: number;
  skins?: { emoji: string; tone?: number | number[] }[];
}

const require = createRequire(import.meta.url);

function data<T>(path: string): T {
  return JSON.parse(readFileSync(require.resolve(`emojibase-data/${path}`), 'utf8')) as T;
}

/** Without the sign that asks for colours where there are colours anyway, so that one emoji has one spelling. */
const spelled = (emoji: string): string => emoji.replace(/(\p{Emoji_Presentation})\ufe0f/gu, '$1');

/** Whether what tone.ts does to this one is what the data says. */
function takesTones(entry: Entry): boolean {
  const skins = entry.skins?.filter((skin) => typeof skin.tone === 'number') ?? [];
  return skins.length === 5 && skins.every((skin) => toned(entry.emoji, Number(skin.tone)) === skin.emoji);
}

export function tableOf(language: string): Row[] {
  const codes = data<Record<string, string | string[]>>('en/shortcodes/github.json');
  const english = new Map(data<Entry[]>('en/data.json').map((entry) => [entry.hexcode, entry]));
  return data<Entry[]>(`${language}/data.json`)
    .filter((entry) => entry.group !== undefined && entry.group !== COMPONENTS && entry.version <= NEWEST)
    .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map((entry) => {
      const own = new Set(entry.tags ?? []);
      if (language !== 'en') {
        const other = english.get(entry.hexcode);
        for (const word of [...(other?.tags ?? []), other?.label ?? '']) own.add(word);
      }
      const short = [codes[entry.hexcode] ?? []].flat().join(' ');
      return [
        spelled(entry.emoji),
        entry.label,
        [...own].join(' '),
        short,
        entry.group ?? 0,
        takesTones(entry) ? 1 : 0,
      ];
    });
}

export function emojiTables(): Plugin {
  return {
    name: 'juice:emoji',
    resolveId: (id) => (MODULE.test(id) ? `\0${id}` : null),
    load(id) {
      const language = MODULE.exec(id.slice(1))?.[1];
      if (!id.startsWith('\0') || language === undefined) return null;
      // One string is read faster than as many arrays.
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(tableOf(language)))});`;
    },
  };
}

// The rules of the house that a compiler doesn't know.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { strength } from '../src/session/strength';
import { initials } from '../src/shared/names';
import { languages, localeFor, wordsFor } from '../src/shared/words';

const SOURCE = resolve('src');
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|svelte)$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), 'utf8') }));

const imports = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '');

describe('imports', () => {
  test('only the bridge knows the app frame', () => {
    const others = files.filter(({ name }) => !name.startsWith('bridge/'));
    const guilty = others.filter(({ text }) => imports(text).some((from) => from.startsWith('@tauri-apps/')));
    expect(guilty.map(({ name }) => name)).toEqual([]);
  });

  test('what is shared imports no other folder but the types of the contract', () => {
    const guilty = files
      .filter(({ name }) => name.startsWith('shared/'))
      .flatMap(({ name, text }) =>
        imports(text)
          .filter((from) => from.startsWith('.'))
          .map((from) => relative(SOURCE, resolve(SOURCE, dirname(name), from)))
          .filter((to) => !to.startsWith('shared/') && !to.startsWith('bridge/generated/'))
          .map((to) => `${name} -> ${to}`),
      );
    expect(guilty).toEqual([]);
  });

  test('nothing makes markup out of text', () => {
    expect(files.filter(({ text }) => /\{@html|innerHTML/.test(text)).map(({ name }) => name)).toEqual([]);
  });
});

describe('words', () => {
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shape);
    if (typeof value !== 'object' || value === null) return typeof value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, inner]) => [key, shape(inner)]),
    );
  };

  test('every language has the same words', () => {
    const [first, ...rest] = Object.values(languages).map(shape);
    for (const other of rest) expect(other).toEqual(first);
  });

  test('no screen speaks of peers, nodes or multiaddrs', () => {
    for (const language of Object.keys(languages)) {
      const text = ['', '/call', '/group', '/talk', '/video']
        .map((part) => readFileSync(join(SOURCE, `shared/words/${language}${part}.ts`), 'utf8'))
        .join();
      expect(text).not.toMatch(/\bpeers?\b|\bnodes?\b|multiaddr|something went wrong/i);
    }
  });

  test('every word is used', () => {
    const used = files
      .filter(({ name }) => !name.startsWith('shared/words/'))
      .map(({ text }) => text)
      .join('\n');
    const unused = Object.keys(wordsFor('en')).filter((key) => !new RegExp(`words\\.${key}\\b`).test(used));
    expect(unused).toEqual([]);
  });

  test('an unknown language falls back to English', () => {
    expect(wordsFor('de-AT').tag).toBe('de');
    expect(wordsFor('xx').tag).toBe('en');
    expect(wordsFor('C').tag).toBe('en');
    expect(localeFor('C')).toBe('en');
    expect(localeFor('de-AT')).toBe('de-AT');
  });
});

describe('names and passwords', () => {
  test('initials are whole letters in every script', () => {
    expect(initials('Mira Okonkwo')).toBe('MO');
    expect(initials('👩‍🚀')).toBe('👩‍🚀');
    expect(initials('محمد')).toBe('م');
  });

  test('a longer password is stronger and a usual one weak', () => {
    expect(strength('short')).toBe(0);
    expect(strength('password1')).toBe(1);
    expect(strength('aaaaaaaaaaaaaaaa')).toBe(1);
    expect(strength('four orange words here')).toBe(4);
  });
});

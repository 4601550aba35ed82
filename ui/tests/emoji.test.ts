import { expect, test } from 'vitest';
import { tableOf } from '../emoji';
import { completing, GROUPS, searched, type Emoji } from '../src/emoji/emoji';
import { allEmoji, QUICK } from '../src/emoji/emoji';
import { emojiOnly } from '../src/emoji/only';
import { toned } from '../src/emoji/tone';

const faces = (found: Emoji[]): string[] => found.map((one) => one.emoji);

test('the table is whole and small', () => {
  for (const language of ['en', 'de']) {
    const table = tableOf(language);
    expect(table.length).toBeGreaterThan(1_700);
    expect(JSON.stringify(table).length).toBeLessThan(400_000);
    expect(new Set(table.map((row) => row[4]))).toEqual(new Set(GROUPS));
    expect(table.filter((row) => row[5] === 1).length).toBeGreaterThan(250);
  }
});

test('an emoji is found by its shortcode, its name and its words', async () => {
  const all = await allEmoji();
  expect(faces(searched(all, 'joy'))[0]).toBe('😂');
  expect(faces(searched(all, 'tangerine'))[0]).toBe('🍊');
  expect(faces(searched(all, 'cat grin'))).toContain('😸');
  expect(searched(all, '  ')).toEqual([]);
  expect(searched(all, 'qqqq')).toEqual([]);
});

test('in German an emoji is found by its German and by its English words', () => {
  const orange = tableOf('de').find((row) => row[0] === '🍊');
  expect(orange?.[1]).toBe('Mandarine');
  expect(orange?.[2]).toContain('orange');
  expect(orange?.[2]).toContain('tangerine');
});

test('what begins with the typed code comes first, the shortest before others', async () => {
  const all = await allEmoji();
  expect(faces(completing(all, 'smile', 6))[0]).toBe('😄');
  expect(completing(all, 'he', 6)).toHaveLength(6);
});

test('the quick six are emoji that everybody has', async () => {
  const known = new Set(faces(await allEmoji()));
  for (const one of QUICK) expect(known).toContain(one);
});

test('a tone goes to each hand and person', () => {
  expect(toned('👋', 3)).toBe('👋🏽');
  expect(toned('🧑‍🚀', 1)).toBe('🧑🏻‍🚀');
  expect(toned('🕵️‍♀️', 5)).toBe('🕵🏿‍♀️');
  expect(toned('👋', 0)).toBe('👋');
  expect(toned('🍊', 2)).toBe('🍊');
});

test('a message of a few emoji is big and one of digits is not', () => {
  expect(emojiOnly('👩‍🚀 🍊')).toBe(true);
  expect(emojiOnly('🇩🇪👍🏽')).toBe(true);
  expect(emojiOnly('42')).toBe(false);
  expect(emojiOnly('🍊🍊🍊🍊🍊🍊🍊')).toBe(false);
});

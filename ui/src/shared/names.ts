// What to call people, and the colours and letters that stand for them.

import type { BuddyView } from '../bridge/generated/BuddyView';

/** Whom one calls to hear oneself: nobody's id, and in no list of buddies. */
export const ECHO = 'echo';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export const called = (buddy: Pick<BuddyView, 'name' | 'alias'>): string => buddy.alias || buddy.name;

/** The first letter of the first two words, whatever a letter is in that script. */
export function initials(name: string): string {
  return name
    .trim()
    .split(/[\s._-]+/u)
    .slice(0, 2)
    .map((word) => [...graphemes.segment(word)][0]?.segment ?? '')
    .join('')
    .toLocaleUpperCase();
}

/** A hue in degrees from an id of hex digits: twenty-four steps, so that neighbours differ visibly. */
export function hueOf(id: string): number {
  return (parseInt(id.slice(0, 6) || '0', 16) % 24) * 15;
}

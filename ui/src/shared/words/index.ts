// The language of the screen, chosen once from the system's.

import { de } from './de';
import { en } from './en';

/** What a language has to say. */
export type Words = typeof en;

export const languages: Record<string, Words> = { en, de };

export function wordsFor(language: string): Words {
  return languages[language.split('-')[0]?.toLowerCase() ?? ''] ?? en;
}

/** The locale for dates and numbers. A system without one says "C", which Intl refuses. */
export function localeFor(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

export const words: Words = wordsFor(navigator.language);

// What completes a shortcode that is being typed: `:ora` offers oranges, `:tangerine:` becomes one at once.

import { preferences } from '../shared/preferences.svelte';
import { allEmoji, completing, type Emoji } from './emoji';
import { toned } from './tone';

const OFFERED = 7;
/** A colon at a beginning, and at least two letters of a code. */
const BEGUN = /(?:^|[\s(])(:([a-z0-9_+-]{2,40}))$/i;
const ENDED = /(?:^|[\s(])(:([a-z0-9_+-]{1,40}):)$/i;

/** What is put in place of what was typed before the caret. */
export interface Completion {
  length: number;
  text: string;
}

export class Completing {
  offers = $state.raw<Emoji[]>([]);
  at = $state(0);
  #typed = '';

  /** Look at what stands before the caret; what is written out at once is answered. */
  async look(before: string): Promise<Completion | null> {
    const ended = ENDED.exec(before);
    const begun = BEGUN.exec(before);
    this.#typed = begun?.[1] ?? '';
    if (!ended && !begun) {
      this.offers = [];
      return null;
    }
    const all = await allEmoji();
    if (ended) {
      const code = (ended[2] ?? '').toLowerCase();
      const exact = all.find((one) => one.codes.includes(code));
      return exact ? { length: ended[1]?.length ?? 0, text: drawn(exact) } : null;
    }
    if (this.#typed !== begun?.[1]) return null;
    this.offers = completing(all, begun[2] ?? '', OFFERED);
    this.at = 0;
    return null;
  }

  /** The code of an offer that is the closest to what is typed; empty for none. */
  codeOf(one: Emoji): string {
    const typed = this.#typed.slice(1).toLowerCase();
    return one.codes.find((code) => code.startsWith(typed)) ?? one.codes[0] ?? '';
  }

  /** Moves among the offers. */
  step(by: number): void {
    this.at = (this.at + by + this.offers.length) % this.offers.length;
  }

  take(n: number): Completion | null {
    const chosen = this.offers[n];
    if (!chosen) return null;
    const length = this.#typed.length;
    this.end();
    preferences.usedEmoji(chosen.emoji);
    return { length, text: `${drawn(chosen)} ` };
  }

  end(): void {
    this.offers = [];
    this.#typed = '';
  }
}

const drawn = (one: Emoji): string => (one.tones ? toned(one.emoji, preferences.tone) : one.emoji);

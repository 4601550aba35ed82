// What is looked for in what was said, as it is typed, and what has been found. The newest question wins.

import type { Bridge } from '../bridge/bridge';
import type { SearchHit } from '../bridge/generated/SearchHit';

/** Short enough to feel at once, long enough to type the next letter, in ms. */
const PAUSE = 120;
const PAGE = 30;

export class Finding {
  hits = $state.raw<SearchHit[]>([]);
  more = $state(false);
  /** What the hits are for; empty before anything was found or not found. */
  asked = $state('');
  working = $state(false);
  failed = $state(false);
  /** The hit that was gone to. */
  at = $state(-1);
  #bridge: Bridge;
  #buddy: string | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  /** With one buddy, or with all. */
  constructor(bridge: Bridge, buddy: string | null) {
    this.#bridge = bridge;
    this.#buddy = buddy;
  }

  look(query: string): void {
    const wanted = query.trim();
    clearTimeout(this.#timer);
    if (wanted === '') this.clear();
    else if (wanted !== this.asked) this.#timer = setTimeout(() => void this.#ask(wanted, null), PAUSE);
  }

  async further(): Promise<void> {
    const last = this.hits.at(-1);
    if (last && this.more && !this.working) await this.#ask(this.asked, `${last.order}:${last.message}`);
  }

  /** To the next older (1) or newer (-1) hit; where to, if there is one. */
  async step(by: number): Promise<SearchHit | null> {
    if (by > 0 && this.at + by >= this.hits.length) await this.further();
    const to = Math.min(this.hits.length - 1, Math.max(0, this.at + by));
    const hit = this.hits[to] ?? null;
    if (hit) this.at = to;
    return hit;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.hits = [];
    this.more = false;
    this.asked = '';
    this.working = false;
    this.failed = false;
    this.at = -1;
  }

  async #ask(query: string, before: string | null): Promise<void> {
    const turn = ++this.#turn;
    this.working = true;
    try {
      const page = await this.#bridge.search(query, this.#buddy, before, PAGE);
      if (turn !== this.#turn) return;
      this.hits = before === null ? page.hits : [...this.hits, ...page.hits];
      this.more = page.more;
      this.failed = false;
      if (before === null) this.at = -1;
    } catch {
      if (turn !== this.#turn) return;
      this.failed = true;
    }
    this.asked = query;
    this.working = false;
  }
}

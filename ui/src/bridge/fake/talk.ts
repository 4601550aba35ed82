// One conversation of the fake: what was said, in order. A long past is made up only where it is looked at.

import type { EditView } from '../generated/EditView';
import type { HistoryPage } from '../generated/HistoryPage';
import type { MessageView } from '../generated/MessageView';
import type { PageAt } from '../generated/PageAt';

/** Messages that are computed from their number, from the oldest on. */
export interface Past {
  count: number;
  make: (n: number) => MessageView;
  /** The number of a message of such an id; -1 for another's. */
  numberOf: (id: string) => number;
}

const NO_PAST: Past = { count: 0, make: () => unreachable(), numberOf: () => -1 };

function unreachable(): never {
  throw new Error('there is no past');
}

export class Talk {
  draft = '';
  firstUnread: string | null = null;
  readonly edits = new Map<string, EditView[]>();
  #past: Past;
  #since: MessageView[];
  /** What of the past is not as it was made up. */
  #changed = new Map<string, MessageView>();

  constructor(since: MessageView[], past: Past = NO_PAST) {
    this.#since = since;
    this.#past = past;
  }

  get length(): number {
    return this.#past.count + this.#since.length;
  }

  at(n: number): MessageView | undefined {
    if (n < 0 || n >= this.#past.count) return this.#since[n - this.#past.count];
    const made = this.#past.make(n);
    return this.#changed.get(made.id) ?? made;
  }

  find(id: string): MessageView | undefined {
    return this.at(this.#indexOf(id));
  }

  add(message: MessageView): void {
    this.#since.push(message);
  }

  put(message: MessageView): void {
    const n = this.#indexOf(message.id) - this.#past.count;
    if (n >= 0) this.#since[n] = message;
    else this.#changed.set(message.id, message);
  }

  page(at: PageAt, limit: number): HistoryPage {
    const [from, to] = this.#range(at, limit);
    const messages: MessageView[] = [];
    for (let n = from; n < to; n++) {
      const message = this.at(n);
      if (message) messages.push(message);
    }
    return structuredClone({
      messages,
      more: from > 0,
      newer: to < this.length,
      draft: this.draft,
      firstUnread: this.firstUnread,
    });
  }

  #range(at: PageAt, limit: number): [number, number] {
    const place = 'place' in at ? this.#indexOf(at.place.split(':')[1] ?? '') : -1;
    switch (at.type) {
      case 'end':
        return [Math.max(0, this.length - limit), this.length];
      case 'before':
        return [Math.max(0, place - limit), Math.max(0, place)];
      case 'after':
        return [place + 1, Math.min(this.length, place + 1 + limit)];
      case 'around': {
        const middle = this.#indexOf(at.message);
        const from = Math.max(0, middle - Math.floor(limit / 2));
        return [from, Math.min(this.length, from + limit)];
      }
    }
  }

  #indexOf(id: string): number {
    const past = this.#past.numberOf(id);
    if (past >= 0) return past;
    const n = this.#since.findIndex((message) => message.id === id);
    return n < 0 ? -1 : n + this.#past.count;
  }
}

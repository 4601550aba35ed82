// A stretch of a conversation that is on screen: pages from the store, kept in step by events.
//
// However long the conversation is, only so many messages are held; what is far above or below is let go of and
// asked for again. Events that come while a page is on its way are held back and applied after it, so an older page
// never overwrites newer news.

import type { Bridge } from '../bridge/bridge';
import type { Event } from '../bridge/generated/Event';
import type { HistoryPage } from '../bridge/generated/HistoryPage';
import type { MessageView } from '../bridge/generated/MessageView';
import type { PageAt } from '../bridge/generated/PageAt';

/** Messages on the first page: two or three screens. */
const PAGE = 80;
/** Messages that come in while scrolling: few enough to be drawn between two blinks. */
const STEP = 50;
/** The most that is held: what is drawn, and enough around it that nobody scrolls into a void. */
export const MOST = 320;

const before = (a: MessageView, b: MessageView): boolean =>
  a.order === b.order ? a.id < b.id : a.order < b.order;

const placeOf = (message: MessageView): string => `${message.order}:${message.id}`;

export class Conversation {
  readonly buddy: string;
  messages = $state.raw<MessageView[]>([]);
  /** There are older ones than those held. */
  more = $state(false);
  /** There are newer ones than those held. */
  newer = $state(false);
  ready = $state(false);
  failed = $state(false);
  firstUnread = $state<string | null>(null);
  /** What came below what is held, and has not been looked at. */
  missed = $state(0);
  /** The newest is before the eyes; else what is held stays as it is, whatever comes. */
  pinned = true;
  /** What was left in the composer; null until it is known. */
  draft = $state<string | null>(null);
  #bridge: Bridge;
  #held: Event[] | null = null;

  constructor(bridge: Bridge, buddy: string) {
    this.#bridge = bridge;
    this.buddy = buddy;
  }

  /** Read anew what is held; at first the newest, or what is around the first unread where that is further up. */
  async load(): Promise<void> {
    const middle = this.newer ? this.messages[this.messages.length >> 1] : undefined;
    if (middle) return void (await this.around(middle.id));
    const page = await this.#ask({ type: 'end' }, Math.max(PAGE, Math.min(MOST, this.messages.length)));
    if (!page) return;
    const { firstUnread } = this;
    if (firstUnread === null || page.messages.some((message) => message.id === firstUnread)) return;
    if (page.more) await this.around(firstUnread);
  }

  /** Read what is around a message; whether it is there. */
  async around(message: string): Promise<boolean> {
    if (!this.messages.some((known) => known.id === message))
      await this.#ask({ type: 'around', message }, PAGE);
    return this.messages.some((known) => known.id === message);
  }

  /** Read the newest page in place of what is held. */
  async toEnd(): Promise<void> {
    if (this.newer) await this.#ask({ type: 'end' }, PAGE);
  }

  /** Read the page before the oldest held. */
  async older(): Promise<void> {
    const oldest = this.messages[0];
    if (oldest && this.more) await this.#ask({ type: 'before', place: placeOf(oldest) }, STEP);
  }

  /** Read the page after the newest held. */
  async later(): Promise<void> {
    const newest = this.messages.at(-1);
    if (newest && this.newer) await this.#ask({ type: 'after', place: placeOf(newest) }, STEP);
  }

  apply(event: Event): void {
    if (this.#held) this.#held.push(event);
    else this.#take(event);
  }

  async #ask(at: PageAt, limit: number): Promise<HistoryPage | null> {
    if (this.#held) return null;
    this.#held = [];
    let page: HistoryPage | null = null;
    try {
      page = await this.#bridge.history(this.buddy, at, limit);
      this.#join(at, page);
      this.failed = false;
    } catch {
      this.failed = !this.ready;
    }
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.#take(event);
    return page;
  }

  #join(at: PageAt, page: HistoryPage): void {
    switch (at.type) {
      case 'before': {
        const all = [...page.messages, ...this.messages];
        this.messages = all.slice(0, MOST);
        this.newer ||= all.length > MOST;
        this.more = page.more;
        break;
      }
      case 'after': {
        const all = [...this.messages, ...page.messages];
        this.messages = all.slice(-MOST);
        this.more ||= all.length > MOST;
        this.newer = page.newer;
        break;
      }
      case 'end':
      case 'around':
        this.messages = page.messages;
        this.more = page.more;
        this.newer = page.newer;
    }
    if (!this.newer) this.missed = 0;
    if (!this.ready) {
      this.firstUnread = page.firstUnread;
      this.draft = page.draft;
    }
    this.ready = true;
  }

  #take(event: Event): void {
    switch (event.type) {
      case 'messageQueued':
      case 'messageArrived':
        if (event.message.buddy === this.buddy) this.#put(event.message);
        break;
      case 'deliveryChanged': {
        if (event.buddy !== this.buddy) break;
        const changed = new Set(event.messages);
        this.#each((message) =>
          changed.has(message.id) ? { ...message, delivery: event.delivery } : message,
        );
        break;
      }
      case 'messageChanged':
        if (event.message.buddy === this.buddy) this.#replace(event.message);
        break;
      case 'fileChanged':
        if (event.buddy !== this.buddy) break;
        this.#each((message) => (message.id === event.message ? { ...message, file: event.file } : message));
        break;
      case 'conversationForgotten':
        if (event.buddy === this.buddy) this.#forget();
        break;
      default:
        break;
    }
  }

  #each(change: (message: MessageView) => MessageView): void {
    this.messages = this.messages.map(change);
  }

  /** Whoever quotes what was deleted shows it no more. */
  #replace(changed: MessageView): void {
    this.#each((message) => {
      if (message.id === changed.id) return changed;
      const { quote } = message;
      if (!changed.deleted || quote?.id !== changed.id || quote.text === '') return message;
      return { ...message, quote: { ...quote, text: '' } };
    });
  }

  #put(message: MessageView): void {
    const others = this.messages.filter((known) => known.id !== message.id);
    let at = others.length;
    for (let last = others[at - 1]; last && before(message, last); last = others[at - 1]) at -= 1;
    const further = at === others.length && others.length === this.messages.length;
    if (further && (this.newer || (!this.pinned && others.length >= MOST))) {
      this.newer = true;
      if (!message.mine) this.missed += 1;
      return;
    }
    const all = [...others.slice(0, at), message, ...others.slice(at)];
    this.messages = all.slice(-MOST);
    this.more ||= all.length > MOST;
  }

  #forget(): void {
    this.messages = [];
    this.more = false;
    this.newer = false;
    this.missed = 0;
    this.firstUnread = null;
  }
}

// One open conversation: what of it is known here, in order, and the pages of it that can still be asked for.
//
// Events that come while a page is on its way are held back and applied after it, so that an older page never
// overwrites newer news.

import { createContext } from 'svelte';
import type { Bridge } from '../bridge/bridge';
import type { Event } from '../bridge/generated/Event';
import type { MessageView } from '../bridge/generated/MessageView';

/** Messages per page: two or three screens. */
const PAGE = 80;
/** The most that is asked for at once when everything is read anew. */
const ANEW = 400;

const before = (a: MessageView, b: MessageView): boolean =>
  a.order === b.order ? a.id < b.id : a.order < b.order;

export class Conversation {
  readonly buddy: string;
  messages = $state.raw<MessageView[]>([]);
  more = $state(false);
  ready = $state(false);
  failed = $state(false);
  firstUnread = $state<string | null>(null);
  /** What was left in the composer; null until it is known. */
  draft = $state<string | null>(null);
  #bridge: Bridge;
  #held: Event[] | null = null;

  constructor(bridge: Bridge, buddy: string) {
    this.#bridge = bridge;
    this.buddy = buddy;
  }

  /** Read the newest page, forgetting what was known. */
  async load(): Promise<void> {
    const limit = Math.min(ANEW, Math.max(PAGE, this.messages.length));
    await this.#page(null, limit, true);
  }

  /** Read the page before the oldest known message. */
  async older(): Promise<void> {
    const oldest = this.messages[0];
    if (!oldest || !this.more) return;
    await this.#page(`${oldest.order}:${oldest.id}`, PAGE, false);
  }

  /** Whether the event was about this conversation's messages. */
  apply(event: Event): void {
    if (this.#held) this.#held.push(event);
    else this.#take(event);
  }

  async #page(from: string | null, limit: number, anew: boolean): Promise<void> {
    if (this.#held) return;
    this.#held = [];
    try {
      const page = await this.#bridge.history(this.buddy, from, limit);
      this.messages = anew ? page.messages : [...page.messages, ...this.messages];
      this.more = page.more;
      if (anew && !this.ready) {
        this.firstUnread = page.firstUnread;
        this.draft = page.draft;
      }
      this.ready = true;
      this.failed = false;
    } catch {
      this.failed = true;
    }
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.#take(event);
  }

  #take(event: Event): void {
    if (event.type === 'messageQueued' || event.type === 'messageArrived') {
      if (event.message.buddy === this.buddy) this.#put(event.message);
    } else if (event.type === 'deliveryChanged' && event.buddy === this.buddy) {
      const changed = new Set(event.messages);
      this.messages = this.messages.map((message) =>
        changed.has(message.id) ? { ...message, delivery: event.delivery } : message,
      );
    }
  }

  #put(message: MessageView): void {
    const others = this.messages.filter((known) => known.id !== message.id);
    let at = others.length;
    for (let last = others[at - 1]; last && before(message, last); last = others[at - 1]) at -= 1;
    this.messages = [...others.slice(0, at), message, ...others.slice(at)];
  }
}

/** Holds the conversation on screen and the texts that came back to be typed again. */
export class Chats {
  current = $state.raw<Conversation | null>(null);
  /** By buddy: text that could not be saved, waiting for its composer. */
  returned = $state.raw<ReadonlyMap<string, string>>(new Map());
  #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  begin(buddy: string): Conversation {
    const conversation = new Conversation(this.#bridge, buddy);
    this.current = conversation;
    void conversation.load();
    return conversation;
  }

  end(conversation: Conversation): void {
    if (this.current === conversation) this.current = null;
  }

  apply(event: Event): void {
    this.current?.apply(event);
  }

  giveBack(buddy: string, text: string): void {
    this.returned = new Map([...this.returned, [buddy, text]]);
  }

  /** The text that came back for this buddy, once. */
  takeBack(buddy: string): string | null {
    const text = this.returned.get(buddy) ?? null;
    if (text !== null) this.returned = new Map([...this.returned].filter(([id]) => id !== buddy));
    return text;
  }
}

export const [useChats, provideChats] = createContext<Chats>();

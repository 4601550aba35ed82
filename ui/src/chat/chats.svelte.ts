// The conversation on screen, the texts that came back to be typed again, and the files that are being read.

import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Bridge } from '../bridge/bridge';
import type { Event } from '../bridge/generated/Event';
import { Conversation } from './conversation.svelte';

/** A file that is being read before it is offered. */
export type Preparing = { name: string; done: number; size: number };

export class Chats {
  current = $state.raw<Conversation | null>(null);
  /** By buddy: text that could not be saved, waiting for its composer. */
  returned = $state.raw<ReadonlyMap<string, string>>(new Map());
  /** By buddy. */
  readonly preparing = new SvelteMap<string, Preparing>();
  #bridge: Bridge;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  begin(buddy: string): Conversation {
    const conversation = new Conversation(this.#bridge, buddy);
    this.current = conversation;
    return conversation;
  }

  end(conversation: Conversation): void {
    if (this.current === conversation) this.current = null;
  }

  apply(event: Event): void {
    if (event.type === 'filePreparing') {
      const { buddy, name, done, size, ready } = event;
      if (ready) this.preparing.delete(buddy);
      else this.preparing.set(buddy, { name, done, size });
    }
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

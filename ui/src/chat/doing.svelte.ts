// What a person is doing with the messages of the open conversation: answering, changing, looking closer.
//
// One per conversation on screen. Everything that hangs on a message (its menu, its emoji, its past) is up once at
// most, so it is kept here and drawn in one place.

import { createContext } from 'svelte';
import type { Command } from '../bridge/generated/Command';
import type { MessageView } from '../bridge/generated/MessageView';
import type { Relation } from '../bridge/generated/Relation';
import { inWords } from '../session/refusals';
import type { Session } from '../session/session.svelte';
import type { Desk } from '../shared/desk.svelte';
import type { Anchor } from '../shared/Popover.svelte';
import { words } from '../shared/words';
import type { Conversation } from './conversation.svelte';

/** How long a message glows after one has jumped to it, in ms. */
const GLOW = 1800;

/** What hangs on a message. */
export type Hanging = {
  kind: 'menu' | 'react' | 'picker' | 'edits' | 'delivery';
  id: string;
  anchor: Anchor;
};

export class Doing {
  readonly conversation: Conversation;
  /** Answered by what is being written. */
  reply = $state.raw<MessageView | null>(null);
  /** Written anew. */
  editing = $state.raw<MessageView | null>(null);
  hanging = $state.raw<Hanging | null>(null);
  /** Asked about before it is deleted. */
  deleting = $state.raw<MessageView | null>(null);
  /** The message whose picture is looked at. */
  viewing = $state<string | null>(null);
  /** The message under the pointer, and the one with the focus. */
  pointed = $state<string | null>(null);
  focused = $state<string | null>(null);
  /** To be brought before the eyes. */
  wanted = $state.raw<{ id: string } | null>(null);
  glowing = $state<string | null>(null);
  #session: Session;
  #desk: Desk;
  #relation: () => Relation;

  constructor(conversation: Conversation, session: Session, desk: Desk, relation: () => Relation) {
    this.conversation = conversation;
    this.#session = session;
    this.#desk = desk;
    this.#relation = relation;
  }

  /** The message at hand: what floats over it is shown. */
  get atHand(): string | null {
    return this.hanging?.id ?? this.pointed ?? this.focused;
  }

  canAnswer(message: MessageView): boolean {
    const open = this.#relation() === 'buddy' || this.#relation() === 'asked';
    return open && !gone(message) && !message.unsupported && message.call === null;
  }

  canEdit(message: MessageView): boolean {
    return message.mine && message.file === null && this.canAnswer(message);
  }

  canDelete(message: MessageView): boolean {
    return message.mine && !gone(message) && message.call === null;
  }

  answer(message: MessageView): void {
    if (!this.canAnswer(message)) return;
    this.editing = null;
    this.reply = message;
  }

  edit(message: MessageView): void {
    if (!this.canEdit(message)) return;
    this.reply = null;
    this.editing = message;
  }

  /** The last one of mine that can be, where it is held. */
  editLast(): boolean {
    const last = this.conversation.newer
      ? undefined
      : this.conversation.messages.findLast((message) => this.canEdit(message));
    if (last) this.edit(last);
    return last !== undefined;
  }

  hang(kind: Hanging['kind'], message: MessageView, anchor: Anchor): void {
    this.hanging = { kind, id: message.id, anchor };
  }

  /** Put an emoji on a message, or take it off where it is there. */
  react(message: MessageView, emoji: string): void {
    const on = !message.reactions.some((known) => known.emoji === emoji && known.mine);
    void this.do({ type: 'react', buddy: message.buddy, message: message.id, emoji, on });
  }

  /** What failed is said. True where it went well. */
  async do(command: Command): Promise<boolean> {
    const { error } = await this.#session.ask(command);
    if (error) this.#desk.trouble(inWords(error));
    return error === null;
  }

  /** Bring a message before the eyes, wherever in the conversation it is. */
  async goTo(id: string): Promise<void> {
    if (!(await this.conversation.around(id))) {
      this.#desk.toast(words.messageGone);
      return;
    }
    this.wanted = { id };
    this.glowing = id;
    setTimeout(() => {
      if (this.glowing === id) this.glowing = null;
    }, GLOW);
  }
}

/** There is nothing in it any more that could be done something with. */
const gone = (message: MessageView): boolean =>
  message.deleted || message.delivery?.type === 'cancelled' || message.delivery?.type === 'refused';

export const [useDoing, provideDoing] = createContext<Doing>();

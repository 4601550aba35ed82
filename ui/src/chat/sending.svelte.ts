// What becomes of a line when it is sent: a message, another text for an old one, or a command; and back into the
// field where it couldn't be kept.

import { tick } from 'svelte';
import type { CommandError } from '../bridge/generated/CommandError';
import { inWords } from '../session/refusals';
import type { Session } from '../session/session.svelte';
import type { Desk } from '../shared/desk.svelte';
import type { Commanding } from './commanding.svelte';
import type { Composing } from './composing.svelte';
import type { Doing } from './doing.svelte';

export interface Parts {
  buddy: string;
  session: Session;
  desk: Desk;
  doing: Doing;
  composing: Composing;
  commanding: Commanding;
  /** A message has left the field. */
  sent: () => void;
  /** The field holds something else. */
  refilled: () => void;
}

export class Sending {
  readonly #parts: Parts;
  /** What was sent last, until it is on the disk. */
  #leaving: Promise<unknown> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async send(): Promise<void> {
    const { doing, composing, commanding, desk, refilled } = this.#parts;
    if (doing.editing) {
      await this.#change();
      return;
    }
    const written = composing.text.trim();
    const wish = commanding.hear(written);
    if (!wish) return;
    const drafted = composing.sent();
    refilled();
    const going = 'say' in wish ? this.#say(wish.say) : wish.run();
    this.#leaving = going;
    const error = await going;
    if (this.#leaving === going) this.#leaving = null;
    if (!error) {
      if (drafted) composing.forgetDraft();
      return;
    }
    composing.giveBack(written);
    refilled();
    desk.trouble(inWords(error));
  }

  /** Who is quicker than the disk means what they have just written, not what stands above it. False where there is none. */
  editLast(): boolean {
    const going = this.#leaving;
    if (!going) return this.#parts.doing.editLast();
    void this.#editWhatLeaves(going);
    return true;
  }

  async #editWhatLeaves(going: Promise<unknown>): Promise<void> {
    const { composing, doing } = this.#parts;
    await going;
    await tick();
    if (composing.text === '') doing.editLast();
  }

  async #change(): Promise<void> {
    const { buddy, doing, composing } = this.#parts;
    const old = doing.editing;
    const text = composing.text.trim();
    if (!old || text === '') return;
    doing.editing = null;
    if (text === old.text) return;
    await doing.do({ type: 'editMessage', buddy, message: old.id, text });
  }

  async #say(text: string): Promise<CommandError | null> {
    const { buddy, doing, sent, session } = this.#parts;
    const replyTo = doing.reply;
    doing.reply = null;
    sent();
    const message = { type: 'sendMessage', buddy, text, replyTo: replyTo?.id ?? null } as const;
    const { error } = await session.ask(message);
    if (error) doing.reply ??= replyTo;
    return error;
  }
}

// What is done about a slash at the beginning of what one writes: commands are offered while one types and done on
// Enter, and what is none is asked about before it goes out as text.

import type { CommandError } from '../bridge/generated/CommandError';
import type { Completion } from '../emoji/completing.svelte';
import type { Session } from '../session/session.svelte';
import type { Desk } from '../shared/desk.svelte';
import { words } from '../shared/words';
import { commandsFor, heardIn, writtenOut, type CommandName, type CommandOffer } from './commands';

/** What becomes of a line: it is said, or done, or asked about (null). */
export type Wish = { say: string } | { run: () => Promise<CommandError | null> } | null;

export class Commanding {
  offers = $state.raw<CommandOffer[]>([]);
  at = $state(0);
  /** What was not understood, and has not been sent. */
  unclear = $state.raw<{ name: string; bare: boolean } | null>(null);
  #before = '';
  #session: Session;
  #desk: Desk;

  constructor(session: Session, desk: Desk) {
    this.#session = session;
    this.#desk = desk;
  }

  /** Look at what stands before the caret. */
  look(before: string): void {
    this.unclear = null;
    this.#before = before;
    this.offers = commandsFor(before);
    this.at = 0;
  }

  /** Whether the offer is written out already, so that Enter is about the line and not about the offer. */
  get whole(): boolean {
    const offer = this.offers[this.at];
    return offer !== undefined && writtenOut(offer, this.#before);
  }

  step(by: number): void {
    this.at = (this.at + by + this.offers.length) % this.offers.length;
  }

  take(n: number): Completion | null {
    const chosen = this.offers[n];
    if (!chosen) return null;
    const length = this.#before.length;
    this.end();
    return { length, text: chosen.takes === '' ? chosen.name : `${chosen.name} ` };
  }

  end(): void {
    this.offers = [];
    this.#before = '';
  }

  /** What to do with a line. One that was asked about and comes again is said as it is. */
  hear(line: string): Wish {
    this.end();
    const heard = heardIn(line);
    const asked = this.unclear;
    this.unclear = null;
    if (heard.kind === 'text') return { say: heard.text };
    if (heard.kind === 'command') {
      const { command, rest } = heard;
      return command === 'me' ? { say: `/me ${rest}` } : { run: () => this.#run(command, rest) };
    }
    if (asked) return { say: line };
    this.unclear = { name: heard.name, bare: heard.bare };
    return null;
  }

  async #run(command: Exclude<CommandName, 'me'>, rest: string): Promise<CommandError | null> {
    if (command === 'help') {
      this.#desk.dialog = { kind: 'shortcuts' };
      return null;
    }
    const { line, error } = await this.#session.stand(command, rest);
    const state = words.availability[command];
    if (!error) this.#desk.toast(line === '' ? state : `${state}: ${line}`, { topic: 'state' });
    return error;
  }
}

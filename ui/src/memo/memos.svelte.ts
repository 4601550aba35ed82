// Messages that are spoken: what is being recorded or waits for each buddy, and what plays. The engine's word, kept for
// drawing.

import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { Command } from '../bridge/generated/Command';
import type { Event } from '../bridge/generated/Event';
import type { MemoDraft } from '../bridge/generated/MemoDraft';
import type { MemoPlay } from '../bridge/generated/MemoPlay';
import type { Snapshot } from '../bridge/generated/Snapshot';
import { inWords } from '../session/refusals';
import type { Session } from '../session/session.svelte';
import type { Desk } from '../shared/desk.svelte';
import { words } from '../shared/words';

/** A memo that can be played: of a message, or my own that waits for a buddy. */
export type Playable = { buddy: string; message: string | null };

/** How fast one can listen, in percent. */
const PACES = [100, 150, 200];

export class Memos {
  play = $state.raw<MemoPlay | null>(null);
  percent = $state(100);
  readonly #drafts = new SvelteMap<string, MemoDraft>();
  #session: Session;
  #desk: Desk;

  constructor(session: Session, desk: Desk) {
    this.#session = session;
    this.#desk = desk;
  }

  /** What is being recorded for a buddy, or waits. */
  for(buddy: string): MemoDraft | undefined {
    return this.#drafts.get(buddy);
  }

  /** Something is being recorded. */
  get recording(): boolean {
    return [...this.#drafts.values()].some((draft) => isRecorded(draft));
  }

  /** How this plays, where it is the one. */
  playing(what: Playable): MemoPlay | null {
    const { play } = this;
    return play?.buddy === what.buddy && play.message === what.message ? play : null;
  }

  load(snapshot: Snapshot): void {
    this.#drafts.clear();
    for (const draft of snapshot.memos) this.#drafts.set(draft.buddy, draft);
    if (snapshot.phase.type !== 'open') this.play = null;
  }

  apply(event: Event): void {
    switch (event.type) {
      case 'memoChanged':
        this.#drafts.set(event.draft.buddy, event.draft);
        break;
      case 'memoGone':
        this.#drafts.delete(event.buddy);
        break;
      case 'memoFailed':
        this.#desk.trouble(words.memoTroubles[event.why]);
        break;
      case 'memoPlayed':
        this.play = event.play;
        this.percent = event.play.percent;
        break;
      default:
        break;
    }
  }

  record(buddy: string, video: boolean): void {
    void this.#do({ type: 'recordMemo', buddy, video });
  }

  stop(): void {
    void this.#do({ type: 'stopMemo' });
  }

  discard(buddy: string): void {
    void this.#do({ type: 'discardMemo', buddy });
  }

  async send(buddy: string): Promise<void> {
    await this.#do({ type: 'sendMemo', buddy });
  }

  start(what: Playable, fromMs: number): void {
    void this.#do({ type: 'playMemo', ...what, fromMs: Math.round(fromMs) });
  }

  pause(): void {
    void this.#do({ type: 'pauseMemo' });
  }

  /** The next pace, and the first again after the last. */
  hurry(): void {
    const percent = PACES[(PACES.indexOf(this.percent) + 1) % PACES.length] ?? 100;
    this.percent = percent;
    void this.#do({ type: 'setMemoPace', percent });
  }

  /** What failed is said. */
  async #do(command: Command): Promise<void> {
    const { error } = await this.#session.ask(command);
    if (error) this.#desk.trouble(error.code === 'inCall' ? words.memoNotInCall : inWords(error));
  }
}

/** It is being recorded: the field for writing makes room. */
export const isRecorded = (draft: MemoDraft): boolean =>
  draft.stage === 'starting' || draft.stage === 'recording' || draft.stage === 'ending';

export const [useMemos, provideMemos] = createContext<Memos>();

// The fake's memos: recorded by a clock, kept, sent as files, and played by another clock.

import type { Command } from '../generated/Command';
import type { FileStageView } from '../generated/FileStageView';
import type { FileView } from '../generated/FileView';
import type { MemoDraft } from '../generated/MemoDraft';
import type { MemoPlay } from '../generated/MemoPlay';
import type { Reply } from '../generated/Reply';
import type { People } from './people';
import { pictureOf } from './pictures';
import { read } from './prose';
import { DONE, refused, type Stage } from './stage';
import type { Talks } from './talks';

/** Between two steps of either clock, in ms. */
const STEP = 100;

export class Memos {
  readonly drafts = new Map<string, MemoDraft>();
  playing: MemoPlay | null = null;
  /** Something is being talked about in a call. */
  inCall: () => boolean = () => false;
  readonly #stage: Stage;
  readonly #people: People;
  readonly #talks: Talks;
  #percent = 100;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(stage: Stage, people: People, talks: Talks) {
    this.#stage = stage;
    this.#people = people;
    this.#talks = talks;
  }

  /** My camera is open for one. */
  get filming(): boolean {
    return [...this.drafts.values()].some((one) => one.stage === 'recording' && one.memo.video);
  }

  record({ buddy, video }: Extract<Command, { type: 'recordMemo' }>): Reply {
    if (this.inCall() || this.#recorded()) throw refused('inCall');
    this.pause();
    const memo = { video, durationMs: 0, waveform: [] };
    this.#put({ buddy, stage: 'starting', memo, thumbnail: '' });
    setTimeout(() => this.#begin(buddy), 400 * this.#stage.pace);
    return DONE;
  }

  /** Let so much time pass while one is recorded. */
  pass(ms: number): void {
    const draft = this.#recorded();
    if (draft?.stage !== 'recording') return;
    this.#put({ ...draft, memo: { ...draft.memo, durationMs: draft.memo.durationMs + ms } });
  }

  stop(): Reply {
    const draft = this.#recorded();
    clearInterval(this.#clock);
    if (draft?.stage === 'starting') this.#drop(draft.buddy);
    else if (draft) {
      this.#level(0);
      const thumbnail = draft.memo.video ? pictureOf(640, 480, 0.4).thumbnail : '';
      this.#put({
        ...draft,
        stage: 'kept',
        thumbnail,
        memo: { ...draft.memo, waveform: waves(draft.buddy) },
      });
    }
    return DONE;
  }

  discard(buddy: string): Reply {
    if (this.#recorded()?.buddy === buddy) clearInterval(this.#clock);
    this.#drop(buddy);
    return DONE;
  }

  async send(buddy: string): Promise<Reply> {
    const draft = this.drafts.get(buddy);
    if (draft?.stage !== 'kept') throw refused('unknown');
    this.pause();
    this.#put({ ...draft, stage: 'sending' });
    await this.#stage.wait(300);
    const to = this.#people.known(buddy);
    const stage: FileStageView = { type: 'offered' };
    this.#talks.queue(to, {
      text: '',
      ...read(''),
      file: memoFile(draft.memo.video, draft.memo.durationMs, stage),
    });
    this.#drop(buddy);
    return DONE;
  }

  play({ buddy, message, fromMs }: Extract<Command, { type: 'playMemo' }>): Reply {
    const memo = message ? this.#talks.with(buddy).find(message)?.file?.memo : this.drafts.get(buddy)?.memo;
    if (!memo) throw refused('unknown');
    this.pause();
    const { durationMs } = memo;
    this.#tell({ buddy, message, positionMs: fromMs, durationMs, runs: true, percent: this.#percent });
    this.#clock = setInterval(() => this.#goOn(), STEP);
    return DONE;
  }

  pause(): Reply {
    if (!this.playing?.runs) return DONE;
    clearInterval(this.#clock);
    this.#tell({ ...this.playing, runs: false });
    return DONE;
  }

  setPace(percent: number): Reply {
    this.#percent = percent;
    return DONE;
  }

  #begin(buddy: string): void {
    const draft = this.drafts.get(buddy);
    if (draft?.stage !== 'starting') return;
    this.#put({ ...draft, stage: 'recording' });
    clearInterval(this.#clock);
    if (this.#stage.pace === 0) return;
    this.#clock = setInterval(() => {
      this.pass(STEP);
      this.#level(0.35 + 0.3 * Math.abs(Math.sin(performance.now() / 240)));
    }, STEP);
  }

  #goOn(): void {
    const { playing } = this;
    if (!playing) return;
    const positionMs = Math.min(playing.durationMs, playing.positionMs + (STEP * this.#percent) / 100);
    const runs = positionMs < playing.durationMs;
    if (!runs) clearInterval(this.#clock);
    this.#tell({ ...playing, positionMs, runs, percent: this.#percent });
  }

  #recorded(): MemoDraft | undefined {
    return [...this.drafts.values()].find((one) => one.stage === 'starting' || one.stage === 'recording');
  }

  #level(microphone: number): void {
    const levels = { microphone, speaking: [], speakingMuted: false };
    this.#stage.tell({ type: 'soundLevelsChanged', levels });
  }

  #put(draft: MemoDraft): void {
    this.drafts.set(draft.buddy, draft);
    this.#stage.tell({ type: 'memoChanged', draft });
  }

  #drop(buddy: string): void {
    this.drafts.delete(buddy);
    this.#stage.tell({ type: 'memoGone', buddy });
  }

  #tell(play: MemoPlay): void {
    this.playing = play;
    this.#stage.tell({ type: 'memoPlayed', play });
  }
}

/** A voice as bars, the same for the same seed. */
function waves(seed: string): number[] {
  const start = seed.length + seed.charCodeAt(0);
  return Array.from({ length: 64 }, (_, n) => {
    const word = Math.abs(Math.sin((n + start) / 3.1) * Math.sin((n + start) / 7.7));
    return Math.round(30 + word * 200);
  });
}

export function memoFile(
  video: boolean,
  durationMs: number,
  stage: FileStageView,
  more: Partial<FileView> = {},
): FileView {
  const size = durationMs * (video ? 65 : 4);
  return {
    name: `JUICE 2026-11-21 10.30.05 UTC.${video ? 'mp4' : 'ogg'}`,
    size,
    picture: video ? pictureOf(640, 480, 0.4) : null,
    memo: { video, durationMs, waveform: waves(String(durationMs)) },
    stage,
    done: stage.type === 'done' ? size : 0,
    speed: null,
    ...more,
  };
}

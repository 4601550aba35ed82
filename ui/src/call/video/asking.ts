// Asks for one person's pictures, one after the other, and has each painted with the screen's next frame.
//
// There is never more than one question on the way: what the screen can't keep up with is left out where pictures are
// kept, not here. Nothing is asked while nobody could see the answer.

import type { Picture } from '../../bridge/bridge';

/** Nothing new for so long: the picture stands still. In ms, as all here. */
const STILL = 2000;
/** After a question that failed. */
const PAUSE = 500;
/** An empty answer sooner than this means that there is no such picture yet; then a question has time. */
const QUICK = 100;

/** When a picture was asked for and came, in ms of the page's clock. */
export interface Times {
  asked: number;
  came: number;
}

export interface Hands {
  next: (after: number | null) => Promise<Picture | null>;
  paint: (picture: Picture, times: Times) => void;
  /** Somebody could see it now. */
  seen: () => boolean;
  /** A picture has not come for a while, or comes again. */
  stands: (still: boolean) => void;
}

export class Asking {
  #hands: Hands;
  #ended = false;
  #after: number | null = null;
  #wake: () => void = () => undefined;

  constructor(hands: Hands) {
    this.#hands = hands;
    void this.#ask();
  }

  /** Whether somebody could see it may have changed. */
  look(): void {
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async #ask(): Promise<void> {
    let since = performance.now();
    let still = false;
    while (!this.#ended) {
      if (!this.#hands.seen()) {
        await new Promise<void>((done) => (this.#wake = done));
        since = performance.now();
        continue;
      }
      const asked = performance.now();
      const picture = await this.#hands.next(this.#after).catch(() => pause(PAUSE));
      const came = performance.now();
      if (this.#ended) return;
      if (picture) {
        this.#after = picture.captured;
        // A hidden page has no frames; what came meanwhile is painted when it is back.
        await frame();
        if (this.#ended) return;
        this.#hands.paint(picture, { asked, came });
        since = performance.now();
      } else if (came - asked < QUICK) await pause(QUICK);
      const stands = performance.now() - since >= STILL;
      if (stands !== still) this.#hands.stands(stands);
      still = stands;
    }
  }
}

const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
const pause = (ms: number): Promise<null> => new Promise((done) => setTimeout(() => done(null), ms));

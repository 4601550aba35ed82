// Holds the list still while somebody points at it, so that a click meets whom it was meant for.
//
// Held is whatever moves the rows: their order, who comes anew, requests above them, the line about the server. Owned by
// the list; changes that move nothing are never held back.

import type { Attachment } from 'svelte/attachments';

/** A pointer that rests for so long has been left there, in ms. */
export const REST = 10_000;
/** Between letting go and the click that comes of it, at most, in ms. */
const CLICK = 50;

export class Steady {
  /** Something about a row is open, and belongs to where the row is. */
  menu = $state(false);
  #over = $state(false);
  #pressed = $state(false);
  #at = '';
  #resting: ReturnType<typeof setTimeout> | undefined;

  get held(): boolean {
    return this.#over || this.#pressed || this.menu;
  }

  /** What was shown before, as long as it is held. To be read in a derived value. */
  keep<T>(fresh: () => T): () => T {
    let last = fresh();
    return () => (last = this.held ? last : fresh());
  }

  /** Somebody has done what they were aiming at: what comes of it is shown at once. */
  release(): void {
    clearTimeout(this.#resting);
    this.#over = false;
    this.#pressed = false;
  }

  /** Watches what points at an element. */
  readonly watch: Attachment<HTMLElement> = (element) => {
    const on = new AbortController();
    const { signal } = on;
    const moved = (event: PointerEvent): void => this.#moved(event);
    const gone = (): void => this.#rests();
    const down = (): void => void (this.#pressed = true);
    const up = (): void => {
      if (this.#pressed) setTimeout(() => (this.#pressed = false), CLICK);
    };
    element.addEventListener('pointermove', moved, { signal });
    element.addEventListener('wheel', () => this.#stays(), { signal, passive: true });
    element.addEventListener('pointerleave', gone, { signal });
    element.addEventListener('pointerdown', down, { signal });
    addEventListener('pointerup', up, { signal, capture: true });
    addEventListener('pointercancel', up, { signal, capture: true });
    addEventListener('blur', () => this.release(), { signal });
    return () => {
      on.abort();
      this.release();
    };
  };

  #moved({ screenX, screenY }: PointerEvent): void {
    // Rows that move under a pointer at rest look like a pointer that moves.
    const at = `${screenX} ${screenY}`;
    if (at === this.#at) return;
    this.#at = at;
    this.#stays();
  }

  #stays(): void {
    this.#over = true;
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rests(), REST);
  }

  #rests(): void {
    clearTimeout(this.#resting);
    this.#over = false;
  }
}

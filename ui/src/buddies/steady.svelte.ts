// Holds the list still while somebody points at it, so that a click meets whom it was meant for.
//
// A click is for what was under the pointer when it was pressed; a row that has come there a moment before is not meant.
// Held is whatever moves the rows: their order, who comes anew, requests above them, the line about the server. Owned by
// the list; changes that move nothing are never held back.

import type { Attachment } from 'svelte/attachments';

/** A pointer that rests for so long has been left there, in ms. */
export const REST = 10_000;
/** Nobody who sees a row elsewhere can aim anew in so short a time, in ms (simple reactions take 200 and more). */
const REACTS = 250;
/** A pointer that went further than this meanwhile was drawn away on purpose, in px. */
const FAR = 8;
/** Between letting go and the click that comes of it, at most, in ms. */
const CLICK = 50;

export class Steady {
  /** Something about a row is open, and belongs to where the row is. */
  menu = $state(false);
  #over = $state(false);
  #pressed = $state(false);
  #at = '';
  #aim: { at: Element; x: number; y: number } | null = null;
  #slid = { when: -Infinity, before: new Map<string, number>() };
  #resting: ReturnType<typeof setTimeout> | undefined;

  get held(): boolean {
    return this.#over || this.#pressed || this.menu;
  }

  /** What was shown before, as long as it is held. To be read in a derived value. */
  keep<T>(fresh: () => T): () => T {
    let last = fresh();
    return () => (last = this.held ? last : fresh());
  }

  /** Rows go elsewhere from here on; so far down each of them was, by id. */
  slides(before: Map<string, number>): void {
    this.#slid = { when: performance.now(), before };
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
    const moved = (event: PointerEvent): void => this.#points(event);
    const gone = (): void => this.#rests();
    const down = (event: PointerEvent): void => {
      this.#pressed = true;
      this.#aims(element, event);
    };
    const up = (): void => {
      if (this.#pressed) setTimeout(() => (this.#pressed = false), CLICK);
    };
    element.addEventListener('pointermove', moved, { signal });
    element.addEventListener('wheel', () => this.#stays(), { signal, passive: true });
    element.addEventListener('pointerleave', gone, { signal });
    element.addEventListener('pointerdown', down, { signal });
    element.addEventListener('click', (event) => this.#meets(event), { signal, capture: true });
    addEventListener('pointerup', up, { signal, capture: true });
    addEventListener('pointercancel', up, { signal, capture: true });
    addEventListener('blur', () => this.release(), { signal });
    return () => {
      on.abort();
      this.release();
    };
  };

  /** What is meant is what was seen there: a row that has just come under the pointer is not. */
  #aims(list: HTMLElement, { target, clientX: x, clientY: y, button }: PointerEvent): void {
    const at = button === 0 && target instanceof Element ? target.closest('button, [role="treeitem"]') : null;
    this.#aim = at && { at, x, y };
    if (!at || performance.now() - this.#slid.when > REACTS) return;
    const row = at.closest('[role="treeitem"]');
    const height = row?.getBoundingClientRect().height ?? 0;
    const id = [...this.#slid.before].find(([, top]) => top <= y && y < top + height)?.[0];
    const meant = id === undefined ? null : list.querySelector(`[data-id="${id}"]`);
    if (meant && meant !== row) this.#aim = { at: meant, x, y };
  }

  /** A click is for what was pressed, though something else may have come under the pointer until now. */
  #meets(event: MouseEvent): void {
    const aim = this.#aim;
    this.#aim = null;
    if (!aim?.at.isConnected || !(aim.at instanceof HTMLElement) || !(event.target instanceof Element))
      return;
    const meets = event.target.closest('button, [role="treeitem"]') === aim.at;
    if (meets || Math.hypot(event.clientX - aim.x, event.clientY - aim.y) > FAR) return;
    event.preventDefault();
    event.stopPropagation();
    aim.at.click();
  }

  #points({ screenX, screenY }: PointerEvent): void {
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

// Keeps the eye where it was while things above and below change size.
//
// Pinned to the bottom it stays there; elsewhere the topmost visible message keeps its place on the screen, whatever
// is added above it, taken away, or finds its real height late. Done by hand because not every web view anchors by
// itself, and none knows a message again that is drawn anew.

/** Closer to the bottom than this counts as being there, in px. */
const NEAR = 24;
/** Further away than this, a way back is offered, in px. */
const FAR = 240;
/** Closer to an edge than this, what is beyond it is wanted, in px. */
const EDGE = 900;

export interface Wishes {
  older: () => void;
  later: () => void;
  /** Whether the newest message is below. */
  atEnd: () => boolean;
}

export class ScrollKeeper {
  pinned = $state(true);
  far = $state(false);
  #view: HTMLElement | null = null;
  #content: HTMLElement | null = null;
  #anchor: { id: string; top: number; scrolled: number } | null = null;
  #wishes: Wishes;
  /** The sizes that were settled for: the window's onto the messages, and theirs. */
  #settled = { view: 0, content: 0 };

  constructor(wishes: Wishes) {
    this.#wishes = wishes;
  }

  attach(view: HTMLElement, content: HTMLElement): () => void {
    this.#view = view;
    this.#content = content;
    const scrolled = (): void => this.#scrolled();
    const resized = new ResizeObserver(() => this.settle());
    view.addEventListener('scroll', scrolled, { passive: true });
    resized.observe(view);
    resized.observe(content);
    return () => {
      view.removeEventListener('scroll', scrolled);
      resized.disconnect();
    };
  }

  toBottom(): void {
    const view = this.#view;
    if (!view) return;
    this.pinned = true;
    view.scrollTo({ top: view.scrollHeight, behavior: 'instant' });
    this.#settled = { view: view.clientHeight, content: view.scrollHeight };
    this.#measure();
  }

  /** The piece that shows a message. */
  find(id: string): HTMLElement | null {
    return this.#content?.querySelector<HTMLElement>(`[data-id="${id}"]`) ?? null;
  }

  /** Bring an element to a third of the height. */
  show(element: Element): void {
    const view = this.#view;
    if (!view) return;
    const offset = element.getBoundingClientRect().top - view.getBoundingClientRect().top;
    this.pinned = false;
    view.scrollTop += offset - view.clientHeight / 3;
    this.#settled = { view: view.clientHeight, content: view.scrollHeight };
    this.#scrolled();
  }

  /** Put everything back where the eye left it. */
  settle(): void {
    const view = this.#view;
    if (!view) return;
    if (this.pinned) view.scrollTop = view.scrollHeight;
    else this.#hold(view);
    this.#settled = { view: view.clientHeight, content: view.scrollHeight };
    this.#measure();
    this.#wish(view);
  }

  /** Undo what layout moved since the last look; what the hand scrolled is wanted and stays. */
  #hold(view: HTMLElement): void {
    const element = this.#anchor ? this.find(this.#anchor.id) : null;
    if (!this.#anchor || !element) return;
    const { top, scrolled } = this.#anchor;
    const moved = this.#topOf(element) - top + (view.scrollTop - scrolled);
    if (Math.abs(moved) < 1) return;
    view.scrollTop += moved;
    this.#remember();
  }

  #scrolled(): void {
    const view = this.#view;
    if (!view) return;
    // A change of size scrolls too; only a hand lets go of the bottom.
    const resized = view.clientHeight !== this.#settled.view || view.scrollHeight !== this.#settled.content;
    if (this.pinned && resized) {
      this.settle();
      return;
    }
    this.#measure();
    this.#remember();
    this.#wish(view);
  }

  #wish(view: HTMLElement): void {
    if (view.scrollTop < EDGE) this.#wishes.older();
    else if (this.#left(view) < EDGE && !this.#wishes.atEnd()) this.#wishes.later();
  }

  #left(view: HTMLElement): number {
    return view.scrollHeight - view.clientHeight - view.scrollTop;
  }

  #measure(): void {
    const view = this.#view;
    if (!view) return;
    const atEnd = this.#wishes.atEnd();
    this.pinned = atEnd && this.#left(view) < NEAR;
    this.far = !atEnd || this.#left(view) > FAR;
  }

  /** The first message that reaches below the upper edge, found by halving. */
  #remember(): void {
    const pieces = this.#content?.querySelectorAll<HTMLElement>('[data-id]');
    if (!pieces) return;
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = pieces[middle];
      if (piece && this.#topOf(piece) + piece.clientHeight > 0) high = middle;
      else low = middle + 1;
    }
    const element = pieces[low];
    const id = element?.dataset['id'];
    this.#anchor =
      element && id !== undefined
        ? { id, top: this.#topOf(element), scrolled: this.#view?.scrollTop ?? 0 }
        : null;
  }

  #topOf(element: Element): number {
    return element.getBoundingClientRect().top - (this.#view?.getBoundingClientRect().top ?? 0);
  }
}

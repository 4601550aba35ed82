// Keeps the eye where it was while things above and below change size.
//
// Pinned to the bottom it stays there; elsewhere the topmost visible piece keeps its place on the screen, whatever
// is added above it or finds its real height late. Done by hand because not every web view anchors by itself.

/** Closer to the bottom than this counts as being there, in px. */
const NEAR = 24;
/** Further away than this, a way back is offered, in px. */
const FAR = 240;
/** Closer to the top than this, older messages are wanted, in px. */
const TOP = 900;

export class ScrollKeeper {
  pinned = $state(true);
  far = $state(false);
  #view: HTMLElement | null = null;
  #content: HTMLElement | null = null;
  #anchor: { element: Element; top: number; scrolled: number } | null = null;
  #wantOlder: () => void;
  /** The sizes that were settled for: the window's onto the messages, and theirs. */
  #settled = { view: 0, content: 0 };

  constructor(wantOlder: () => void) {
    this.#wantOlder = wantOlder;
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

  toBottom(smooth = false): void {
    const view = this.#view;
    if (!view) return;
    this.pinned = true;
    view.scrollTo({ top: view.scrollHeight, behavior: smooth ? 'smooth' : 'instant' });
  }

  /** Bring an element to a third of the height. */
  show(element: Element): void {
    const view = this.#view;
    if (!view) return;
    const offset = element.getBoundingClientRect().top - view.getBoundingClientRect().top;
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
  }

  /** Undo what layout moved since the last look; what the hand scrolled is wanted and stays. */
  #hold(view: HTMLElement): void {
    if (!this.#anchor?.element.isConnected) return;
    const { element, top, scrolled } = this.#anchor;
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
    if (view.scrollTop < TOP) this.#wantOlder();
  }

  #measure(): void {
    const view = this.#view;
    if (!view) return;
    const left = view.scrollHeight - view.clientHeight - view.scrollTop;
    this.pinned = left < NEAR;
    this.far = left > FAR;
  }

  /** The first piece that reaches below the upper edge, found by halving. */
  #remember(): void {
    const pieces = this.#content?.children;
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
    this.#anchor = element
      ? { element, top: this.#topOf(element), scrolled: this.#view?.scrollTop ?? 0 }
      : null;
  }

  #topOf(element: Element): number {
    return element.getBoundingClientRect().top - (this.#view?.getBoundingClientRect().top ?? 0);
  }
}

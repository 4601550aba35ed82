// What jsdom lacks and the window relies on.

import { configure } from '@testing-library/svelte';
import { afterEach, vi } from 'vitest';

// What is waited for comes at once on a quiet machine; a busy one must not make a failure of it.
configure({ asyncUtilTimeout: 10_000 });

HTMLDialogElement.prototype.showModal = function showModal(): void {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close(): void {
  this.open = false;
};
HTMLCanvasElement.prototype.getContext = () => null;
Element.prototype.scrollTo = () => undefined;
Element.prototype.animate ??= () => ({ cancel: () => undefined, finished: Promise.resolve() }) as never;

// A wide window by day.
window.matchMedia ??= (query) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }) as never;

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
vi.stubGlobal('ResizeObserver', Observer);

/** Everything is in sight. */
class Sight {
  constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}
  observe(): void {
    this.seen([{ isIntersecting: true }]);
  }
  disconnect(): void {}
}
vi.stubGlobal('IntersectionObserver', Sight);
Element.prototype.scrollIntoView ??= () => undefined;
URL.createObjectURL ??= () => 'blob:picture';
URL.revokeObjectURL ??= () => undefined;

afterEach(() => localStorage.clear());

// Pictures as large as the screen: the system's full screen where it gives one, else all of the window.

import type { Video } from './video.svelte';

const writing = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement ||
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement ||
  (target instanceof HTMLElement && target.isContentEditable);

/** A list finds its rows by letters, so there `f` is a letter. */
const finding = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="tree"], [role="menu"], [role="listbox"]') !== null;

/** `f` makes them full and lets them go, Esc lets them go, `p` puts them into the small window; unless something lies on
    top that any is meant for. */
export function pictureKeys(event: KeyboardEvent, video: Video): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing) return;
  if (document.querySelector('dialog[open], .popover')) return;
  const key = event.key.toLowerCase();
  if (key === 'escape' && video.full) video.full = false;
  else if (event.repeat || writing(event.target) || finding(event.target)) return;
  else if (key === 'f') video.full = !video.full;
  else if (key === 'p') video.small('open');
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Full from here on, until what it gives back is called. `left`: the system has ended it. */
export function stayFull(left: () => void): () => void {
  const page = document.documentElement;
  let entered = false;
  let over = false;
  const changed = (): void => {
    if (document.fullscreenElement) entered = true;
    else if (entered) left();
  };
  document.addEventListener('fullscreenchange', changed);
  // Refused, all of the window has to do.
  const asked = page.requestFullscreen?.().then(
    () => over && void document.exitFullscreen(),
    () => undefined,
  );
  void asked;
  return () => {
    over = true;
    document.removeEventListener('fullscreenchange', changed);
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  };
}

/** What else is in the window can't be reached while it is covered. */
export function coverOthers(element: HTMLElement): () => void {
  const place = element.closest('main > *');
  const others = [...(place?.parentElement?.children ?? [])].filter(
    (one): one is HTMLElement => one instanceof HTMLElement && one.matches('nav, .pane') && one !== place,
  );
  for (const other of others) other.inert = true;
  return () => {
    for (const other of others) other.inert = false;
  };
}

// Arrow keys among the messages: up and down go from one to the next, from the list itself to the last.

export function stepping(event: KeyboardEvent, view: HTMLElement): void {
  const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
  if (step === 0 || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const here = document.activeElement;
  const message = here?.closest<HTMLElement>('[data-testid="message"]') ?? null;
  // Inside of a message the arrows belong to what has the focus there.
  if (here !== view && here !== message) return;
  const all = [...view.querySelectorAll<HTMLElement>('[data-testid="message"]')];
  const at = message ? all.indexOf(message) : all.length;
  const to = all[at + step];
  if (to) {
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: 'nearest' });
  }
  event.preventDefault();
}

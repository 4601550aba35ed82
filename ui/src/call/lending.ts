// Gives the focus back to where it was when what had it goes away: to the line one was writing, most of the time.

import type { Attachment } from 'svelte/attachments';

export const lending: Attachment<HTMLElement> = (element) => {
  let before: EventTarget | null = null;
  let inside = false;
  const came = (event: FocusEvent): void => {
    const from = event.relatedTarget;
    if (from instanceof Node && element.contains(from)) return;
    before = from;
    inside = true;
  };
  const left = (event: FocusEvent): void => {
    const to = event.relatedTarget;
    if (to instanceof Node && !element.contains(to)) inside = false;
  };
  element.addEventListener('focusin', came);
  element.addEventListener('focusout', left);
  return () => {
    const here = document.activeElement;
    const lost = here === null || here === document.body || element.contains(here);
    if (inside && lost && before instanceof HTMLElement && before.isConnected) before.focus();
  };
};

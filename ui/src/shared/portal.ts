// Moves an element out to the screen's root, so that nothing clips it.

import type { Attachment } from 'svelte/attachments';

export const portal: Attachment<HTMLElement> = (element) => {
  (document.querySelector('main') ?? document.body).append(element);
  return () => element.remove();
};

// Keeps an element within reach whatever is up: a modal dialog makes all outside of it deaf, so it moves in there.

import type { Attachment } from 'svelte/attachments';

export const above: Attachment<HTMLElement> = (element) => {
  const settle = (): void => {
    const dialogs = document.querySelectorAll<HTMLElement>('dialog[open]');
    const place = dialogs[dialogs.length - 1] ?? document.querySelector('main') ?? document.body;
    if (element.parentElement !== place) place.append(element);
  };
  settle();
  const dialogs = new MutationObserver(settle);
  dialogs.observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['open'],
  });
  return () => {
    dialogs.disconnect();
    element.remove();
  };
};

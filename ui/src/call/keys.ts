// The keys of calls, wherever the focus is: answering, declining, muting, and the one that is held to talk.

import type { Calls } from './call.svelte';
import { choosing } from './talkkeys';

/** Before any field or dialog gets to see it. */
export function keyDown(event: KeyboardEvent, calls: Calls): void {
  const ctrl = event.ctrlKey || event.metaKey;
  if (!ctrl || event.altKey || choosing.on) return;
  let taken = false;
  if (event.code === 'Space' && !event.shiftKey) taken = calls.push(true);
  else if (event.shiftKey) taken = withShift(event.key.toLowerCase(), event.repeat, calls);
  if (!taken) return;
  event.preventDefault();
  event.stopPropagation();
}

export function keyUp(event: KeyboardEvent, calls: Calls): void {
  if (event.code === 'Space' || event.key === 'Control' || event.key === 'Meta') calls.push(false);
}

function withShift(key: string, repeated: boolean, calls: Calls): boolean {
  const caller = calls.incoming[0];
  if (key === 'm' && calls.current) {
    if (!repeated) calls.toggleMute();
  } else if (key === 'a' && caller) {
    if (!repeated) calls.answer(caller);
  } else if (key === 'd' && caller) {
    if (!repeated) calls.decline(caller);
  } else return false;
  return true;
}

// Whether a buddy can be called right now, wherever that is offered.

import type { BuddyView } from '../bridge/generated/BuddyView';
import { useSession } from '../session/session.svelte';
import { useCalls } from './call.svelte';
import { whyNot } from './wording';

export interface Callable {
  /** Why not; null where they can be called. */
  why: () => string | null;
  place: () => void;
}

/** To be called while a component is being made. */
export function useCallable(buddy: () => BuddyView): Callable {
  const session = useSession();
  const calls = useCalls();
  const why = (): string | null =>
    whyNot(buddy(), calls.with(buddy().id) !== undefined, session.me?.availability === 'invisible');
  return {
    why,
    place: () => {
      if (why() === null) calls.place(buddy().id);
    },
  };
}

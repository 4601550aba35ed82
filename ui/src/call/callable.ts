// Whether a buddy can be called right now, wherever that is offered.

import type { BuddyView } from '../bridge/generated/BuddyView';
import { useSession } from '../session/session.svelte';
import { useDesk } from '../shared/desk.svelte';
import { ECHO } from '../shared/names';
import { preferences } from '../shared/preferences.svelte';
import { byName } from '../buddies/groups';
import { useRoster } from '../buddies/roster.svelte';
import { useCalls } from './call.svelte';
import { whyNot } from './wording';
import { whyNoVideo } from './video/wording';

export interface Callable {
  /** Why not; null where they can be called. */
  why: () => string | null;
  place: () => void;
}

/** The echo, which is there for whoever is in no call. To be called while a component is being made. */
export function useEcho(): { free: () => boolean; place: () => void } {
  const calls = useCalls();
  return { free: () => calls.current === null, place: () => calls.place(ECHO) };
}

/** Those who can be called into a call, by name. To be called while a component is being made. */
export function useAddable(): () => BuddyView[] {
  const session = useSession();
  const calls = useCalls();
  const roster = useRoster();
  return () => {
    const invisible = session.me?.availability === 'invisible';
    const can = (buddy: BuddyView): boolean =>
      buddy.relation === 'buddy' && whyNot(buddy, calls.with(buddy.id) !== undefined, invisible) === null;
    return [...roster.buddies.values()].filter(can).sort(byName);
  };
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

/** The same with pictures: it takes a camera there and one here. Before the first of all one sees oneself. To be called while a component is being made. */
export function useVideoCallable(buddy: () => BuddyView): Callable {
  const calls = useCalls();
  const callable = useCallable(buddy);
  const desk = useDesk();
  void calls.video.look();
  const why = (): string | null => callable.why() ?? whyNoVideo(buddy(), calls.video.cameras);
  return {
    why,
    place: () => {
      if (why() !== null) return;
      if (preferences.hasCalledWithVideo) calls.place(buddy().id, true);
      else desk.dialog = { kind: 'firstVideo', buddy: buddy().id };
    },
  };
}

// Those who are in a call of the fake's: one as the call itself says, or several, each for themselves.

import type { CallPerson } from '../generated/CallPerson';
import type { CallView } from '../generated/CallView';
import { ECHO } from '../../shared/names';

export function person(id: string, buddy: string, more: Partial<CallPerson> = {}): CallPerson {
  return {
    id,
    buddy,
    name: null,
    stage: 'talking',
    muted: false,
    held: false,
    recording: false,
    volume: 100,
    shows: 'nothing',
    ...more,
  };
}

type Rest = Omit<CallView, 'people' | 'canAdd'> & { people?: CallPerson[] };

/** A call with everyone in it: without several of them there is the other side alone. */
export function whole(call: Rest): CallView {
  const { people = [], ...rest } = call;
  const [first, ...others] = people;
  const alone = others.length === 0 && (first?.name ?? null) === null;
  const { buddy, stage, theyMuted: muted, heldByThem: held, theyRecord: recording, volume } = call;
  const shows = first?.shows ?? 'nothing';
  const only = person(first?.id ?? call.id, buddy, { stage, muted, held, recording, volume, shows });
  const there = alone ? [only] : people;
  const met = there.some((one) => one.name !== null);
  const canAdd = stage === 'talking' && !call.held && !met && buddy !== ECHO;
  const theyRecord = there.some((one) => one.recording);
  return { ...rest, theyRecord, canAdd, people: there };
}

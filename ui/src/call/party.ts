// Those who are in a call, as I know them: my own names for buddies, for others what the host calls them.

import type { CallPerson } from '../bridge/generated/CallPerson';
import type { CallQuality } from '../bridge/generated/CallQuality';
import type { CallVerdict } from '../bridge/generated/CallVerdict';
import type { CallView } from '../bridge/generated/CallView';
import { words } from '../shared/words';

/** As many as the engine allows, with me. */
export const FULL = 8;
/** So many are named in one line; more are counted. */
const NAMED = 3;

/** A person in a call, and what they are called here. */
export type Named = CallPerson & { called: string };

export interface Party {
  people: Named[];
  /** There are faces to be shown rather than one. */
  several: boolean;
  /** With whom the call is, in one line. */
  title: string;
  /** The same where there is little room. */
  brief: string;
}

export type Names = { nameOf: (id: string, otherwise?: string | null) => string };

export function partyOf(call: CallView, roster: Names): Party {
  const people = call.people.map((one) => ({ ...one, called: roster.nameOf(one.buddy, one.name) }));
  const there = people.filter((one) => !isCalled(one));
  const names = (there.length > 0 ? there : people).map((one) => one.called);
  const some = words.people(names.length + 1);
  const title = names.length > NAMED ? some : words.list(names);
  const called = title === '' ? roster.nameOf(call.buddy) : title;
  return { people, several: people.length > 1, title: called, brief: names.length > 1 ? some : called };
}

/** They have not answered yet. */
export const isCalled = ({ stage }: CallPerson): boolean => stage === 'calling' || stage === 'ringing';

/** I called them into a call of several, so I can let them go again. */
export function isMine(call: CallView, person: CallPerson): boolean {
  const own = call.people.filter((one) => one.name === null).length;
  return person.name === null && call.people.length > 1 && (call.canAdd || own > 1);
}

/** Names in one line: all of a few, and how many more. */
export function listed(names: string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? words.listMore(names.slice(0, NAMED), more) : words.list(names);
}

const WEIGHT: Record<CallVerdict, number> = {
  good: 0,
  slow: 1,
  theirsIsLost: 2,
  mineIsLost: 2,
  bothAreLost: 3,
  silent: 4,
};

/** How badly somebody is heard or hears me, to be compared. */
const badness = (one: CallQuality): number => WEIGHT[one.verdict] * 1000 + one.lostFromThem + one.lostToThem;

/** With whom it is worst. */
export function worstOf<T extends { quality: CallQuality }>(measured: T[]): T | undefined {
  return [...measured].sort((a, b) => badness(b.quality) - badness(a.quality))[0];
}

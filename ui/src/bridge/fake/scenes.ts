// What there is in the fake at the start.

import type { BuddyView } from '../generated/BuddyView';
import { chatter, fewBuddies, idFor, longPast, longRead, manyBuddies, message, showpiece } from './cast';
import { callBuddies, callTalk } from './calltalk';
import { memoTalk } from './memotalk';
import type { People } from './people';
import { richTalk } from './rich';
import { showcaseBuddies, showcaseTalk } from './showcase';
import { Talk } from './talk';
import type { Talks } from './talks';

export const SCENES = [
  'firstrun',
  'locked',
  'empty',
  'few',
  'many',
  'offline',
  'long',
  'showcase',
  'rich',
  'huge',
  'calls',
  'memos',
] as const;
export type Scene = (typeof SCENES)[number];

/** As many messages as a few years of daily talk. */
const HUGE = 100_000;

/** Brings people and their talks on. */
export function set(scene: Scene, people: People, talks: Talks): void {
  const cast = castOf(scene);
  for (const person of cast) people.buddies.set(person.id, person);
  const first = cast[0];
  if (first) talks.set(first.id, talkOf(scene, first));
  for (const person of cast.slice(1, 40)) talks.set(person.id, idle(person));
  if (scene === 'many') return;
  const note = 'We met at the print shop on Tuesday, I was the one with the lemons.';
  const id = idFor('bea');
  people.requests.set(id, { id, name: 'bea', note, arrivedMs: Date.now() - 600_000 });
}

function castOf(scene: Scene): BuddyView[] {
  if (scene === 'many') return manyBuddies();
  if (scene === 'calls') return callBuddies();
  return scene === 'showcase' || scene === 'rich' ? showcaseBuddies() : fewBuddies();
}

function talkOf(scene: Scene, who: BuddyView): Talk {
  switch (scene) {
    case 'many':
      return new Talk(chatter(who, 5000));
    case 'showcase':
      return new Talk(showcaseTalk(who));
    case 'long':
      return new Talk(longRead(who));
    case 'rich':
      return richTalk(who);
    case 'calls':
      return new Talk(callTalk(who));
    case 'memos':
      return new Talk(memoTalk(who));
    case 'huge':
      return new Talk([], longPast(who, HUGE));
    case 'firstrun':
    case 'locked':
    case 'empty':
    case 'few':
    case 'offline':
      return new Talk(showpiece(who));
  }
}

/** Small talk, with what waits for whoever is away and what has not been seen. */
function idle(person: BuddyView): Talk {
  const said = chatter(person, 10 + person.unread);
  if (person.relation === 'buddy' && person.state === 'offline') {
    const waits = { type: 'queued', why: 'buddyOffline', nextTryMs: Date.now() + 24_000 } as const;
    said.push(message(person, true, 'call me when you are back?', Date.now() - 900_000, waits));
  }
  for (let n = 0; n < person.unread; n++)
    said.push(message(person, false, 'one more thing', Date.now() - 60_000 + n));
  const talk = new Talk(said);
  if (person.unread > 0) talk.firstUnread = said[said.length - person.unread]?.id ?? null;
  return talk;
}

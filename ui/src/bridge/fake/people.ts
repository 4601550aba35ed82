// The fake's buddies and requests, and what can be done about them.

import type { BuddyGroup } from '../generated/BuddyGroup';
import type { BuddyView } from '../generated/BuddyView';
import type { Reply } from '../generated/Reply';
import type { RequestView } from '../generated/RequestView';
import type { Account } from './account';
import { buddy, idFor } from './cast';
import { DONE, refused, type Stage } from './stage';

/** How often someone comes or goes, in ms. */
const BETWEEN = 7000;

export class People {
  readonly buddies = new Map<string, BuddyView>();
  readonly requests = new Map<string, RequestView>();
  /** My own name, and whether I am hiding. */
  me = '';
  invisible = false;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  known(id: string): BuddyView {
    const known = this.buddies.get(id);
    if (!known) throw refused('unknown');
    return known;
  }

  /** Change a buddy and say so. */
  change(id: string, difference: Partial<BuddyView>): void {
    const known = this.buddies.get(id);
    if (!known) return;
    const changed = { ...known, ...difference };
    this.buddies.set(id, changed);
    this.#stage.tell({ type: 'buddyChanged', buddy: changed });
  }

  add(name: string): Reply {
    if (name === 'nobody') throw refused('noSuchName');
    if (name === this.me) throw refused('yourself');
    const known = this.buddies.get(idFor(name));
    if (known?.relation === 'asked') throw refused('alreadyAsked');
    if (known?.relation === 'buddy') throw refused('alreadyBuddies');
    this.#meet(buddy(name, { relation: 'asked', state: 'offline', lastSeenMs: null }));
    return DONE;
  }

  follow(link: string): Reply {
    if (!link.startsWith('juice:1:')) throw refused('badInvite');
    this.#meet(buddy('nora', { verified: true, statusText: 'fresh from the link' }));
    return DONE;
  }

  answer(how: 'acceptBuddy' | 'declineBuddy' | 'blockBuddy', id: string): Reply {
    const request = this.requests.get(id);
    if (request) {
      this.requests.delete(id);
      this.#stage.tell({ type: 'requestGone', id });
      if (how === 'acceptBuddy') this.#meet(buddy(request.name, { id }));
      if (how === 'blockBuddy')
        this.#meet(buddy(request.name, { id, relation: 'blocked', state: 'offline' }));
      return DONE;
    }
    if (how !== 'blockBuddy' || !this.buddies.has(id)) throw refused('unknown');
    this.change(id, { relation: 'blocked', state: 'offline', route: null });
    return DONE;
  }

  /** My groups; who was in one that is gone is in none. */
  group(groups: BuddyGroup[], account: Account): Reply {
    for (const { id, place } of this.buddies.values()) {
      if (groups.every((group) => group.id !== place.group))
        this.change(id, { place: { ...place, group: null } });
    }
    return account.change({ groups });
  }

  /** Someone comes or goes every few seconds. */
  comeAndGo(): void {
    const movers = [...this.buddies.values()].filter((b) => b.relation === 'buddy' && !b.keyAlarm);
    let turn = 0;
    setInterval(() => {
      const who = this.buddies.get(movers[(turn * 7 + 8) % movers.length]?.id ?? '');
      turn += 1;
      if (!who) return;
      if (who.state === 'offline') {
        this.change(who.id, { state: 'here', route: 'direct', canVoice: true, lastSeenMs: null });
        this.#stage.tell({ type: 'buddyAppeared', id: who.id });
      } else {
        const gone = { route: null, canVoice: false, canVideo: false, lastSeenMs: Date.now() };
        this.change(who.id, { state: 'offline', ...gone });
        this.#stage.tell({ type: 'buddyWentAway', id: who.id });
      }
    }, BETWEEN);
  }

  #meet(person: BuddyView): void {
    this.buddies.set(person.id, person);
    this.#stage.tell({ type: 'buddyChanged', buddy: person });
    if (person.state === 'here') this.#stage.tell({ type: 'buddyAppeared', id: person.id });
  }
}

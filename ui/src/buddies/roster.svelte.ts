// Everyone I know and everyone who knocks, as the engine tells it, plus who came or went in the last seconds.

import { createContext } from 'svelte';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { BuddyView } from '../bridge/generated/BuddyView';
import type { Event } from '../bridge/generated/Event';
import type { RequestView } from '../bridge/generated/RequestView';
import type { Snapshot } from '../bridge/generated/Snapshot';
import { called, ECHO } from '../shared/names';
import { doorCloses, doorOpens } from '../shared/sounds';
import { words } from '../shared/words';

/** How long someone glows after coming in, in ms. */
const GLOW = 3000;

export class Roster {
  readonly buddies = new SvelteMap<string, BuddyView>();
  requests = $state.raw<RequestView[]>([]);
  readonly appeared = new SvelteSet<string>();
  readonly left = new SvelteSet<string>();

  load(snapshot: Snapshot): void {
    const known = new Set(snapshot.buddies.map((buddy) => buddy.id));
    for (const id of [...this.buddies.keys()]) if (!known.has(id)) this.buddies.delete(id);
    for (const buddy of snapshot.buddies) this.buddies.set(buddy.id, buddy);
    this.requests = snapshot.requests;
  }

  apply(event: Event): void {
    switch (event.type) {
      case 'buddyChanged':
        this.buddies.set(event.buddy.id, event.buddy);
        break;
      case 'buddyRemoved':
        this.buddies.delete(event.id);
        break;
      case 'buddyAppeared':
        this.#mark(this.appeared, this.left, event.id);
        doorOpens();
        break;
      case 'buddyWentAway':
        this.#mark(this.left, this.appeared, event.id);
        doorCloses();
        break;
      case 'requestArrived':
        this.requests = [event.request, ...this.requests.filter((known) => known.id !== event.request.id)];
        break;
      case 'requestGone':
        this.requests = this.requests.filter((known) => known.id !== event.id);
        break;
      default:
        break;
    }
  }

  /** My own name for somebody; for whom I don't know, what others call them. */
  nameOf(id: string, otherwise: string | null = null): string {
    if (id === ECHO) return words.echo;
    const buddy = this.buddies.get(id);
    return buddy ? called(buddy) : (otherwise ?? '?');
  }

  /** How many buddies there are, and with how many there is a line right now. */
  reach(): { linked: number; all: number } {
    const buddies = [...this.buddies.values()].filter((buddy) => buddy.relation === 'buddy');
    return { linked: buddies.filter((buddy) => buddy.route !== null).length, all: buddies.length };
  }

  #mark(into: SvelteSet<string>, outOf: SvelteSet<string>, id: string): void {
    outOf.delete(id);
    into.add(id);
    setTimeout(() => into.delete(id), GLOW);
  }
}

export const [useRoster, provideRoster] = createContext<Roster>();

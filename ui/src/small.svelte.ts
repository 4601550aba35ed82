// The small window's wiring: the calls there are and who is in them, and nothing else of the engine's.
//
// Boot order as in the large window: subscribe first, then ask for a snapshot. What changes before that has come is in
// it, or is told again by the next change of the call.

import type { Bridge } from './bridge/bridge';
import type { Event } from './bridge/generated/Event';
import { Roster } from './buddies/roster.svelte';
import { Calls } from './call/call.svelte';
import { Session } from './session/session.svelte';
import { Desk } from './shared/desk.svelte';

export class Small {
  readonly desk = new Desk();
  readonly session: Session;
  readonly roster = new Roster();
  readonly calls: Calls;
  readonly #bridge: Bridge;
  #end: (() => void) | null = null;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    this.session = new Session(bridge);
    this.calls = new Calls(this.session, this.desk);
  }

  async start(): Promise<void> {
    this.#end = await this.#bridge.onEvent((event) => this.hear(event));
    await this.refresh();
  }

  stop(): void {
    this.#end?.();
  }

  hear(event: Event): void {
    this.session.apply(event);
    this.roster.apply(event);
    this.calls.apply(event);
    const anew = event.type === 'phaseChanged' || event.type === 'eventsLost';
    // Somebody whom the snapshot didn't know may have come into the call.
    if (anew || (event.type === 'callChanged' && this.#isNew(event.call.people))) void this.refresh();
  }

  async refresh(): Promise<void> {
    const snapshot = await this.#bridge.snapshot();
    this.session.load(snapshot);
    this.roster.load(snapshot);
    this.calls.load(snapshot);
  }

  #isNew(people: { buddy: string; name: string | null }[]): boolean {
    return people.some((one) => one.name === null && !this.roster.buddies.has(one.buddy));
  }
}

// Who I am here, which screen there is, and how the server is reached: the engine's word, kept for drawing.

import { createContext } from 'svelte';
import { refusal, type Bridge } from '../bridge/bridge';
import type { Availability } from '../bridge/generated/Availability';
import type { Command } from '../bridge/generated/Command';
import type { CommandError } from '../bridge/generated/CommandError';
import type { Event } from '../bridge/generated/Event';
import type { MeView } from '../bridge/generated/MeView';
import type { Phase } from '../bridge/generated/Phase';
import type { Reply } from '../bridge/generated/Reply';
import type { ServerState } from '../bridge/generated/ServerState';
import type { Snapshot } from '../bridge/generated/Snapshot';

/** Characters of a status line. */
export const LONGEST_LINE = 140;

export type Outcome = { reply: Reply; error: null } | { reply: null; error: CommandError };

export class Session {
  readonly bridge: Bridge;
  phase = $state.raw<Phase | null>(null);
  me = $state.raw<MeView | null>(null);
  server = $state.raw<ServerState>({ type: 'idle' });
  /** Whether this computer can keep the password. */
  keyring = $state(false);
  /** Whether the window is in front: until told otherwise it is. */
  inFront = $state(true);

  /** A status line that was given along with a state, and the one that comes back after it. */
  #lent: { line: string; usual: string } | null = null;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }

  load(snapshot: Snapshot): void {
    this.phase = snapshot.phase;
    this.me = snapshot.me;
    this.server = snapshot.server;
  }

  apply(event: Event): void {
    if (event.type === 'phaseChanged') this.phase = event.phase;
    if (event.type === 'meChanged') this.me = event.me;
    if (event.type === 'serverChanged') this.server = event.server;
  }

  async lookForKeyring(): Promise<void> {
    this.keyring = await this.bridge.keyring().catch(() => false);
  }

  /** After signing in: keep the password, or make sure that it isn't. False where it could not be kept. */
  async staySignedIn(wanted: boolean, password: string): Promise<boolean> {
    if (!this.keyring) return true;
    try {
      await (wanted ? this.bridge.remember(password) : this.bridge.forget());
      return true;
    } catch {
      return !wanted;
    }
  }

  /** Change how I am, with a line or with the one that there is; whoever is here again has the line from before. */
  async stand(
    availability: Availability,
    said: string,
  ): Promise<{ line: string; error: CommandError | null }> {
    const shown = this.me?.statusText ?? '';
    const usual = this.#lent?.line === shown ? this.#lent.usual : shown;
    const back = availability === 'here';
    const line = said === '' ? (back ? usual : shown) : asStatusLine(said);
    this.#lent = back || line === usual ? null : { line, usual };
    const { error } = await this.ask({ type: 'setStatus', availability, text: line });
    return { line, error };
  }

  /** Give a command; a refusal comes back as a value, to be put beside what caused it. */
  async ask(command: Command): Promise<Outcome> {
    try {
      return { reply: await this.bridge.command(command), error: null };
    } catch (error) {
      return { reply: null, error: refusal(error) };
    }
  }
}

/** One line, as long as buddies are shown of it. */
const asStatusLine = (said: string): string =>
  [...said.replace(/\s+/gu, ' ')].slice(0, LONGEST_LINE).join('');

export const [useSession, provideSession] = createContext<Session>();

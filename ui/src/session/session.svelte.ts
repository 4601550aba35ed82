// Who I am here, which screen there is, and how the server is reached: the engine's word, kept for drawing.

import { createContext } from 'svelte';
import { refusal, type Bridge } from '../bridge/bridge';
import type { Command } from '../bridge/generated/Command';
import type { CommandError } from '../bridge/generated/CommandError';
import type { Event } from '../bridge/generated/Event';
import type { MeView } from '../bridge/generated/MeView';
import type { Phase } from '../bridge/generated/Phase';
import type { Reply } from '../bridge/generated/Reply';
import type { ServerState } from '../bridge/generated/ServerState';
import type { Snapshot } from '../bridge/generated/Snapshot';

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

  /** Give a command; a refusal comes back as a value, to be put beside what caused it. */
  async ask(command: Command): Promise<Outcome> {
    try {
      return { reply: await this.bridge.command(command), error: null };
    } catch (error) {
      return { reply: null, error: refusal(error) };
    }
  }
}

export const [useSession, provideSession] = createContext<Session>();

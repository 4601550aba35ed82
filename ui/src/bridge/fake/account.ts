// Who I am in the fake: made, signed in, signed out, and what others see of me.

import type { Command } from '../generated/Command';
import type { MeView } from '../generated/MeView';
import type { Phase } from '../generated/Phase';
import type { Reply } from '../generated/Reply';
import type { ServerState } from '../generated/ServerState';
import { idFor } from './cast';
import type { People } from './people';
import { DONE, refused, type Stage } from './stage';

type Asked<T extends Command['type']> = Extract<Command, { type: T }>;

const SERVER = 'juice://127.0.0.1:4433#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export class Account {
  me: MeView | null = null;
  phase: Phase = { type: 'open' };
  server: ServerState = { type: 'connected' };
  /** The password in the keyring. */
  kept: string | null = null;
  readonly #stage: Stage;
  readonly #people: People;

  constructor(stage: Stage, people: People) {
    this.#stage = stage;
    this.#people = people;
  }

  /** There is none yet. */
  none(): void {
    this.phase = { type: 'firstRun', server: SERVER };
  }

  /** The one that every scene but the first is about. */
  usual(): MeView {
    const me: MeView = {
      id: idFor('clementine'),
      name: 'clementine',
      server: SERVER,
      availability: 'here',
      statusText: '',
      privacy: { readReceipts: true, typing: true },
      groups: [],
    };
    this.#be(me);
    return me;
  }

  register({ name, password, server, invite }: Asked<'register'>): Reply {
    if (name.trim() === '' || name.length > 32) throw refused('badName');
    if (name === 'taken') throw refused('nameTaken');
    if (password.length < 8) throw refused('weakPassword');
    if (!server.startsWith('juice://')) throw refused('badServerAddress');
    if (server.includes('invite') && invite !== 'citrus') throw refused('inviteNeeded');
    return this.#open({ ...this.usual(), name, server });
  }

  signIn({ account, password }: Asked<'signIn'>): Reply {
    if (account?.name === 'nobody') throw refused('noSuchName');
    if (password.includes('wrong')) throw refused('wrongPassword');
    const me = this.me ?? this.usual();
    return this.#open(account ? { ...me, name: account.name } : me);
  }

  signOut(): Reply {
    this.kept = null;
    return this.#turn({ type: 'locked' });
  }

  /** Brought back from a backup. */
  restore(password: string): void {
    if (password.includes('wrong')) throw refused('wrongPassword');
    if (password.includes('damaged')) throw refused('profileCorrupt');
    this.usual();
    this.#turn({ type: 'locked' });
  }

  changePassword(command: Asked<'changePassword'>): Reply {
    if (command.old.includes('wrong')) throw refused('wrongPassword');
    if (command.new.length < 8) throw refused('weakPassword');
    if (this.kept !== null) this.kept = command.new;
    return DONE;
  }

  setStatus({ availability, text }: Asked<'setStatus'>): Reply {
    this.#people.invisible = availability === 'invisible';
    return this.change({ availability, statusText: text });
  }

  change(difference: Partial<MeView>): Reply {
    if (!this.me) throw refused('signedOut');
    this.me = { ...this.me, ...difference };
    this.#stage.tell({ type: 'meChanged', me: this.me });
    return DONE;
  }

  #be(me: MeView): void {
    this.me = me;
    this.#people.me = me.name;
  }

  #open(me: MeView): Reply {
    this.#be(me);
    this.server = { type: 'connected' };
    this.#turn({ type: 'open' });
    this.#stage.tell({ type: 'serverChanged', server: this.server });
    return DONE;
  }

  #turn(phase: Phase): Reply {
    this.phase = phase;
    this.#stage.tell({ type: 'phaseChanged', phase });
    return DONE;
  }
}

// A whole engine made of memory, for the browser and for tests: same interface, same roads, no network.
//
// `?scene=` chooses what is there at the start (firstrun, locked, empty, few, many, offline, long, showcase);
// `?still` keeps the cast from moving on its own, and `?nokeyring` takes the keyring away. Passwords containing
// "wrong" are wrong, the name "taken" is taken, "nobody" is nobody's, and a server address with "invite" in it asks
// for a registration code.

import type { Bridge } from './bridge';
import { buddy, chatter, fewBuddies, idFor, longRead, manyBuddies, message, showpiece } from './fake/cast';
import { showcaseBuddies, showcaseTalk } from './fake/showcase';
import { fakeQr } from './fake/qr';
import type { Command } from './generated/Command';
import type { CommandError } from './generated/CommandError';
import type { Delivery } from './generated/Delivery';
import type { ErrorCode } from './generated/ErrorCode';
import type { Event } from './generated/Event';
import type { HistoryPage } from './generated/HistoryPage';
import type { MessageView } from './generated/MessageView';
import type { BuddyView } from './generated/BuddyView';
import type { MeView } from './generated/MeView';
import type { Reply } from './generated/Reply';
import type { RequestView } from './generated/RequestView';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { ServerState } from './generated/ServerState';
import type { Phase } from './generated/Phase';
import type { Snapshot } from './generated/Snapshot';
import type { WindowNews } from './generated/WindowNews';

export const SCENES = ['firstrun', 'locked', 'empty', 'few', 'many', 'offline', 'long', 'showcase'] as const;
export type Scene = (typeof SCENES)[number];

const SERVER = 'juice://127.0.0.1:4433#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const DONE: Reply = { type: 'done' };

export function fakeFromAddress(url: URL): FakeBridge {
  const wanted = url.searchParams.get('scene');
  const scene = SCENES.find((known) => known === wanted) ?? 'few';
  const fake = new FakeBridge(scene, { lively: !url.searchParams.has('still'), pace: 1 });
  fake.hasKeyring = !url.searchParams.has('nokeyring');
  return fake;
}

function castOf(scene: Scene): BuddyView[] {
  if (scene === 'many') return manyBuddies();
  return scene === 'showcase' ? showcaseBuddies() : fewBuddies();
}

function refused(code: ErrorCode): CommandError {
  return { code, message: `the fake refuses: ${code}` };
}

export class FakeBridge implements Bridge {
  /** Every command that was given, newest last. */
  readonly given: Command[] = [];
  readonly opened: string[] = [];
  lookingAt: string | null = null;
  /** Whether there is a keyring, and the password in it. */
  hasKeyring = true;
  kept: string | null = null;
  dressed: boolean | null = null;
  hasQuit = false;

  #phase: Phase = { type: 'open' };
  #me: MeView | null = null;
  #server: ServerState = { type: 'connected' };
  #buddies = new Map<string, BuddyView>();
  #requests = new Map<string, RequestView>();
  #messages = new Map<string, MessageView[]>();
  #drafts = new Map<string, string>();
  #firstUnread = new Map<string, string>();
  #hearers = new Set<(event: Event) => void>();
  #windowHearers = new Set<(news: WindowNews) => void>();
  #pace: number;

  /** `pace` scales every delay: 1 is lifelike, 0 is at once. */
  constructor(scene: Scene, { lively = false, pace = 0 } = {}) {
    this.#pace = pace;
    this.#set(scene);
    if (lively && this.#buddies.size > 0) this.#comeAndGo();
  }

  async command(command: Command): Promise<Reply> {
    this.given.push(command);
    await this.#wait(command.type === 'register' || command.type === 'signIn' ? 900 : 30);
    return this.#obey(command);
  }

  async snapshot(): Promise<Snapshot> {
    await this.#wait(20);
    return structuredClone({
      phase: this.#phase,
      me: this.#phase.type === 'firstRun' ? null : this.#me,
      server: this.#server,
      buddies: this.#phase.type === 'open' ? [...this.#buddies.values()] : [],
      requests: this.#phase.type === 'open' ? [...this.#requests.values()] : [],
    });
  }

  async history(id: string, before: string | null, limit: number): Promise<HistoryPage> {
    await this.#wait(20);
    const all = this.#messages.get(id) ?? [];
    const end = before === null ? all.length : all.findIndex((m) => `${m.order}:${m.id}` === before);
    const start = Math.max(0, end - limit);
    return structuredClone({
      messages: all.slice(start, Math.max(end, 0)),
      more: start > 0,
      draft: this.#drafts.get(id) ?? '',
      firstUnread: this.#firstUnread.get(id) ?? null,
    });
  }

  async safetyNumber(id: string): Promise<SafetyNumberView> {
    await this.#wait(30);
    const groups = Array.from({ length: 12 }, (_, n) => {
      const part = parseInt(id.slice(n * 5, n * 5 + 5), 16);
      return String(part % 100_000).padStart(5, '0');
    });
    return { groups };
  }

  async openLink(url: string): Promise<void> {
    this.opened.push(url);
    if (this.#pace > 0) window.open(url, '_blank', 'noopener');
  }

  async looking(id: string | null): Promise<void> {
    this.lookingAt = id;
  }

  async keyring(): Promise<boolean> {
    return this.hasKeyring;
  }

  async remember(password: string): Promise<void> {
    if (!this.hasKeyring || password.includes('unkeepable')) throw refused('notSaved');
    this.kept = password;
  }

  async forget(): Promise<void> {
    this.kept = null;
  }

  async dress(dark: boolean | null): Promise<void> {
    this.dressed = dark;
  }

  async quit(): Promise<void> {
    this.hasQuit = true;
    if (this.#pace > 0) window.close();
  }

  async onEvent(hear: (event: Event) => void): Promise<() => void> {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  async onWindowNews(hear: (news: WindowNews) => void): Promise<() => void> {
    this.#windowHearers.add(hear);
    return () => this.#windowHearers.delete(hear);
  }

  /** Say something to the window as the engine would. */
  tell(event: Event): void {
    for (const hear of this.#hearers) hear(structuredClone(event));
  }

  /** Say something to the window as its frame would. */
  tellWindow(news: WindowNews): void {
    for (const hear of this.#windowHearers) hear(news);
  }

  /** Change a buddy and say so. */
  change(id: string, difference: Partial<BuddyView>): void {
    const known = this.#buddies.get(id);
    if (!known) return;
    const changed = { ...known, ...difference };
    this.#buddies.set(id, changed);
    this.tell({ type: 'buddyChanged', buddy: changed });
  }

  /** Let a message arrive from a buddy. */
  arrive(id: string, text: string): void {
    const known = this.#buddies.get(id);
    if (!known) return;
    const arrived = message(known, false, text, Date.now());
    this.#messages.set(id, [...(this.#messages.get(id) ?? []), arrived]);
    if (known.unread === 0) this.#firstUnread.set(id, arrived.id);
    this.tell({ type: 'messageArrived', message: arrived });
    this.change(id, { unread: known.unread + 1, lastMessageMs: arrived.sentMs, typing: false });
  }

  async #obey(command: Command): Promise<Reply> {
    switch (command.type) {
      case 'register':
        if (command.name.trim() === '' || command.name.length > 32) throw refused('badName');
        if (command.name === 'taken') throw refused('nameTaken');
        if (command.password.length < 8) throw refused('weakPassword');
        if (!command.server.startsWith('juice://')) throw refused('badServerAddress');
        if (command.server.includes('invite') && command.invite !== 'citrus') throw refused('inviteNeeded');
        this.#me = { ...this.#newMe(), name: command.name, server: command.server };
        this.#open();
        return DONE;
      case 'signIn':
        if (command.account?.name === 'nobody') throw refused('noSuchName');
        if (command.password.includes('wrong')) throw refused('wrongPassword');
        this.#me ??= this.#newMe();
        if (command.account) this.#me = { ...this.#me, name: command.account.name };
        this.#open();
        return DONE;
      case 'signOut':
        this.#phase = { type: 'locked' };
        this.kept = null;
        this.tell({ type: 'phaseChanged', phase: this.#phase });
        return DONE;
      case 'setStatus':
        if (!this.#me) throw refused('signedOut');
        this.#me = { ...this.#me, availability: command.availability, statusText: command.text };
        this.tell({ type: 'meChanged', me: this.#me });
        return DONE;
      case 'addBuddy':
        return this.#add(command.name);
      case 'addByInvite':
        if (!command.link.startsWith('juice:1:')) throw refused('badInvite');
        this.#meet(buddy('nora', { verified: true, statusText: 'fresh from the link' }));
        return DONE;
      case 'acceptBuddy':
      case 'declineBuddy':
      case 'blockBuddy':
        return this.#answer(command.type, command.buddy);
      case 'unblockBuddy':
        this.change(command.buddy, { relation: 'former' });
        return DONE;
      case 'removeBuddy':
        this.change(command.buddy, { relation: 'former', state: 'offline', route: null });
        return DONE;
      case 'renameBuddy':
        this.change(command.buddy, { alias: command.alias });
        return DONE;
      case 'verifyBuddy':
        this.change(command.buddy, { verified: true, keyAlarm: false });
        return DONE;
      case 'sendMessage':
        return this.#send(command.buddy, command.text);
      case 'cancelMessage':
        this.#deliver(command.buddy, command.message, { type: 'cancelled' });
        return DONE;
      case 'markRead':
        this.#firstUnread.delete(command.buddy);
        this.change(command.buddy, { unread: 0 });
        return DONE;
      case 'typing':
        return DONE;
      case 'saveDraft':
        this.#drafts.set(command.buddy, command.text);
        return DONE;
      case 'createInvite': {
        const link = 'juice:1:q7Xh2m0bTzv9KcR4w1YdPf6sNgUa8LjEoWi3V5tBnMy';
        const { path, size } = fakeQr(link);
        return { type: 'invite', link, qrPath: path, qrSize: size, expiresMs: Date.now() + 7 * 86_400_000 };
      }
      case 'changePassword':
        if (command.old.includes('wrong')) throw refused('wrongPassword');
        if (command.new.length < 8) throw refused('weakPassword');
        if (this.kept !== null) this.kept = command.new;
        return DONE;
    }
  }

  #add(name: string): Reply {
    if (name === 'nobody') throw refused('noSuchName');
    if (name === this.#me?.name) throw refused('yourself');
    const known = this.#buddies.get(idFor(name));
    if (known?.relation === 'asked') throw refused('alreadyAsked');
    if (known?.relation === 'buddy') throw refused('alreadyBuddies');
    this.#meet(buddy(name, { relation: 'asked', state: 'offline', lastSeenMs: null }));
    return DONE;
  }

  #answer(how: 'acceptBuddy' | 'declineBuddy' | 'blockBuddy', id: string): Reply {
    const request = this.#requests.get(id);
    if (request) {
      this.#requests.delete(id);
      this.tell({ type: 'requestGone', id });
      if (how === 'acceptBuddy') this.#meet(buddy(request.name, { id }));
      if (how === 'blockBuddy')
        this.#meet(buddy(request.name, { id, relation: 'blocked', state: 'offline' }));
      return DONE;
    }
    if (how !== 'blockBuddy' || !this.#buddies.has(id)) throw refused('unknown');
    this.change(id, { relation: 'blocked', state: 'offline', route: null });
    return DONE;
  }

  #meet(person: BuddyView): void {
    this.#buddies.set(person.id, person);
    this.tell({ type: 'buddyChanged', buddy: person });
    if (person.state === 'here') this.tell({ type: 'buddyAppeared', id: person.id });
  }

  #send(id: string, text: string): Reply {
    const known = this.#buddies.get(id);
    if (!known) throw refused('unknown');
    if (text.trim() === '' || text.length > 16_000) throw refused('badText');
    const hidden = this.#me?.availability === 'invisible';
    const why = known.keyAlarm ? 'keyAlarm' : known.relation === 'asked' ? 'notBuddies' : 'buddyOffline';
    const sent = message(known, true, text, Date.now(), {
      type: 'queued',
      why: hidden ? 'invisible' : known.route ? 'turn' : why,
    });
    this.#messages.set(id, [...(this.#messages.get(id) ?? []), sent]);
    this.#drafts.delete(id);
    this.tell({ type: 'messageQueued', message: sent });
    if (known.route && !hidden) void this.#carry(known, sent);
    return DONE;
  }

  async #carry(to: BuddyView, sent: MessageView): Promise<void> {
    if (this.#pace === 0) return;
    await this.#wait(150);
    this.#deliver(to.id, sent.id, { type: 'sent', route: to.route ?? 'direct' });
    await this.#wait(250);
    this.#deliver(to.id, sent.id, { type: 'delivered', atMs: Date.now() });
    await this.#wait(900);
    this.#deliver(to.id, sent.id, { type: 'read', atMs: Date.now() });
    this.change(to.id, { typing: true });
    await this.#wait(2200);
    this.arrive(to.id, 'sounds good 🍊');
  }

  #deliver(id: string, which: string, delivery: Delivery): void {
    const all = this.#messages.get(id) ?? [];
    this.#messages.set(
      id,
      all.map((m) => (m.id === which ? { ...m, delivery } : m)),
    );
    this.tell({ type: 'deliveryChanged', buddy: id, messages: [which], delivery });
  }

  #newMe(): MeView {
    return {
      id: idFor('clementine'),
      name: 'clementine',
      server: SERVER,
      availability: 'here',
      statusText: '',
    };
  }

  #open(): void {
    this.#phase = { type: 'open' };
    this.#server = { type: 'connected' };
    this.tell({ type: 'phaseChanged', phase: this.#phase });
    this.tell({ type: 'serverChanged', server: this.#server });
  }

  #set(scene: Scene): void {
    if (scene === 'firstrun') {
      this.#phase = { type: 'firstRun', server: SERVER };
      return;
    }
    this.#me = this.#newMe();
    if (scene === 'locked') this.#phase = { type: 'locked' };
    if (scene === 'empty') return;
    this.#me.statusText = 'squeezing the day';
    const cast = castOf(scene);
    for (const person of cast) this.#buddies.set(person.id, person);
    if (scene === 'offline') this.#server = { type: 'connecting', attempt: 4 };
    this.#converse(scene, cast);
    if (scene !== 'many') {
      const note = 'We met at the print shop on Tuesday, I was the one with the lemons.';
      const id = idFor('bea');
      this.#requests.set(id, { id, name: 'bea', note, arrivedMs: Date.now() - 600_000 });
    }
  }

  #converse(scene: Scene, cast: BuddyView[]): void {
    const first = cast[0];
    if (!first) return;
    this.#messages.set(first.id, scene === 'many' ? chatter(first, 5000) : showpiece(first));
    if (scene === 'showcase') this.#messages.set(first.id, showcaseTalk(first));
    if (scene === 'long') this.#messages.set(first.id, longRead(first));
    for (const person of cast.slice(1, 40)) {
      const talk = chatter(person, 10 + person.unread);
      if (person.relation === 'buddy' && person.state === 'offline') {
        talk.push(
          message(person, true, 'call me when you are back?', Date.now() - 900_000, {
            type: 'queued',
            why: 'buddyOffline',
          }),
        );
      }
      if (person.unread > 0) {
        for (let n = 0; n < person.unread; n++)
          talk.push(message(person, false, 'one more thing', Date.now() - 60_000 + n));
        const unseen = talk[talk.length - person.unread];
        if (unseen) this.#firstUnread.set(person.id, unseen.id);
      }
      this.#messages.set(person.id, talk);
    }
  }

  /** Someone comes or goes every few seconds. */
  #comeAndGo(): void {
    const movers = [...this.#buddies.values()].filter((b) => b.relation === 'buddy' && !b.keyAlarm);
    let turn = 0;
    setInterval(() => {
      const who = this.#buddies.get(movers[(turn * 7 + 8) % movers.length]?.id ?? '');
      turn += 1;
      if (!who) return;
      if (who.state === 'offline') {
        this.change(who.id, { state: 'here', route: 'direct', canVoice: true, lastSeenMs: null });
        this.tell({ type: 'buddyAppeared', id: who.id });
      } else {
        this.change(who.id, {
          state: 'offline',
          route: null,
          canVoice: false,
          canVideo: false,
          lastSeenMs: Date.now(),
        });
        this.tell({ type: 'buddyWentAway', id: who.id });
      }
    }, 7000);
  }

  #wait(ms: number): Promise<void> {
    return ms * this.#pace === 0
      ? Promise.resolve()
      : new Promise((done) => setTimeout(done, ms * this.#pace));
  }
}

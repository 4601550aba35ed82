// A whole engine made of memory, for the browser and for tests: same interface, same roads, no network.
//
// `?scene=` chooses what is there at the start (firstrun, locked, empty, few, many, offline, long, showcase, rich,
// huge, calls); `?still` keeps the cast from moving on its own, and `?nokeyring` takes the keyring away. Passwords containing
// "wrong" are wrong, the name "taken" is taken, "nobody" is nobody's, and a server address with "invite" in it asks
// for a registration code. `?call=` puts a call on the way (fake/callscenes.ts), `?nosound` takes the devices away,
// `?camera=` and a trouble (none, busy, refused, gone, broken) spoils the camera, `?noscreen` the sharing of screens.

import type { Bridge } from './bridge';
import { Calls } from './fake/calls';
import { CALL_SCENES, callScene, type CallScene } from './fake/callscenes';
import { idFor } from './fake/cast';
import { Files } from './fake/files';
import { People } from './fake/people';
import { fakeQr } from './fake/qr';
import { SCENES, set, type Scene } from './fake/scenes';
import { Sounds } from './fake/sounds';
import { DONE, refused, Stage } from './fake/stage';
import { Talks } from './fake/talks';
import { TROUBLES, Video } from './fake/video';
import type { BuddyView } from './generated/BuddyView';
import type { ChosenFile } from './generated/ChosenFile';
import type { Command } from './generated/Command';
import type { EditView } from './generated/EditView';
import type { Event } from './generated/Event';
import type { ExportFormat } from './generated/ExportFormat';
import type { HistoryPage } from './generated/HistoryPage';
import type { MeView } from './generated/MeView';
import type { PageAt } from './generated/PageAt';
import type { Phase } from './generated/Phase';
import type { Reply } from './generated/Reply';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { SearchPage } from './generated/SearchPage';
import type { ServerState } from './generated/ServerState';
import type { Snapshot } from './generated/Snapshot';
import type { SoundDevices } from './generated/SoundDevices';
import type { VideoDevices } from './generated/VideoDevices';
import type { WindowNews } from './generated/WindowNews';

export { SCENES, type Scene };

const SERVER = 'juice://127.0.0.1:4433#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export function fakeFromAddress(url: URL): FakeBridge {
  const wanted = url.searchParams.get('scene');
  const scene = SCENES.find((known) => known === wanted) ?? 'few';
  const fake = new FakeBridge(scene, { lively: !url.searchParams.has('still'), pace: 1 });
  fake.hasKeyring = !url.searchParams.has('nokeyring');
  fake.takeDrops();
  if (url.searchParams.has('nosound')) fake.sounds.unplug();
  fake.video.trouble = TROUBLES.find((known) => known === url.searchParams.get('camera')) ?? null;
  if (fake.video.trouble === 'none') fake.video.unplug();
  fake.video.canShare = !url.searchParams.has('noscreen');
  const call = CALL_SCENES.find((known) => known === url.searchParams.get('call'));
  if (call) setTimeout(() => fake.playCall(call, url.searchParams.get('with')), 400);
  return fake;
}

export class FakeBridge implements Bridge {
  /** Every command that was given, newest last. */
  readonly given: Command[] = [];
  /** What was opened, shown or written outside of the window, newest last. */
  readonly opened: string[] = [];
  lookingAt: string | null = null;
  /** Whether there is a keyring, and the password in it. */
  hasKeyring = true;
  kept: string | null = null;
  dressed: boolean | null = null;
  hasQuit = false;
  readonly files: Files;
  readonly talks: Talks;
  readonly sounds: Sounds;
  readonly video: Video;
  readonly calls: Calls;

  #phase: Phase = { type: 'open' };
  #me: MeView | null = null;
  #server: ServerState = { type: 'connected' };
  #windowHearers = new Set<(news: WindowNews) => void>();
  #stage: Stage;
  #people: People;

  /** `pace` scales every delay: 1 is lifelike, 0 is at once. */
  constructor(scene: Scene, { lively = false, pace = 0 } = {}) {
    this.#stage = new Stage(pace);
    this.#people = new People(this.#stage);
    this.talks = new Talks(this.#stage, this.#people);
    this.files = new Files(this.#stage, this.#people, this.talks);
    this.sounds = new Sounds(this.#stage);
    this.video = new Video(this.#stage);
    this.calls = new Calls(this.#stage, this.#people, this.talks, this.sounds, this.video);
    this.#begin(scene);
    if (lively && this.#people.buddies.size > 0) this.#people.comeAndGo();
  }

  async command(command: Command): Promise<Reply> {
    this.given.push(command);
    await this.#stage.wait(command.type === 'register' || command.type === 'signIn' ? 900 : 30);
    return this.#obey(command);
  }

  async snapshot(): Promise<Snapshot> {
    await this.#stage.wait(20);
    const open = this.#phase.type === 'open';
    return structuredClone({
      phase: this.#phase,
      me: this.#phase.type === 'firstRun' ? null : this.#me,
      server: this.#server,
      buddies: open ? [...this.#people.buddies.values()] : [],
      requests: open ? [...this.#people.requests.values()] : [],
      calls: open ? [...this.calls.calls.values()] : [],
    });
  }

  async history(buddy: string, at: PageAt, limit: number): Promise<HistoryPage> {
    await this.#stage.wait(20);
    return this.talks.with(buddy).page(at, limit);
  }

  async search(
    query: string,
    buddy: string | null,
    before: string | null,
    limit: number,
  ): Promise<SearchPage> {
    await this.#stage.wait(40);
    return this.talks.search(query, buddy, before, limit);
  }

  async edits(buddy: string, message: string): Promise<EditView[]> {
    await this.#stage.wait(20);
    return structuredClone(this.talks.editsOf(buddy, message));
  }

  async exportConversation(buddy: string, format: ExportFormat): Promise<boolean> {
    this.opened.push(`export ${format} ${buddy}`);
    return true;
  }

  async backUp(password: string): Promise<boolean> {
    if (password.length < 8) throw refused('weakPassword');
    await this.#stage.wait(600);
    this.opened.push('backup');
    return true;
  }

  async restore(password: string): Promise<boolean> {
    await this.#stage.wait(600);
    if (password.includes('wrong')) throw refused('wrongPassword');
    if (password.includes('damaged')) throw refused('profileCorrupt');
    this.#me = this.#newMe();
    this.#phase = { type: 'locked' };
    this.#stage.tell({ type: 'phaseChanged', phase: this.#phase });
    return true;
  }

  pickFiles(): Promise<ChosenFile[]> {
    return this.files.pick();
  }

  async pasteFile(bytes: Blob, name: string): Promise<ChosenFile[]> {
    return [await this.files.choose(new File([bytes], name, { type: bytes.type }))];
  }

  async pictureOf(buddy: string, message: string): Promise<Blob> {
    await this.#stage.wait(120);
    return this.files.picture(buddy, message);
  }

  async openFile(buddy: string, message: string): Promise<void> {
    this.opened.push(`file ${this.talks.with(buddy).find(message)?.file?.name}`);
  }

  async showInFolder(buddy: string, message: string): Promise<void> {
    this.opened.push(`folder ${this.talks.with(buddy).find(message)?.file?.name}`);
  }

  async safetyNumber(id: string): Promise<SafetyNumberView> {
    await this.#stage.wait(30);
    const groups = Array.from({ length: 12 }, (_, n) => {
      const part = parseInt(id.slice(n * 5, n * 5 + 5), 16);
      return String(part % 100_000).padStart(5, '0');
    });
    return { groups };
  }

  async soundDevices(): Promise<SoundDevices> {
    await this.#stage.wait(60);
    return this.sounds.all();
  }

  async videoDevices(): Promise<VideoDevices> {
    await this.#stage.wait(60);
    return this.video.all();
  }

  nextPicture(person: string, after: number | null): ReturnType<Bridge['nextPicture']> {
    return this.video.next(person, after);
  }

  async openLink(url: string): Promise<void> {
    this.opened.push(url);
    if (this.#stage.pace > 0) window.open(url, '_blank', 'noopener');
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
    if (this.#stage.pace > 0) window.close();
  }

  async onEvent(hear: (event: Event) => void): Promise<() => void> {
    return this.#stage.hear(hear);
  }

  async onWindowNews(hear: (news: WindowNews) => void): Promise<() => void> {
    this.#windowHearers.add(hear);
    return () => this.#windowHearers.delete(hear);
  }

  /** Say something to the window as the engine would. */
  tell(event: Event): void {
    this.#stage.tell(event);
  }

  /** Say something to the window as its frame would. */
  tellWindow(news: WindowNews): void {
    for (const hear of this.#windowHearers) hear(news);
  }

  /** Change a buddy and say so. */
  change(id: string, difference: Partial<BuddyView>): void {
    this.#people.change(id, difference);
  }

  /** Let a message arrive from a buddy. */
  arrive(id: string, text: string): void {
    this.talks.arrive(id, text);
  }

  /** Put a call on the way. */
  playCall(scene: CallScene, wanted: string | null = null): void {
    const { calls, sounds, video } = this;
    callScene(scene, { stage: this.#stage, people: this.#people, calls, sounds, video }, wanted);
  }

  /** In a browser the page itself hears of what is dropped, where the app's frame would. */
  takeDrops(): void {
    const over = (event: DragEvent, is: boolean): void => {
      if (event.dataTransfer?.types.includes('Files')) this.tellWindow({ type: 'filesOver', over: is });
    };
    addEventListener('dragenter', (event) => over(event, true));
    addEventListener('dragleave', (event) => event.relatedTarget === null && over(event, false));
    addEventListener('drop', (event) => {
      over(event, false);
      const dropped = [...(event.dataTransfer?.files ?? [])].map((file) => this.files.choose(file));
      void Promise.all(dropped).then((files) => this.tellWindow({ type: 'filesDropped', files }));
    });
  }

  async #obey(command: Command): Promise<Reply> {
    switch (command.type) {
      case 'register':
        if (command.name.trim() === '' || command.name.length > 32) throw refused('badName');
        if (command.name === 'taken') throw refused('nameTaken');
        if (command.password.length < 8) throw refused('weakPassword');
        if (!command.server.startsWith('juice://')) throw refused('badServerAddress');
        if (command.server.includes('invite') && command.invite !== 'citrus') throw refused('inviteNeeded');
        this.#open({ ...this.#newMe(), name: command.name, server: command.server });
        return DONE;
      case 'signIn': {
        if (command.account?.name === 'nobody') throw refused('noSuchName');
        if (command.password.includes('wrong')) throw refused('wrongPassword');
        const me = this.#me ?? this.#newMe();
        this.#open(command.account ? { ...me, name: command.account.name } : me);
        return DONE;
      }
      case 'signOut':
        this.#phase = { type: 'locked' };
        this.kept = null;
        this.tell({ type: 'phaseChanged', phase: this.#phase });
        return DONE;
      case 'setStatus':
        this.#people.invisible = command.availability === 'invisible';
        return this.#changeMe({ availability: command.availability, statusText: command.text });
      case 'setPrivacy':
        return this.#changeMe({ privacy: command.privacy });
      case 'addBuddy':
        return this.#people.add(command.name);
      case 'addByInvite':
        return this.#people.follow(command.link);
      case 'acceptBuddy':
      case 'declineBuddy':
      case 'blockBuddy':
        return this.#people.answer(command.type, command.buddy);
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
        return this.talks.send(command);
      case 'editMessage':
        return this.talks.edit(command);
      case 'deleteMessage':
        return this.talks.delete(command);
      case 'react':
        return this.talks.react(command);
      case 'cancelMessage':
        return this.talks.cancel(command);
      case 'forgetConversation':
        return this.talks.forget(command.buddy);
      case 'sendFile':
        return this.files.send(command);
      case 'fetchFile':
        return this.files.fetch(command);
      case 'pauseFile':
        return this.files.halt(command, { type: 'paused' });
      case 'cancelFile':
        return this.files.halt(command, { type: 'cancelled' });
      case 'markRead':
        this.talks.with(command.buddy).firstUnread = null;
        this.change(command.buddy, { unread: 0 });
        return DONE;
      case 'typing':
        return DONE;
      case 'saveDraft':
        this.talks.with(command.buddy).draft = command.text;
        return DONE;
      case 'placeCall':
        return this.calls.place(command);
      case 'addToCall':
        return this.calls.add(command);
      case 'removeFromCall':
        return this.calls.remove(command);
      case 'answerCall':
        return this.calls.answer(command);
      case 'declineCall':
        return this.calls.end(command.call, 'declinedByMe');
      case 'hangUp':
        return this.calls.hangUp(command);
      case 'holdCall':
        return this.calls.hold(command);
      case 'mute':
        return this.calls.mute(command.on);
      case 'deafen':
        return this.calls.deafen(command.on);
      case 'setVolume':
        return this.calls.setVolume(command);
      case 'recordCall':
        return this.calls.record(command);
      case 'setSound': {
        const { pushToTalk, pushToTalkKey } = command.settings;
        const has = pushToTalk && pushToTalkKey !== null;
        this.tellWindow({ type: 'talkKey', state: has ? { type: 'works', keys: null } : { type: 'unset' } });
        return this.sounds.set(command.settings);
      }
      case 'showInCall':
        return this.calls.show(command);
      case 'setVideo':
        return this.video.set(command.settings);
      case 'testVideo':
        return this.video.test(command.on);
      case 'testSound':
        return this.sounds.test(command.on);
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

  #changeMe(difference: Partial<MeView>): Reply {
    if (!this.#me) throw refused('signedOut');
    this.#me = { ...this.#me, ...difference };
    this.tell({ type: 'meChanged', me: this.#me });
    return DONE;
  }

  #newMe(): MeView {
    return {
      id: idFor('clementine'),
      name: 'clementine',
      server: SERVER,
      availability: 'here',
      statusText: '',
      privacy: { readReceipts: true, typing: true },
    };
  }

  #open(me: MeView): void {
    this.#me = me;
    this.#people.me = me.name;
    this.#phase = { type: 'open' };
    this.#server = { type: 'connected' };
    this.tell({ type: 'phaseChanged', phase: this.#phase });
    this.tell({ type: 'serverChanged', server: this.#server });
  }

  #begin(scene: Scene): void {
    if (scene === 'firstrun') {
      this.#phase = { type: 'firstRun', server: SERVER };
      return;
    }
    this.#me = this.#newMe();
    this.#people.me = this.#me.name;
    if (scene === 'locked') this.#phase = { type: 'locked' };
    if (scene === 'empty') return;
    this.#me.statusText = 'squeezing the day';
    if (scene === 'offline') this.#server = { type: 'connecting', attempt: 4 };
    set(scene, this.#people, this.talks);
  }
}

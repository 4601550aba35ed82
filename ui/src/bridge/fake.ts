// A whole engine made of memory, for the browser and for tests: same interface, same roads, no network.
//
// `?scene=` chooses what is there at the start (firstrun, locked, empty, few, many, offline, long, showcase, rich,
// huge, calls, memos); `?still` keeps the cast from moving on its own, and `?nokeyring` takes the keyring away. Passwords containing
// "wrong" are wrong, the name "taken" is taken, "nobody" is nobody's, and a server address with "invite" in it asks
// for a registration code. `?call=` puts a call on the way (fake/callscenes.ts), `?nosound` takes the devices away,
// `?camera=` and a trouble (none, busy, refused, gone, broken) spoils the camera, `?noscreen` the sharing of screens.

import type { Bridge } from './bridge';
import { Account } from './fake/account';
import { Calls } from './fake/calls';
import { CALL_SCENES, callScene, type CallScene } from './fake/callscenes';
import { Files } from './fake/files';
import { Memos } from './fake/memos';
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
import type { PageAt } from './generated/PageAt';
import type { Reply } from './generated/Reply';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { SearchPage } from './generated/SearchPage';
import type { SmallWish } from './generated/SmallWish';
import type { Snapshot } from './generated/Snapshot';
import type { SoundDevices } from './generated/SoundDevices';
import type { VideoDevices } from './generated/VideoDevices';
import type { WindowNews } from './generated/WindowNews';

export { SCENES, type Scene };

export function fakeFromAddress(url: URL): FakeBridge {
  const wanted = url.searchParams.get('scene');
  const scene = SCENES.find((known) => known === wanted) ?? 'few';
  const fake = new FakeBridge(scene, { lively: !url.searchParams.has('still'), pace: 1 });
  fake.hasKeyring = !url.searchParams.has('nokeyring');
  fake.takeDrops();
  if (url.searchParams.has('nosound')) fake.sounds.unplug();
  fake.video.trouble = TROUBLES.find((known) => known === url.searchParams.get('camera')) ?? null;
  if (fake.video.trouble === 'none') fake.video.unplug();
  if (url.searchParams.has('noscreen')) fake.video.withoutScreens('wayland');
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
  hasKeyring = true;
  dressed: boolean | null = null;
  hasQuit = false;
  /** What was wished of the small window, newest last. */
  readonly wished: SmallWish[] = [];
  readonly account: Account;
  readonly files: Files;
  readonly talks: Talks;
  readonly sounds: Sounds;
  readonly video: Video;
  readonly calls: Calls;
  readonly memos: Memos;

  #windowHearers = new Set<(news: WindowNews) => void>();
  #stage: Stage;
  #people: People;

  /** `pace` scales every delay: 1 is lifelike, 0 is at once. */
  constructor(scene: Scene, { lively = false, pace = 0 } = {}) {
    this.#stage = new Stage(pace);
    this.#people = new People(this.#stage);
    this.account = new Account(this.#stage, this.#people);
    this.talks = new Talks(this.#stage, this.#people);
    this.files = new Files(this.#stage, this.#people, this.talks);
    this.sounds = new Sounds(this.#stage);
    this.video = new Video(this.#stage);
    this.calls = new Calls(this.#stage, this.#people, this.talks, this.sounds, this.video);
    this.memos = new Memos(this.#stage, this.#people, this.talks);
    this.memos.inCall = () => this.calls.calls.size > 0;
    this.video.filming = () => this.memos.filming;
    this.video.memo = () => this.memos.playing?.runs === true;
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
    const { phase, me, server } = this.account;
    const open = phase.type === 'open';
    return structuredClone({
      phase,
      me: phase.type === 'firstRun' ? null : me,
      server,
      buddies: open ? [...this.#people.buddies.values()] : [],
      requests: open ? [...this.#people.requests.values()] : [],
      calls: open ? [...this.calls.calls.values()] : [],
      memos: open ? [...this.memos.drafts.values()] : [],
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
    this.account.restore(password);
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

  screenPicture(screen: string): ReturnType<Bridge['screenPicture']> {
    return this.video.look(screen);
  }

  async savePicture(_png: Blob, of: string): Promise<boolean> {
    this.opened.push(`picture of ${of}`);
    return true;
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
    this.account.kept = password;
  }

  async forget(): Promise<void> {
    this.account.kept = null;
  }

  async dress(dark: boolean | null): Promise<void> {
    this.dressed = dark;
  }

  async small(wish: SmallWish): Promise<void> {
    this.wished.push(wish);
    if (wish !== 'move') this.tellWindow({ type: 'small', open: wish === 'open' });
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
        return this.account.register(command);
      case 'signIn':
        return this.account.signIn(command);
      case 'signOut':
        return this.account.signOut();
      case 'setStatus':
        return this.account.setStatus(command);
      case 'setPrivacy':
        return this.account.change({ privacy: command.privacy });
      case 'changePassword':
        return this.account.changePassword(command);
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
      case 'placeBuddy':
        this.change(command.buddy, { place: command.place });
        return DONE;
      case 'noteBuddy':
        this.change(command.buddy, { notes: command.notes });
        return DONE;
      case 'setGroups':
        return this.#people.group(command.groups, this.account);
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
      case 'recordMemo':
        return this.memos.record(command);
      case 'stopMemo':
        return this.memos.stop();
      case 'discardMemo':
        return this.memos.discard(command.buddy);
      case 'sendMemo':
        return this.memos.send(command.buddy);
      case 'playMemo':
        return this.memos.play(command);
      case 'pauseMemo':
        return this.memos.pause();
      case 'setMemoPace':
        return this.memos.setPace(command.percent);
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
    }
  }

  #begin(scene: Scene): void {
    if (scene === 'firstrun') {
      this.account.none();
      return;
    }
    const me = this.account.usual();
    if (scene === 'locked') this.account.phase = { type: 'locked' };
    if (scene === 'empty') return;
    me.statusText = 'squeezing the day';
    if (scene === 'offline') this.account.server = { type: 'connecting', attempt: 4 };
    set(scene, this.#people, this.talks);
  }
}

// The window's wiring: boots from the bridge and hands every event to whom it concerns.
//
// Boot order: subscribe first, then ask for a snapshot. Events that come before the snapshot are applied after it;
// each carries a whole new state, so being told twice does no harm.

import type { Bridge } from './bridge/bridge';
import type { Event } from './bridge/generated/Event';
import type { Notice } from './bridge/generated/Notice';
import type { WindowNews } from './bridge/generated/WindowNews';
import { Roster } from './buddies/roster.svelte';
import { Calls } from './call/call.svelte';
import { ringAsChosen } from './call/rings';
import { Memos } from './memo/memos.svelte';
import { Chats } from './chat/chats.svelte';
import { Session } from './session/session.svelte';
import { asked, Desk } from './shared/desk.svelte';
import { preferences } from './shared/preferences.svelte';
import { drop } from './shared/sounds';
import { words } from './shared/words';

export class Juice {
  readonly bridge: Bridge;
  readonly desk = new Desk();
  readonly session: Session;
  readonly roster = new Roster();
  readonly chats: Chats;
  readonly calls: Calls;
  readonly memos: Memos;
  failed = $state(false);
  #early: Event[] | null = [];
  #news: WindowNews[] = [];
  #endings: (() => void)[] = [];

  constructor(bridge: Bridge) {
    this.bridge = bridge;
    this.session = new Session(bridge);
    this.chats = new Chats(bridge);
    this.calls = new Calls(this.session, this.desk);
    this.memos = new Memos(this.session, this.desk);
  }

  async start(): Promise<void> {
    this.stop();
    try {
      this.#endings.push(await this.bridge.onEvent((event) => this.hear(event)));
      this.#endings.push(await this.bridge.onWindowNews((news) => this.hearWindow(news)));
      await this.session.lookForKeyring();
    } catch {
      this.stop();
      this.failed = true;
      return;
    }
    await this.refresh();
  }

  stop(): void {
    for (const end of this.#endings.splice(0)) end();
  }

  /** Ask for everything anew. */
  async refresh(): Promise<void> {
    this.#early ??= [];
    try {
      const snapshot = await this.bridge.snapshot();
      this.session.load(snapshot);
      this.roster.load(snapshot);
      this.calls.load(snapshot);
      this.memos.load(snapshot);
      this.failed = false;
      if (snapshot.phase.type === 'open' && !preferences.sounds) void ringAsChosen(this.calls);
    } catch {
      this.failed = true;
      if (this.session.phase === null) return;
    }
    const early = this.#early ?? [];
    this.#early = null;
    // A change of screen among them has been answered by this very snapshot.
    for (const event of early) {
      if (event.type !== 'phaseChanged' && event.type !== 'eventsLost') this.#apply(event);
    }
    for (const news of this.#news.splice(0)) this.hearWindow(news);
  }

  hear(event: Event): void {
    // The conversation holds events back by itself, so it hears them at once.
    this.chats.apply(event);
    if (this.#early) this.#early.push(event);
    else this.#apply(event);
  }

  hearWindow(news: WindowNews): void {
    if (this.session.phase?.type !== 'open') {
      if (news.type !== 'filesOver' && news.type !== 'filesDropped') this.#news.push(news);
      return;
    }
    switch (news.type) {
      case 'openConversation':
        this.desk.dialog = null;
        this.desk.open = news.buddy;
        break;
      case 'openRequests':
        this.desk.dialog = null;
        this.desk.open = null;
        setTimeout(() => document.querySelector<HTMLElement>('#requests button')?.focus(), 50);
        break;
      case 'followInvite':
        this.desk.add('link', news.link);
        break;
      case 'filesOver':
        this.desk.filesOver = news.over;
        break;
      case 'filesDropped':
        this.desk.filesOver = false;
        if (this.desk.open === null) this.desk.toast(words.dropNowhere);
        else this.desk.dropped = news.files;
        break;
      case 'talkKey':
        this.calls.talkKey = news.state;
        break;
      case 'small':
        this.calls.video.inSmall = news.open;
        break;
      case 'hidden':
        this.desk.toast(words.noticeHidden, { lasting: true });
        break;
    }
  }

  #apply(event: Event): void {
    this.session.apply(event);
    this.roster.apply(event);
    this.calls.apply(event);
    this.memos.apply(event);
    switch (event.type) {
      case 'phaseChanged':
        if (event.phase.type !== 'open') this.desk.clear();
        void this.refresh().then(() => void this.chats.current?.load());
        break;
      case 'buddyRemoved':
        if (this.desk.open === event.id) this.desk.open = null;
        break;
      case 'eventsLost':
        void this.refresh().then(() => void this.chats.current?.load());
        break;
      case 'messageArrived':
        // A call has rung already.
        if (event.message.call) break;
        if (!this.session.inFront || this.desk.open !== event.message.buddy) drop();
        break;
      case 'callRecorded':
        this.desk.toast(words.recorded(this.roster.nameOf(event.buddy), event.name));
        break;
      case 'notice':
        this.#tell(event.notice);
        break;
      default:
        break;
    }
  }

  #tell(notice: Notice): void {
    const { calls, desk, roster } = this;
    const compare = (buddy: string) => ({
      lasting: true,
      action: { label: words.keyAlarmDo, run: () => (desk.dialog = { kind: 'verify', buddy }) },
    });
    switch (notice.type) {
      case 'notSaved':
        this.chats.giveBack(notice.buddy, notice.text);
        desk.toast(words.noticeNotSaved(roster.nameOf(notice.buddy)), { lasting: true });
        break;
      case 'equivocation':
        desk.toast(words.noticeEquivocation(roster.nameOf(notice.buddy)), { lasting: true });
        break;
      case 'forkedKeys':
        desk.toast(words.noticeForkedKeys(roster.nameOf(notice.buddy)), compare(notice.buddy));
        break;
      case 'keyChanged':
        desk.toast(words.noticeKeyChanged(roster.nameOf(notice.buddy)), compare(notice.buddy));
        break;
      case 'superseded':
        desk.trouble(words.noticeSuperseded);
        break;
      case 'microphoneLost':
        calls.using.lose('microphone');
        break;
      case 'speakerLost':
        calls.using.lose('speaker');
        break;
      case 'microphoneUsed':
        if (!calls.using.use('microphone', notice.name)) break;
        desk.toast(words.noticeMicrophoneUsed(notice.name), { topic: 'microphone' });
        break;
      case 'speakerUsed':
        if (!calls.using.use('speaker', notice.name)) break;
        desk.toast(words.noticeSpeakerUsed(notice.name), { topic: 'speaker' });
        break;
      case 'noPicture':
      case 'noScreen':
      case 'cameraUsed':
        calls.video.hear(notice, calls.current !== null);
        break;
      case 'notRecorded':
        desk.trouble(words.noticeNotRecorded);
        break;
      case 'accepted':
        desk.toast(words.noticeAccepted(roster.nameOf(notice.buddy)), {
          topic: asked(roster.buddies.get(notice.buddy)?.name ?? ''),
          action: { label: words.message, run: () => (desk.open = notice.buddy) },
        });
        break;
    }
  }
}

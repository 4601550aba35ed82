// The calls there are, how they sound, and what one does with them: the engine's word, kept for drawing.
//
// One per window. A call is here as long as the engine says so; how one ended stays a few seconds longer.

import { createContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { CallPerson } from '../bridge/generated/CallPerson';
import type { CallQuality } from '../bridge/generated/CallQuality';
import type { CallView } from '../bridge/generated/CallView';
import type { Command } from '../bridge/generated/Command';
import type { EndReason } from '../bridge/generated/EndReason';
import type { Event } from '../bridge/generated/Event';
import type { Snapshot } from '../bridge/generated/Snapshot';
import type { SoundDevices } from '../bridge/generated/SoundDevices';
import type { SoundLevels } from '../bridge/generated/SoundLevels';
import type { SoundSettings } from '../bridge/generated/SoundSettings';
import type { SoundTest } from '../bridge/generated/SoundTest';
import type { TalkKeyState } from '../bridge/generated/TalkKeyState';
import { inWords } from '../session/refusals';
import type { Session } from '../session/session.svelte';
import type { Desk } from '../shared/desk.svelte';
import { preferences } from '../shared/preferences.svelte';
import { Company } from './company.svelte';
import type { Around } from './notes';
import { Using } from './using.svelte';
import { Video } from './video/video.svelte';

/** A call that is over, for as long as that is news. */
export type Ended = {
  call: string;
  buddy: string;
  reason: EndReason;
  /** Others were in it than the one I called or who called me. */
  several: boolean;
  /** I called, and nobody talked with me. */
  unanswered: boolean;
  /** With my camera. */
  video: boolean;
};

const QUIET: SoundLevels = { microphone: 0, speaking: [], speakingMuted: false };

export class Calls {
  /** By person. */
  readonly quality = new SvelteMap<string, CallQuality>();
  readonly company = new Company();
  readonly using = new Using(() => this.#all.length > 0);
  readonly video: Video;
  levels = $state.raw<SoundLevels>(QUIET);
  devices = $state.raw<SoundDevices | null>(null);
  /** The devices could not be asked for. */
  blind = $state(false);
  test = $state.raw<SoundTest | null>(null);
  ended = $state.raw<Ended | null>(null);
  /** How the key for talking stands that works while another window has the focus. */
  talkKey = $state.raw<TalkKeyState>({ type: 'unset' });
  #all = $state.raw<CallView[]>([]);
  #session: Session;
  #desk: Desk;
  #pushing = false;

  constructor(session: Session, desk: Desk) {
    this.#session = session;
    this.#desk = desk;
    this.video = new Video(session, desk);
  }

  /** Those that ring here. */
  get incoming(): CallView[] {
    return this.#all.filter((call) => call.stage === 'incoming');
  }

  /** The one that is heard, or will be: there is one at most. */
  get current(): CallView | null {
    const mine = this.#all.filter((call) => call.stage !== 'incoming');
    return mine.find((call) => !call.held) ?? mine[0] ?? null;
  }

  /** Those that are held while another one goes on. */
  get waiting(): CallView[] {
    const { current } = this;
    return this.#all.filter((call) => call.stage !== 'incoming' && call.id !== current?.id);
  }

  /** What is to be known in a call beside the call itself. */
  get around(): Around {
    const push = this.devices?.settings.pushToTalk === true;
    const { company, levels, using } = this;
    return { speakingMuted: levels.speakingMuted, push, lost: using.lost, parted: company.parted };
  }

  /** The call that somebody is in. */
  with(buddy: string): CallView | undefined {
    return this.#all.find((call) => call.people.some((person) => person.buddy === buddy));
  }

  load(snapshot: Snapshot): void {
    this.#all = snapshot.calls;
    this.#forget();
    if (this.#all.length === 0) this.using.over();
    if (this.#all.length === 0) this.video.over();
    if (snapshot.phase.type === 'open') return;
    this.ended = null;
    this.devices = null;
    this.video.devices = null;
    this.test = null;
    this.levels = QUIET;
  }

  apply(event: Event): void {
    switch (event.type) {
      case 'callChanged':
        this.#put(event.call);
        break;
      case 'callLeft':
        this.company.left(event);
        break;
      case 'callEnded':
        this.#end(event);
        break;
      case 'callQualityChanged':
        this.quality.set(event.quality.call, event.quality);
        break;
      case 'soundLevelsChanged':
        this.levels = event.levels;
        break;
      case 'soundDevicesChanged':
        this.devices = event.devices;
        this.blind = false;
        break;
      case 'videoDevicesChanged':
        this.video.know(event.devices);
        break;
      case 'soundTestChanged':
        this.test = event.test;
        if (event.test === 'done' || event.test === 'failed') this.levels = QUIET;
        break;
      default:
        break;
    }
  }

  /** Ask for the devices, where they are not known yet. */
  async lookForDevices(): Promise<void> {
    if (this.devices) return;
    try {
      this.devices ??= await this.#session.bridge.soundDevices();
      this.blind = false;
    } catch {
      this.blind = true;
    }
  }

  place(buddy: string, video = false): void {
    if (this.ended?.buddy === buddy) this.ended = null;
    void this.#do({ type: 'placeCall', buddy, video });
  }

  add(call: CallView, buddy: string): void {
    void this.#do({ type: 'addToCall', call: call.id, buddy });
  }

  letGo(person: CallPerson): void {
    void this.#do({ type: 'removeFromCall', person: person.id });
  }

  answer(call: CallView, video = false): void {
    if (video) preferences.hasCalledWithVideo = true;
    void this.#do({ type: 'answerCall', call: call.id, video });
  }

  decline(call: CallView): void {
    void this.#do({ type: 'declineCall', call: call.id });
  }

  hangUp(call: CallView): void {
    void this.#do({ type: 'hangUp', call: call.id });
  }

  hold(call: CallView, on: boolean): void {
    void this.#do({ type: 'holdCall', call: call.id, on });
  }

  /** My microphone off, or on again: then I also want to hear. */
  toggleMute(): void {
    const { current } = this;
    if (!current) return;
    if (current.deafened) void this.#do({ type: 'deafen', on: false });
    if (!current.deafened || current.muted) void this.#do({ type: 'mute', on: !current.muted });
  }

  toggleDeafen(): void {
    if (this.current) void this.#do({ type: 'deafen', on: !this.current.deafened });
  }

  /** The key for talking goes down or up. True where it means anything. */
  push(down: boolean): boolean {
    const { current } = this;
    const means = this.devices?.settings.pushToTalk === true && current !== null && !current.deafened;
    if (!means && !this.#pushing) return false;
    if (down === this.#pushing) return true;
    this.#pushing = down;
    void this.#do({ type: 'mute', on: !down });
    return true;
  }

  setVolume(person: CallPerson, percent: number): void {
    void this.#do({ type: 'setVolume', call: person.id, percent });
  }

  record(call: CallView, on: boolean): void {
    void this.#do({ type: 'recordCall', call: call.id, on });
  }

  setSound(difference: Partial<SoundSettings>): void {
    if (!this.devices) return;
    const settings = { ...this.devices.settings, ...difference };
    void this.#do({ type: 'setSound', settings });
  }

  tryOut(on: boolean): void {
    if (on) this.test = null;
    void this.#do({ type: 'testSound', on });
  }

  #put(call: CallView): void {
    const known = this.#all.find((one) => one.id === call.id);
    this.#all = known ? this.#all.map((one) => (one.id === call.id ? call : one)) : [...this.#all, call];
    this.#forget();
    if (this.ended?.buddy === call.buddy) this.ended = null;
    void this.lookForDevices();
  }

  #end({ call, buddy, reason }: Pick<Ended, 'call' | 'buddy' | 'reason'>): void {
    const known = this.#all.find((one) => one.id === call);
    const people = known?.people ?? [];
    const several = people.length > 1 || people.some((person) => person.name !== null);
    this.#all = this.#all.filter((one) => one.id !== call);
    this.#forget();
    const unanswered = known?.mine === true && known.talkingSinceMs === null;
    this.ended = { call, buddy, reason, several, unanswered, video: known?.shows === 'camera' };
    if (this.#all.length > 0) return;
    this.levels = QUIET;
    this.using.over();
    this.video.over();
    this.#pushing = false;
  }

  /** How it was with those who are in no call any more. */
  #forget(): void {
    const there = new Set(this.#all.flatMap((call) => call.people.map((person) => person.id)));
    for (const id of [...this.quality.keys()]) if (!there.has(id)) this.quality.delete(id);
  }

  /** What failed is said. */
  async #do(command: Command): Promise<void> {
    const { error } = await this.#session.ask(command);
    if (error) this.#desk.trouble(inWords(error));
  }
}

export const [useCalls, provideCalls] = createContext<Calls>();

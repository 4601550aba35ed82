// Cameras, what I show in a call, and how pictures are looked at in this window.
//
// What is shown is the engine's word, in the call itself; here is what it says of cameras and screens beside it, and
// what only this window knows: where my own picture is, whether pictures fill their frames, are folded away or full.

import type { Camera } from '../../bridge/generated/Camera';
import type { CameraTrouble } from '../../bridge/generated/CameraTrouble';
import type { CallView } from '../../bridge/generated/CallView';
import type { Command } from '../../bridge/generated/Command';
import type { Notice } from '../../bridge/generated/Notice';
import type { ScreenView } from '../../bridge/generated/ScreenView';
import type { Shows } from '../../bridge/generated/Shows';
import type { SmallWish } from '../../bridge/generated/SmallWish';
import type { VideoDevices } from '../../bridge/generated/VideoDevices';
import { inWords } from '../../session/refusals';
import type { Session } from '../../session/session.svelte';
import type { Desk } from '../../shared/desk.svelte';
import { words } from '../../shared/words';
import type { Corner } from './layout';

/** Long enough to read a sentence while talking, in ms. */
const STAY = 8000;

export type VideoNotice = Extract<Notice, { type: 'noPicture' | 'noScreen' | 'cameraUsed' }>;

export class Video {
  devices = $state.raw<VideoDevices | null>(null);
  /** The cameras could not be asked for. */
  blind = $state(false);
  /** Why there is no picture of mine. */
  trouble = $state<CameraTrouble | null>(null);
  /** I look at myself, and nobody else does. */
  previewing = $state(false);
  /** This system's screen can be shown, as far as is known. */
  canShare = $state(true);
  /** The window that is shown; null for a whole screen. */
  shared = $state<string | null>(null);
  /** That it can't is news. */
  screenRefused = $state(false);
  /** Pictures fill their frames; null where nobody has chosen. */
  fill = $state<boolean | null>(null);
  folded = $state(false);
  full = $state(false);
  corner = $state<Corner>('bottomRight');
  mineHidden = $state(false);
  /** The pictures are in the small window. */
  inSmall = $state(false);
  #session: Session;
  #desk: Desk;
  #looking = false;

  constructor(session: Session, desk: Desk) {
    this.#session = session;
    this.#desk = desk;
  }

  /** Null where they are not known. */
  get cameras(): Camera[] | null {
    return this.devices?.cameras ?? null;
  }

  /** Ask for the cameras, where they are not known yet. */
  async look(): Promise<void> {
    if (this.devices || this.#looking) return;
    this.#looking = true;
    try {
      const devices = await this.#session.bridge.videoDevices();
      this.devices ??= devices;
      this.blind = false;
    } catch {
      this.blind = true;
    }
    this.#looking = false;
  }

  know(devices: VideoDevices): void {
    this.devices = devices;
    this.blind = false;
    if (this.trouble === 'none' && devices.cameras.length > 0) this.trouble = null;
  }

  hear(notice: VideoNotice, inCall: boolean): void {
    switch (notice.type) {
      case 'noPicture':
        if (inCall || this.previewing) this.trouble = notice.why;
        break;
      case 'noScreen':
        this.canShare = false;
        this.screenRefused = true;
        setTimeout(() => (this.screenRefused = false), STAY);
        break;
      case 'cameraUsed':
        this.trouble = null;
        if (inCall) this.#desk.toast(words.noticeCameraUsed(notice.name), { topic: 'camera' });
        break;
    }
  }

  choose(camera: string | null): void {
    this.trouble = null;
    void this.#do({ type: 'setVideo', settings: { screen: null, ...this.devices?.settings, camera } });
  }

  /** What of this system can be shown now: whole screens, and windows. None where it can't be asked. */
  async screens(): Promise<ScreenView[]> {
    try {
      this.know(await this.#session.bridge.videoDevices());
    } catch {
      return [];
    }
    return this.devices?.screens ?? [];
  }

  /** Show one of them. Where it can't be chosen nothing is shown, lest it be another. */
  async share(call: CallView, screen: ScreenView): Promise<void> {
    this.shared = screen.isWindow ? screen.name : null;
    const settings = { camera: null, ...this.devices?.settings, screen: screen.id };
    if (await this.#do({ type: 'setVideo', settings })) this.show(call, 'screen');
  }

  show(call: CallView, shows: Shows): void {
    this.trouble = null;
    void this.#do({ type: 'showInCall', call: call.id, shows });
  }

  /** What is wished of the small window. */
  small(wish: SmallWish): void {
    if (wish === 'open') this.full = false;
    void this.#session.bridge.small(wish).catch(() => undefined);
  }

  async preview(on: boolean): Promise<void> {
    this.previewing = on;
    this.trouble = null;
    const { error } = await this.#session.ask({ type: 'testVideo', on });
    if (error?.code === 'noCamera') this.trouble = 'none';
    else if (error) this.#desk.trouble(inWords(error));
  }

  /** There is no call any more. */
  over(): void {
    this.full = false;
    this.folded = false;
    this.screenRefused = false;
    if (!this.previewing) this.trouble = null;
  }

  /** What failed is said. */
  async #do(command: Command): Promise<boolean> {
    const { error } = await this.#session.ask(command);
    if (error?.code === 'noCamera') this.trouble = 'none';
    else if (error) this.#desk.trouble(inWords(error));
    return error === null;
  }
}

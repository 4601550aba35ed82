// Cameras, what I show in a call, and how pictures are looked at in this window.
//
// What is shown is the engine's word, in the call itself; here is what it says of cameras and screens beside it, and
// what only this window knows: where my own picture is, whether pictures fill their frames, are folded away or full.

import type { Camera } from '../../bridge/generated/Camera';
import type { CameraTrouble } from '../../bridge/generated/CameraTrouble';
import type { CallView } from '../../bridge/generated/CallView';
import type { Command } from '../../bridge/generated/Command';
import type { Notice } from '../../bridge/generated/Notice';
import type { ScreenArea } from '../../bridge/generated/ScreenArea';
import type { ScreenView } from '../../bridge/generated/ScreenView';
import type { Shows } from '../../bridge/generated/Shows';
import type { SmallWish } from '../../bridge/generated/SmallWish';
import type { VideoDevices } from '../../bridge/generated/VideoDevices';
import { inWords } from '../../session/refusals';
import type { Session } from '../../session/session.svelte';
import type { Desk } from '../../shared/desk.svelte';
import { preferences } from '../../shared/preferences.svelte';
import { words } from '../../shared/words';
import { CORNERS, type Corner } from './layout';

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
  /** What of my screen is shown, in words. */
  shared = $state(words.sharedScreen);
  /** That nothing of it can be shown is news. */
  screenRefused = $state(false);
  folded = $state(false);
  full = $state(false);
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

  /** Pictures fill their frames; null where nobody has chosen. */
  get fill(): boolean | null {
    return preferences.fill;
  }

  set fill(fill: boolean) {
    preferences.fill = fill;
  }

  /** Where my own picture is. */
  get corner(): Corner {
    return CORNERS.find((corner) => corner === preferences.corner) ?? 'bottomRight';
  }

  set corner(corner: Corner) {
    preferences.corner = corner;
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
    void this.#do({
      type: 'setVideo',
      settings: { screen: null, area: null, ...this.devices?.settings, camera },
    });
  }

  /** Ask for what there is now, which comes and goes; false where it can't be asked. */
  async lookAgain(): Promise<boolean> {
    try {
      this.know(await this.#session.bridge.videoDevices());
      return true;
    } catch {
      return false;
    }
  }

  /** What of this system can be shown now: whole screens, and windows. None where it can't be asked. */
  async screens(): Promise<ScreenView[]> {
    return (await this.lookAgain()) ? (this.devices?.screens ?? []) : [];
  }

  /** Show one of them, or a part of it. Where it can't be chosen nothing is shown, lest it be another. */
  async share(call: CallView, screen: ScreenView, area: ScreenArea | null): Promise<void> {
    if (screen.isWindow) this.shared = words.sharedWindow(screen.name);
    else this.shared = area ? words.sharedArea : words.sharedScreen;
    const settings = { camera: null, ...this.devices?.settings, screen: screen.id, area };
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

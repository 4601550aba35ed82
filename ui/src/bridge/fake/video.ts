// The fake's cameras and screens: which there are, what goes wrong with them, and what is seen by them.

import type { Picture } from '../bridge';
import type { Camera } from '../generated/Camera';
import type { CameraTrouble } from '../generated/CameraTrouble';
import type { Reply } from '../generated/Reply';
import type { Shows } from '../generated/Shows';
import type { ScreenTrouble } from '../generated/ScreenTrouble';
import type { ScreenView } from '../generated/ScreenView';
import type { VideoDevices } from '../generated/VideoDevices';
import type { VideoSettings } from '../generated/VideoSettings';
import { DONE, type Stage } from './stage';
import { face, screen } from './testcard';

export const TROUBLES: readonly CameraTrouble[] = ['none', 'busy', 'refused', 'gone', 'broken'];

/** Between two pictures, in ms: thirty a second. */
const BETWEEN = 33;
/** How long one waits for a picture that doesn't come, in ms. */
const PATIENCE = 1000;

export class Video {
  cameras: Camera[] = [
    { id: 'cam-1', name: 'Built-in camera' },
    { id: 'cam-2', name: 'Camera of the long-named maker, model 7 (USB 3.0)' },
  ];
  screens: ScreenView[] = [
    { id: 'monitor:one', name: 'DP-1 (1920x1080)', isWindow: false, width: 1920, height: 1080 },
    { id: 'window:1', name: 'Holiday plans.odt', isWindow: true, width: 900, height: 1100 },
  ];
  settings: VideoSettings = { camera: null, screen: null, area: null };
  /** Why no monitor can be shown. */
  screenTrouble: ScreenTrouble | null = null;
  /** What is wrong with my camera. */
  trouble: CameraTrouble | null = null;
  /** This system's screen can be shown. */
  canShare = true;
  testing = false;
  /** How often somebody's picture was asked for, by person. */
  readonly asked = new Map<string, number>();
  /** Nothing comes, though it is shown: the line is too narrow. */
  frozen = false;
  /** What is seen of somebody in a call, and of me: nothing where it is not known. */
  shownBy: (person: string) => Shows = () => 'nothing';
  /** I am filmed for a memo; one plays. */
  filming: () => boolean = () => false;
  memo: () => boolean = () => false;
  /** What is mine is seen no more, and others are told. */
  blind: () => void = () => undefined;
  readonly #stage: Stage;
  readonly #began = performance.now();
  readonly #numbers = new Map<string, number>();
  /** When each one's last picture was taken. */
  readonly #given = new Map<string, number>();
  #captured = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  all(): VideoDevices {
    const { cameras, screens, screenTrouble, settings } = this;
    return structuredClone({ cameras, screens, screenTrouble, settings });
  }

  set(settings: VideoSettings): Reply {
    this.settings = settings;
    this.#tell();
    return DONE;
  }

  /** No monitor can be shown from here on, and no window but this. */
  withoutScreens(why: ScreenTrouble, windows: ScreenView[] = []): void {
    this.screens = windows;
    this.screenTrouble = why;
  }

  /** What is on a screen now. */
  async look(id: string): Promise<Picture | null> {
    await this.#stage.wait(40);
    if (!this.screens.some((one) => one.id === id)) return null;
    return screen(this.#captured, performance.now() - this.#began);
  }

  /** No camera is there from here on. */
  unplug(): void {
    this.cameras = [];
    this.#tell();
  }

  test(on: boolean): Reply {
    this.testing = on;
    if (on) this.open();
    return DONE;
  }

  /** My camera is to be used: says so where it can't be. */
  open(): boolean {
    if (this.cameras.length === 0) this.trouble = 'none';
    if (this.trouble === null) return true;
    this.#stage.tell({ type: 'notice', notice: { type: 'noPicture', why: this.trouble } });
    if (this.trouble === 'none' || this.trouble === 'refused') this.blind();
    return false;
  }

  /** My screen is to be shown: says so where it can't be. */
  openScreen(): boolean {
    if (!this.canShare) this.#stage.tell({ type: 'notice', notice: { type: 'noScreen' } });
    return this.canShare;
  }

  async next(person: string, after: number | null): Promise<Picture | null> {
    this.asked.set(person, (this.asked.get(person) ?? 0) + 1);
    const shows = this.#seen(person);
    const still = this.frozen && person !== 'me' && after !== null;
    if (shows === 'nothing' || still) {
      await this.#stage.wait(PATIENCE);
      return null;
    }
    const now = performance.now();
    const due = Math.max(now, (this.#given.get(person) ?? 0) + BETWEEN);
    this.#given.set(person, due);
    await this.#stage.wait(due - now);
    const ms = performance.now() - this.#began;
    this.#captured = Math.max(this.#captured + 1, Math.round(ms * 1000));
    if (shows === 'screen') return screen(this.#captured, ms);
    return face(this.#captured, ms, this.#numberOf(person));
  }

  #seen(person: string): Shows {
    if (person === 'memo') return this.memo() ? 'camera' : 'nothing';
    if (person !== 'me') return this.shownBy(person);
    const shows = this.testing || this.filming() ? 'camera' : this.shownBy('me');
    return shows === 'camera' && this.trouble !== null ? 'nothing' : shows;
  }

  #numberOf(person: string): number {
    const known = this.#numbers.get(person) ?? this.#numbers.size;
    this.#numbers.set(person, known);
    return known;
  }

  #tell(): void {
    this.#stage.tell({ type: 'videoDevicesChanged', devices: this.all() });
  }
}

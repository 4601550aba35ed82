// The fake's microphones and loudspeakers, and what is heard with them: levels, the test, and how a call is.

import type { CallQuality } from '../generated/CallQuality';
import type { CallView } from '../generated/CallView';
import type { Reply } from '../generated/Reply';
import type { SoundDevices } from '../generated/SoundDevices';
import type { SoundSettings } from '../generated/SoundSettings';
import type { SoundTest } from '../generated/SoundTest';
import { DONE, refused, type Stage } from './stage';

/** How often levels are told, in ms, and after how many of them how the call is. */
const TICK = 100;
const TICKS_A_SECOND = 10;
/** How long the test records, and how long it plays, in ms. */
const TEST = 5000;

type Figures = Partial<Omit<CallQuality, 'call'>> & Pick<CallQuality, 'verdict'>;

/** How a call goes, ten seconds each. */
const WEATHER: Figures[] = [
  { verdict: 'good' },
  { verdict: 'theirsIsLost', lostFromThem: 8.2, jitterMs: 31, delayMs: 140 },
  { verdict: 'good' },
  { verdict: 'mineIsLost', lostToThem: 12.4 },
  { verdict: 'bothAreLost', lostFromThem: 9, lostToThem: 14, rttMs: 210, jitterMs: 46 },
  { verdict: 'slow', rttMs: 640, delayMs: 410 },
  { verdict: 'silent', rttMs: null },
];

export function qualityOf(call: string, figures: Figures): CallQuality {
  return {
    call,
    rttMs: 34,
    lostFromThem: 0.2,
    lostToThem: 0.4,
    jitterMs: 4,
    delayMs: 62,
    kbitS: 31,
    relayed: false,
    fromThem: null,
    toThem: null,
    ...figures,
  };
}

export class Sounds {
  devices: Omit<SoundDevices, 'settings'> = {
    microphones: [
      { id: 'mic-1', name: 'Built-in microphone', isDefault: true },
      { id: 'mic-2', name: 'Headset of the long-named maker, model 7 (USB)', isDefault: false },
    ],
    speakers: [
      { id: 'out-1', name: 'Built-in loudspeakers', isDefault: true },
      { id: 'out-2', name: 'Headset of the long-named maker, model 7 (USB)', isDefault: false },
    ],
  };
  settings: SoundSettings = {
    microphone: null,
    speaker: null,
    echoCancellation: true,
    noiseSuppression: true,
    gainControl: true,
    pushToTalk: false,
    pushToTalkKey: null,
    sounds: true,
  };
  /** The call that is heard, where there is one. */
  call: () => CallView | undefined = () => undefined;
  readonly #stage: Stage;
  #test: SoundTest | null = null;
  #clock: ReturnType<typeof setInterval> | null = null;
  #ticks = 0;
  #tries = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  all(): SoundDevices {
    return structuredClone({ ...this.devices, settings: this.settings });
  }

  set(settings: SoundSettings): Reply {
    this.settings = settings;
    this.#stage.tell({ type: 'soundDevicesChanged', devices: this.all() });
    return DONE;
  }

  /** Everything is pulled out. */
  unplug(): void {
    this.devices = { microphones: [], speakers: [] };
    this.#stage.tell({ type: 'soundDevicesChanged', devices: this.all() });
  }

  test(on: boolean): Reply {
    if (on && this.call()) throw refused('inCall');
    this.#tries += 1;
    if (on) void this.#try(this.#tries);
    else if (this.#test === 'recording' || this.#test === 'playing') this.#tell('done');
    return DONE;
  }

  /** Levels and figures move from here on, as long as somebody is heard. */
  live(): void {
    if (this.#clock !== null || this.#stage.pace === 0) return;
    this.#clock = setInterval(() => this.#tick(), TICK);
  }

  async #try(mine: number): Promise<void> {
    if (this.devices.microphones.length === 0) return this.#tell('failed');
    this.#tell('recording');
    if (this.#stage.pace === 0) return;
    this.live();
    await this.#stage.wait(TEST);
    if (this.#tries === mine) this.#tell('playing');
    await this.#stage.wait(TEST);
    if (this.#tries === mine) this.#tell('done');
  }

  #tell(test: SoundTest): void {
    this.#test = test;
    this.#stage.tell({ type: 'soundTestChanged', test });
  }

  #tick(): void {
    const call = this.call();
    if (!call && this.#test !== 'recording' && this.#test !== 'playing') {
      if (this.#clock !== null) clearInterval(this.#clock);
      this.#clock = null;
      return;
    }
    this.#ticks += 1;
    const speaking = this.#ticks % 70 < 42;
    const loud = speaking ? 0.25 + 0.5 * Math.abs(Math.sin(this.#ticks / 2.3)) * Math.random() : 0.02;
    const off = call !== undefined && (call.muted || call.deafened);
    this.#stage.tell({
      type: 'soundLevelsChanged',
      levels: {
        microphone: off ? 0 : loud,
        speaking: call && this.#ticks % 70 > 46 ? speakerOf(call, Math.floor(this.#ticks / 70)) : [],
        speakingMuted: off && speaking,
      },
    });
    if (!call || this.#ticks % TICKS_A_SECOND !== 0) return;
    const now = WEATHER[Math.floor(this.#ticks / 100) % WEATHER.length] ?? { verdict: 'good' };
    const [first, ...others] = call.people;
    if (first) this.#stage.tell({ type: 'callQualityChanged', quality: qualityOf(first.id, now) });
    for (const one of others)
      this.#stage.tell({ type: 'callQualityChanged', quality: qualityOf(one.id, { verdict: 'good' }) });
  }
}

/** One after the other speaks, of those who can be heard. */
function speakerOf(call: CallView, turn: number): string[] {
  const able = call.people.filter((one) => one.stage === 'talking' && !one.muted && !one.held);
  const speaker = able[turn % able.length];
  return speaker ? [speaker.id] : [];
}

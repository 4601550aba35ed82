// Which microphone and which loudspeaker a call goes by, as far as that is news: one that went, one that took its place.

export type Device = 'microphone' | 'speaker';

export class Using {
  /** Those that went while somebody was to be heard. */
  readonly lost = $state<Record<Device, boolean>>({ microphone: false, speaker: false });
  #names: Partial<Record<Device, string>> = {};
  #inCall: () => boolean;

  constructor(inCall: () => boolean) {
    this.#inCall = inCall;
  }

  lose(device: Device): void {
    if (this.#inCall()) this.lost[device] = true;
  }

  /** One is spoken into or heard by. True where it takes the place of another, or of none: the first is no news. */
  use(device: Device, name: string): boolean {
    if (!this.#inCall()) return false;
    const before = this.#names[device];
    const news = this.lost[device] || (before !== undefined && before !== name);
    this.#names[device] = name;
    this.lost[device] = false;
    return news;
  }

  /** There is no call any more. */
  over(): void {
    this.lost.microphone = false;
    this.lost.speaker = false;
    this.#names = {};
  }
}

// Who leaves a call of several, or doesn't come into it: said in a few words for a while.
//
// The call itself goes on, so nothing here changes it. That somebody comes or goes the engine lets be heard.

import type { EndReason } from '../bridge/generated/EndReason';

/** One of several who is gone, or didn't come. */
export type Parted = { call: string; buddy: string; name: string | null; reason: EndReason };

/** Long enough to read a few words while listening, in ms. */
const STAY = 7000;

export class Company {
  /** The news of the last seconds, the newest last. */
  parted = $state.raw<Parted[]>([]);

  left({ call, buddy, name, reason }: Parted): void {
    const parted = { call, buddy, name, reason };
    this.parted = [...this.parted.filter((one) => one.call !== call || one.buddy !== buddy), parted];
    setTimeout(() => (this.parted = this.parted.filter((one) => one !== parted)), STAY);
  }
}

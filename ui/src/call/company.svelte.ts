// Who comes into a call of several and who goes: heard as a soft sound, and said in a few words for a while.
//
// The call itself goes on, so nothing here changes it.

import type { CallView } from '../bridge/generated/CallView';
import type { EndReason } from '../bridge/generated/EndReason';
import { joined, left } from '../shared/sounds';

/** One of several who is gone, or didn't come. */
export type Parted = { call: string; buddy: string; name: string | null; reason: EndReason };

/** Long enough to read a few words while listening, in ms. */
const STAY = 7000;
/** For so long after I came in, the others are brought together: they were there before me, in ms. */
const SETTLING = 3000;

export class Company {
  /** The news of the last seconds, the newest last. */
  parted = $state.raw<Parted[]>([]);
  /** Everyone who has been heard, by their id in a call. A line that breaks and comes again is no new arrival. */
  #came = new Set<string>();

  changed(before: CallView | undefined, call: CallView): void {
    const since = before?.talkingSinceMs ?? null;
    const settled = since !== null && Date.now() - since > SETTLING;
    const fresh = call.people.filter((one) => one.stage === 'talking' && !this.#came.has(one.id));
    for (const one of fresh) this.#came.add(one.id);
    if (settled && !call.held && fresh.length > 0 && call.people.length > 1) joined();
  }

  left({ call, buddy, name, reason }: Parted): void {
    const parted = { call, buddy, name, reason };
    this.parted = [...this.parted.filter((one) => one.call !== call || one.buddy !== buddy), parted];
    setTimeout(() => (this.parted = this.parted.filter((one) => one !== parted)), STAY);
    if (reason === 'remoteHangUp' || reason === 'connectionLost') left();
  }
}

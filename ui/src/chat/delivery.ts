// What became of a message, in words.

import type { Delivery } from '../bridge/generated/Delivery';
import { moment } from '../shared/time';
import { words } from '../shared/words';

export function shortly(delivery: Delivery): string {
  switch (delivery.type) {
    case 'queued':
      return words.queued;
    case 'posted':
      return words.posted;
    case 'sent':
      return words.sent;
    case 'delivered':
      return words.delivered;
    case 'read':
      return words.read;
    case 'refused':
      return words.refused;
    case 'cancelled':
      return words.cancelled;
  }
}

export function explained(delivery: Delivery, name: string): string {
  switch (delivery.type) {
    case 'queued':
      return words.waiting[delivery.why](name);
    case 'posted':
      return words.postedHint(name, moment(delivery.atMs));
    case 'sent':
      return words.sentHint(delivery.route === 'direct' ? words.direct : words.relayed);
    case 'delivered':
      return words.deliveredHint(name, moment(delivery.atMs));
    case 'read':
      return words.readHint(name, moment(delivery.atMs));
    case 'refused':
      return words.refusedHint(name);
    case 'cancelled':
      return words.cancelledHint(name);
  }
}

/** Whether it can still be taken back. */
export const cancellable = (delivery: Delivery): boolean =>
  delivery.type === 'queued' || delivery.type === 'posted';

/** When it is tried again; empty where nobody knows, or where it is not about time. */
export function nextTry(delivery: Delivery, now: number): string {
  if (delivery.type !== 'queued' || delivery.nextTryMs === null) return '';
  const seconds = Math.ceil((delivery.nextTryMs - now) / 1000);
  if (seconds <= 0) return words.tryingNow;
  return seconds < 90 ? words.nextTryIn(seconds) : words.nextTryAt(moment(delivery.nextTryMs));
}

/** The stations on the way that a message is at or has passed, and those before it. */
export function stations(delivery: Delivery, name: string): { label: string; reached: boolean }[] {
  const far = { queued: 0, posted: 1, sent: 0, delivered: 2, read: 3, refused: 0, cancelled: 0 }[
    delivery.type
  ];
  const mailbox = delivery.type === 'posted';
  return [
    { label: words.stationHere, reached: true },
    ...(mailbox ? [{ label: words.stationMailbox(name), reached: true }] : []),
    { label: words.stationThere(name), reached: far >= 2 },
    { label: words.stationRead, reached: far >= 3 },
  ];
}

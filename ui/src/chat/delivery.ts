// What became of a message, in words.

import type { Delivery } from '../bridge/generated/Delivery';
import { moment } from '../shared/time';
import { words } from '../shared/words';

export function shortly(delivery: Delivery): string {
  switch (delivery.type) {
    case 'queued':
      return words.queued;
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

// The fake's people on a good day: for pictures, not for tripping layouts.

import type { BuddyView } from '../generated/BuddyView';
import type { Delivery } from '../generated/Delivery';
import type { MessageView } from '../generated/MessageView';
import { buddy, message } from './cast';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export function showcaseBuddies(): BuddyView[] {
  const gone = (hours: number): Partial<BuddyView> => ({
    state: 'offline',
    lastSeenMs: Date.now() - hours * HOUR,
  });
  return [
    buddy('mira', {
      alias: 'Mira Okonkwo',
      statusText: 'at the desk until six',
      canVideo: true,
      verified: true,
    }),
    buddy('jonas', { alias: 'Jonas', statusText: 'in a call', state: 'busy', canVideo: true }),
    buddy('elif', { alias: 'Elif', statusText: 'marmalade day 🍊', unread: 2 }),
    buddy('mohamed', { alias: 'محمد', statusText: 'في المكتب اليوم', canVideo: true }),
    buddy('priya', { alias: 'Priya Raman', statusText: 'lunch', state: 'away', canVideo: true }),
    buddy('tom', { alias: 'Tom', statusText: 'on the train', route: 'relayed' }),
    buddy('nora', { alias: 'Nora Lind', verified: true, canVideo: true }),
    buddy('hugo', { alias: 'Hugo', state: 'connecting' }),
    buddy('ines', { alias: 'Ines', ...gone(4), unread: 1 }),
    buddy('kofi', { alias: 'Kofi', ...gone(26) }),
    buddy('lena', { alias: 'Lena', ...gone(50) }),
    buddy('oskar', { relation: 'asked', state: 'offline', lastSeenMs: null }),
  ];
}

export function showcaseTalk(who: BuddyView): MessageView[] {
  const now = Date.now();
  const say = (mine: boolean, text: string, minutes: number, delivery?: Delivery): MessageView =>
    message(who, mine, text, now - minutes * MINUTE, delivery);
  return [
    say(false, 'are you coming to the market tomorrow?', 1_563),
    say(false, 'the stall with the bergamots is back', 1_562.6),
    say(true, 'wouldn’t miss it', 1_560),
    say(true, '🍋', 1_559.8),
    say(false, 'Here is the map: https://example.org/market?stall=42', 42.4),
    say(false, 'the north gate is closed, though', 42),
    say(true, '> the north gate is closed\nthen the tram side. Eight?', 41),
    say(
      false,
      'Eight is good. And your script has a bug:\n```\nfor slice in orange:\n    squeeze(slice)\n    drink()\n```\n`drink()` belongs outside the loop.',
      12,
    ),
    say(true, 'oh. That explains the kitchen.', 11),
    say(false, '😂', 10.8),
    say(true, 'See you at eight, I’ll bring the crate', 1, { type: 'delivered', atMs: now - MINUTE }),
  ];
}

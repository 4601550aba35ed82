// The fake's people: a cast with the names that layouts trip over, and what they have said.

import type { BuddyState } from '../generated/BuddyState';
import type { BuddyView } from '../generated/BuddyView';
import type { Delivery } from '../generated/Delivery';
import type { MessageView } from '../generated/MessageView';
import { read } from './prose';
import type { Past } from './talk';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stable id of 64 hex digits for a name. */
export function idFor(name: string): string {
  let hash = 2166136261;
  let id = '';
  for (let round = 0; id.length < 64; round++) {
    for (const character of `${name}${round}`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
    }
    id += hash.toString(16).padStart(8, '0');
  }
  return id.slice(0, 64);
}

export function buddy(name: string, more: Partial<BuddyView> = {}): BuddyView {
  const state: BuddyState = more.state ?? 'here';
  const linked = state === 'here' || state === 'away' || state === 'busy';
  return {
    id: idFor(name),
    name,
    alias: '',
    relation: 'buddy',
    state,
    statusText: '',
    canVoice: linked,
    canVideo: false,
    verified: false,
    keyAlarm: false,
    route: linked ? 'direct' : null,
    typing: false,
    unread: 0,
    lastSeenMs: linked ? null : Date.now() - 3 * HOUR,
    lastMessageMs: null,
    place: { group: null, favourite: false },
    notes: '',
    ...more,
  };
}

export function fewBuddies(): BuddyView[] {
  return [
    buddy('mira', {
      alias: 'Mira Okonkwo',
      statusText: 'at the desk until six',
      canVideo: true,
      verified: true,
    }),
    buddy('jonas', { statusText: 'deploying, wish me luck', state: 'busy', canVideo: true }),
    buddy('Al', { statusText: 'reading', unread: 2 }),
    buddy('محمد', { statusText: 'في المكتب اليوم', route: 'relayed' }),
    buddy('👩‍🚀', { statusText: 'somewhere over the Pacific', state: 'away', canVideo: true }),
    buddy('priya', { state: 'connecting', statusText: '' }),
    buddy('Wolfeschlegelsteinhausenbergerdorff', {
      alias: '',
      state: 'away',
      statusText: 'lunch, then the long meeting about the longer meeting',
    }),
    buddy('tom', { state: 'reconnecting', statusText: 'on the train' }),
    buddy('ines', { state: 'offline', lastSeenMs: Date.now() - 26 * HOUR, unread: 1 }),
    buddy('kofi', { state: 'offline', lastSeenMs: Date.now() - 5 * DAY }),
    buddy('lena', { state: 'offline', keyAlarm: true }),
    buddy('oskar', { relation: 'asked', state: 'offline', lastSeenMs: null }),
    buddy('spam4u', { relation: 'blocked', state: 'offline', lastSeenMs: null }),
    buddy('rue', { relation: 'former', state: 'offline', lastSeenMs: null }),
  ];
}

const GIVEN =
  'Ada Ben Cleo Dario Elif Finn Greta Hugo Ida Jun Kira Levi Mona Nils Olga Pia Quinn Rosa Sami Tove'.split(
    ' ',
  );
const FAMILY = 'Abel Brandt Costa Demir Eriksen Fischer Garcia Haas Ito Jansen'.split(' ');
const MOODS = [
  '',
  'coffee first',
  'heads down',
  '',
  'home office',
  'back at three',
  '',
  'say hi',
  'music on',
  '',
];
const STATES: BuddyState[] = [
  'here',
  'offline',
  'away',
  'here',
  'offline',
  'busy',
  'here',
  'offline',
  'here',
  'away',
];

/** Two hundred buddies. */
export function manyBuddies(): BuddyView[] {
  return FAMILY.flatMap((family, row) =>
    GIVEN.map((given, column) => {
      const state = STATES[(row * 3 + column) % STATES.length] ?? 'here';
      const statusText = state === 'offline' ? '' : (MOODS[(row + column * 7) % MOODS.length] ?? '');
      return buddy(`${given.toLowerCase()}.${family.toLowerCase()}`, {
        alias: `${given} ${family}`,
        state,
        statusText,
        canVideo: column % 3 === 0,
        unread: column === 4 && row < 2 ? row + 3 : 0,
      });
    }),
  );
}

const SMALL_TALK = [
  'morning!',
  'did the build go through?',
  'yes, ten minutes ago. Green all the way.',
  'lovely',
  'I moved the review to two, hope that works for everybody on the other side of the ocean',
  'works for me',
  'have you seen https://example.org/recipes/blood-orange-cake(new)?',
  '🍊🍊',
  'haha, exactly',
  'bringing one on Friday',
];

/** The clock's part of a message: 16 hex digits. */
export function orderAt(ms: number, count: number): string {
  return Math.round(ms).toString(16).padStart(12, '0') + count.toString(16).padStart(4, '0');
}

let counter = 0;

export function message(
  who: BuddyView,
  mine: boolean,
  text: string,
  sentMs: number,
  delivery?: Delivery,
): MessageView {
  counter += 1;
  return {
    id: counter.toString(16).padStart(32, '0'),
    buddy: who.id,
    mine,
    text,
    ...read(text),
    sentMs,
    order: orderAt(sentMs, counter % 65536),
    delivery: mine ? (delivery ?? { type: 'read', atMs: sentMs + 4000 }) : null,
    quote: null,
    edited: false,
    deleted: false,
    reactions: [],
    file: null,
    call: null,
    unsupported: false,
  };
}

/** A past of so many messages, each made up when it is looked at, one every few minutes until an hour ago. */
export function longPast(who: BuddyView, count: number): Past {
  const now = Date.now();
  return {
    count,
    make: (n) => {
      const sentMs = now - HOUR - (count - n) * 4 * MINUTE;
      const text = `${SMALL_TALK[n % SMALL_TALK.length] ?? ''}${n % 97 === 0 ? ` That was number ${n}.` : ''}`;
      const said = message(who, n % 5 > 2, text, sentMs);
      return { ...said, id: `a${n.toString(16).padStart(31, '0')}`, order: orderAt(sentMs, 0) };
    },
    numberOf: (id) => {
      const n = id.startsWith('a') ? parseInt(id.slice(1), 16) : -1;
      return n < count ? n : -1;
    },
  };
}

/** Idle chatter, one message every few minutes, ending an hour ago. */
export function chatter(who: BuddyView, count: number): MessageView[] {
  const start = Date.now() - HOUR - count * 4 * MINUTE;
  return Array.from({ length: count }, (_, n) => {
    const pause = n % 10 < 3 ? 20_000 * (n % 10) : 0;
    return message(who, n % 5 > 2, SMALL_TALK[n % SMALL_TALK.length] ?? '', start + n * 4 * MINUTE - pause);
  });
}

/** A conversation that shows what messages can be. */
export function showpiece(who: BuddyView): MessageView[] {
  const now = Date.now();
  const yesterday = now - DAY;
  const say = (mine: boolean, text: string, ms: number, delivery?: Delivery): MessageView =>
    message(who, mine, text, ms, delivery);
  return [
    say(false, 'are you coming to the market tomorrow?', yesterday - 3 * MINUTE),
    say(false, 'the stall with the bergamots is back', yesterday - 2.6 * MINUTE),
    say(true, "wouldn't miss it", yesterday - 2 * MINUTE),
    say(true, '🍋', yesterday - 1.8 * MINUTE),
    say(false, 'Here is the map: https://example.org/market?stall=42, the north gate is closed.', yesterday),
    say(true, '> the north gate is closed\nthen the tram side. Eight?', now - 42 * MINUTE),
    say(
      false,
      'Eight is good. Bring the script, it has a bug:\n```\nfor slice in orange:\n    squeeze(slice)\n    drink()\n```\n`drink()` belongs outside the loop.',
      now - 40 * MINUTE,
    ),
    say(true, 'oh. That explains the kitchen.', now - 38 * MINUTE),
    say(false, '😂😂', now - 37.8 * MINUTE),
    say(true, 'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(3), now - 12 * MINUTE, {
      type: 'delivered',
      atMs: now - 11 * MINUTE,
    }),
    say(false, 'مرحبا، كيف حالك اليوم؟', now - 9 * MINUTE),
    say(true, 'أنا بخير، شكرا', now - 8.8 * MINUTE, { type: 'delivered', atMs: now - 8 * MINUTE }),
    say(true, 'see you there', now - 2 * MINUTE, { type: 'sent', route: 'direct' }),
  ];
}

/** Somebody who wrote a lot at once. */
export function longRead(who: BuddyView): MessageView[] {
  const paragraph =
    'The trick with marmalade is to let the pith soak overnight, because everything that makes it set is in there. ';
  return [
    message(who, false, paragraph.repeat(90), Date.now() - 50 * MINUTE),
    message(who, true, paragraph.repeat(12), Date.now() - 30 * MINUTE),
    message(who, false, `https://example.org/${'very-long-path/'.repeat(20)}`, Date.now() - 20 * MINUTE),
  ];
}

// Turns a row of messages into what is drawn: day lines, the unread line, and groups by author and minute.
//
// A group that did not change is the same object as before, so that drawing touches only what is new.

import type { MessageView } from '../bridge/generated/MessageView';
import { dayOf } from '../shared/time';

/** Messages of one author closer than this stand together, in ms. */
const TOGETHER = 60_000;
/** A pause after which the time is shown without asking, in ms. */
const PAUSE = 10 * 60_000;

export type Item =
  | { kind: 'day'; key: string; ms: number }
  | { kind: 'unread'; key: string }
  | { kind: 'group'; key: string; mine: boolean; timed: boolean; messages: MessageView[] };

type Group = Extract<Item, { kind: 'group' }>;

export function itemsOf(messages: MessageView[], firstUnread: string | null, known: Item[]): Item[] {
  const items: Item[] = [];
  let last: MessageView | null = null;
  let group: Group | null = null;
  for (const message of messages) {
    const newDay = last === null || dayOf(last.sentMs) !== dayOf(message.sentMs);
    const unread = message.id === firstUnread;
    if (newDay)
      items.push({ kind: 'day', key: `day:${dayOf(message.sentMs)}:${message.id}`, ms: message.sentMs });
    if (unread) items.push({ kind: 'unread', key: 'unread' });
    const near = last !== null && Math.abs(message.sentMs - last.sentMs) < TOGETHER;
    if (group && !newDay && !unread && near && group.mine === message.mine) {
      group.messages.push(message);
    } else {
      const timed = newDay || last === null || message.sentMs - last.sentMs > PAUSE;
      group = { kind: 'group', key: message.id, mine: message.mine, timed, messages: [message] };
      items.push(group);
    }
    last = message;
  }
  return reusing(items, known);
}

function reusing(items: Item[], known: Item[]): Item[] {
  const before = new Map(known.map((item) => [item.key, item]));
  return items.map((item) => {
    const old = before.get(item.key);
    return old && same(old, item) ? old : item;
  });
}

function same(a: Item, b: Item): boolean {
  if (a.kind !== 'group' || b.kind !== 'group') return a.kind === b.kind;
  return (
    a.timed === b.timed &&
    a.messages.length === b.messages.length &&
    a.messages.every((message, n) => message === b.messages[n])
  );
}

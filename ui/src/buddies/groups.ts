// Puts buddies into the groups of the list, and finds them by what is typed into the search.

import type { BuddyView } from '../bridge/generated/BuddyView';
import { called } from '../shared/names';
import { localeFor } from '../shared/words';

export type GroupKind = 'here' | 'offline' | 'asked' | 'blocked' | 'former';

export interface Group {
  kind: GroupKind;
  /** Those who are shown in it. */
  buddies: BuddyView[];
  /** How many belong in it. */
  count: number;
  unread: number;
}

const ORDER: GroupKind[] = ['here', 'asked', 'offline', 'former', 'blocked'];
const collator = new Intl.Collator(localeFor(navigator.language), { sensitivity: 'base', numeric: true });

function kindOf(buddy: BuddyView): GroupKind {
  switch (buddy.relation) {
    case 'asked':
      return 'asked';
    case 'blocked':
      return 'blocked';
    case 'former':
      return 'former';
    case 'buddy':
      return buddy.state === 'offline' ? 'offline' : 'here';
  }
}

/** By name, as the system sorts names. */
export const byName = (a: BuddyView, b: BuddyView): number => collator.compare(called(a), called(b));

/** All groups that have someone in them, each in the order of names. */
export function groupsOf(buddies: Iterable<BuddyView>): Group[] {
  const unread = (members: BuddyView[]): number => members.reduce((sum, buddy) => sum + buddy.unread, 0);
  const groups = new Map<GroupKind, BuddyView[]>(ORDER.map((kind) => [kind, []]));
  for (const buddy of buddies) groups.get(kindOf(buddy))?.push(buddy);
  return ORDER.map((kind) => {
    const members = (groups.get(kind) ?? []).sort(byName);
    return { kind, buddies: members, count: members.length, unread: unread(members) };
  }).filter((group) => group.buddies.length > 0);
}

/** How everyone is now, where they were shown before: who is new waits, who is gone is as they were last. */
export function inPlace(before: Group[], now: Group[]): Group[] {
  if (before.length === 0) return now;
  const current = new Map(now.flatMap((group) => group.buddies).map((buddy) => [buddy.id, buddy]));
  return before.map(({ kind, buddies }) => {
    const { count = 0, unread = 0 } = now.find((group) => group.kind === kind) ?? {};
    return { kind, buddies: buddies.map((buddy) => current.get(buddy.id) ?? buddy), count, unread };
  });
}

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

/** Those whose name or alias contains what is searched for, accents and case aside. */
export function matching(buddies: Iterable<BuddyView>, search: string): BuddyView[] {
  const wanted = plain(search.trim());
  return [...buddies].filter(
    (buddy) => plain(buddy.name).includes(wanted) || plain(buddy.alias).includes(wanted),
  );
}

export const isInvite = (text: string): boolean => /^juice:1:\S+$/.test(text.trim());

// Times and numbers in the system's way.

import { localeFor, words } from './words';

const locale = localeFor(navigator.language);
const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long' });
const thisYear = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const otherYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' });
const number = new Intl.NumberFormat(locale);

export const count = (n: number): string => number.format(n);

export const timeOfDay = (ms: number): string => clock.format(ms);

/** For tooltips: everything. */
export const exactly = (ms: number): string => whole.format(ms);

/** Which local day a moment is in, as a number that counts up by one a day. */
export function dayOf(ms: number): number {
  const date = new Date(ms);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** "Today", "Yesterday", a weekday within the week, else a date. */
export function dayName(ms: number, now: number = Date.now()): string {
  const ago = dayOf(now) - dayOf(ms);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  if (ago > 1 && ago < 7) return weekday.format(ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? thisYear : otherYear).format(ms);
}

/** Within a sentence: "14:03" today, "yesterday, 14:03", else with the day before it. */
export function moment(ms: number, now: number = Date.now()): string {
  const ago = dayOf(now) - dayOf(ms);
  if (ago === 0) return timeOfDay(ms);
  return ago === 1 ? words.yesterdayAt(timeOfDay(ms)) : `${dayName(ms, now)}, ${timeOfDay(ms)}`;
}

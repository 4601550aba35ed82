// Calls in words: how far one is, how it is, why somebody can't be called, what stays of it.

import type { BuddyView } from '../bridge/generated/BuddyView';
import type { CallPerson } from '../bridge/generated/CallPerson';
import type { CallQuality } from '../bridge/generated/CallQuality';
import type { CallVerdict } from '../bridge/generated/CallVerdict';
import type { CallView } from '../bridge/generated/CallView';
import type { EndReason } from '../bridge/generated/EndReason';
import type { MessageView } from '../bridge/generated/MessageView';
import { called, ECHO } from '../shared/names';
import { count } from '../shared/time';
import { words } from '../shared/words';
import type { Ended } from './call.svelte';
import type { Party } from './party';

/** What a call is doing, without how long. Where there are several, whoever holds it is marked at their face. */
export function stageOf(call: CallView, { several, title: name }: Pick<Party, 'several' | 'title'>): string {
  switch (call.stage) {
    case 'calling':
      return words.stageCalling(name);
    case 'ringing':
      return words.stageRinging(name);
    case 'incoming':
      return words.incomingFrom(name);
    case 'connecting':
      return words.stageConnecting;
    case 'reconnecting':
      return words.stageReconnecting;
    case 'talking':
      if (call.held) return words.stageHeld;
      return call.heldByThem && !several ? words.stageHeldByThem(name) : words.stageTalking;
  }
}

/** How a call ended. */
export function endOf(
  { buddy, reason, several }: Pick<Ended, 'buddy' | 'reason' | 'several'>,
  name: string,
): string {
  if (buddy === ECHO) return words.echoEnded;
  if (!several || reason === 'noSound') return words.ends[reason](name);
  return reason === 'localHangUp' ? words.leftByMe : words.leftAlone;
}

/** Somebody is heard: only then are there figures, and somebody who speaks. */
export const isHeard = (call: CallView): boolean => call.people.some((person) => hears(call, person));

/** I and one of those in a call hear each other. */
export const hears = (call: CallView, person: CallPerson): boolean =>
  call.stage === 'talking' && !call.held && person.stage === 'talking' && !person.held;

/** "04:12", "1:04:12". */
export function clockOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** "42 s", "5 min 12 s", "1 h 13 min". */
export function lengthOf(seconds: number): string {
  if (seconds < 60) return words.lengthSeconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return words.lengthMinutes(minutes, seconds % 60);
  return words.lengthHours(Math.floor(minutes / 60), minutes % 60);
}

export const percent = (n: number): string =>
  words.percent(n > 0 && n < 1 ? `<${count(1)}` : count(Math.round(n)));

export const milliseconds = (n: number): string => words.milliseconds(count(Math.round(n)));

/** How a call is, and on whose side it is where it is not well. */
export function qualityInWords(quality: CallQuality, name: string): string {
  const [theirs, mine] = [percent(quality.lostFromThem), percent(quality.lostToThem)];
  switch (quality.verdict) {
    case 'good':
      return words.qualityGood;
    case 'theirsIsLost':
      return words.qualityTheirs(name, theirs);
    case 'mineIsLost':
      return words.qualityMine(name, mine);
    case 'bothAreLost':
      return words.qualityBoth(name, theirs, mine);
    case 'slow':
      return words.qualitySlow(milliseconds((quality.rttMs ?? 0) / 2 + quality.delayMs));
    case 'silent':
      return words.qualitySilent(name);
  }
}

/** The same where there are several: whose network it is. `verdicts` are those of everybody. */
export function groupQualityInWords(quality: CallQuality, name: string, verdicts: CallVerdict[]): string {
  const lost = percent(Math.max(quality.lostFromThem, quality.lostToThem));
  const loses = (verdict: CallVerdict): boolean => verdict.endsWith('Lost');
  switch (quality.verdict) {
    case 'good':
      return words.qualityGoodGroup;
    case 'theirsIsLost':
    case 'mineIsLost':
    case 'bothAreLost':
      return verdicts.length > 1 && verdicts.every(loses)
        ? words.qualityLosingMine(lost)
        : words.qualityLosing(name, lost);
    case 'slow':
      return words.qualitySlowGroup(name, milliseconds((quality.rttMs ?? 0) / 2 + quality.delayMs));
    case 'silent':
      return words.qualitySilent(name);
  }
}

/** Why a buddy can't be called right now; null where they can be. */
export function whyNot(buddy: BuddyView, busy: boolean, invisible: boolean): string | null {
  const name = called(buddy);
  if (busy) return words.callNotTwice(name);
  if (buddy.keyAlarm) return words.callNotKey(name);
  if (invisible) return words.callNotInvisible;
  if (buddy.state === 'connecting' || buddy.state === 'reconnecting') return words.callNotYet(name);
  if (buddy.state === 'offline' || buddy.route === null) return words.callNotOffline(name);
  return buddy.canVoice ? null : words.callNotVoice(name);
}

/** Which of the two would call again after such an end, if anyone. */
export function calledAgain(reason: EndReason): string | null {
  switch (reason) {
    case 'missed':
      return words.callBack;
    case 'noAnswer':
    case 'busy':
    case 'connectionLost':
    case 'declined':
      return words.callAgain;
    case 'localHangUp':
    case 'remoteHangUp':
    case 'declinedByMe':
    case 'cancelled':
    case 'noSound':
    case 'answeredElsewhere':
    case 'unsupported':
      return null;
  }
}

/** I was not talked to, and may say it to the machine. */
export function canLeaveMessage(reason: EndReason): boolean {
  switch (reason) {
    case 'noAnswer':
    case 'busy':
    case 'declined':
    case 'cancelled':
    case 'connectionLost':
    case 'unsupported':
      return true;
    case 'missed':
    case 'localHangUp':
    case 'remoteHangUp':
    case 'declinedByMe':
    case 'noSound':
    case 'answeredElsewhere':
      return false;
  }
}

/** What stays of a call in the conversation. */
export function traceOf({ call, mine }: Pick<MessageView, 'call' | 'mine'>, name: string): string {
  switch (call?.type) {
    case 'talked':
      return (call.video ? words.traceFilmed : words.traceTalked)(lengthOf(call.seconds));
    case 'notAnswered':
      if (mine) return call.video ? words.traceNoAnswerVideo : words.traceNoAnswer;
      return call.video ? words.traceMissedVideo : words.traceMissed;
    case 'declined':
      return mine ? words.traceDeclined(name) : words.traceDeclinedByMe;
    case 'busy':
      if (mine) return words.traceBusy(name);
      return call.video ? words.traceBusyHereVideo : words.traceBusyHere;
    case undefined:
      return '';
  }
}

// The fake's scene "calls": people who can be called, and a talk with every trace a call can leave.

import type { BuddyView } from '../generated/BuddyView';
import type { CallRecord } from '../generated/CallRecord';
import type { MessageView } from '../generated/MessageView';
import { buddy, fewBuddies, message } from './cast';

const MINUTE = 60_000;

export function callBuddies(): BuddyView[] {
  return [...fewBuddies(), buddy('sven', { canVoice: false })];
}

export function callTalk(who: BuddyView): MessageView[] {
  const now = Date.now();
  const said = (mine: boolean, text: string, minutes: number): MessageView =>
    message(who, mine, text, now - minutes * MINUTE);
  const trace = (mine: boolean, call: CallRecord, minutes: number): MessageView => ({
    ...said(mine, '', minutes),
    call,
  });
  return [
    said(false, 'have you got a minute?', 1_500),
    trace(true, { type: 'talked', seconds: 312 }, 1_496),
    trace(false, { type: 'talked', seconds: 4_380 }, 1_380),
    trace(true, { type: 'notAnswered' }, 300),
    said(true, 'tried to call you', 299),
    trace(false, { type: 'notAnswered' }, 240),
    trace(true, { type: 'declined' }, 90),
    said(false, 'in a meeting, later', 89.5),
    trace(false, { type: 'declined' }, 60),
    trace(true, { type: 'busy' }, 40),
    trace(false, { type: 'busy' }, 20),
    trace(true, { type: 'talked', seconds: 42 }, 4),
    said(false, 'good to hear you 🍊', 3),
  ];
}

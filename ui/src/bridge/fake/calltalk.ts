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
    trace(true, { type: 'talked', seconds: 312, video: false }, 1_496),
    trace(false, { type: 'talked', seconds: 4_380, video: true }, 1_380),
    trace(true, { type: 'notAnswered', video: false }, 300),
    said(true, 'tried to call you', 299),
    trace(false, { type: 'notAnswered', video: true }, 240),
    trace(true, { type: 'declined', video: false }, 90),
    said(false, 'in a meeting, later', 89.5),
    trace(false, { type: 'declined', video: false }, 60),
    trace(true, { type: 'busy', video: true }, 40),
    trace(false, { type: 'busy', video: false }, 20),
    trace(true, { type: 'talked', seconds: 42, video: false }, 4),
    said(false, 'good to hear you 🍊', 3),
  ];
}

// What is said about voice and video messages, in English.

import type { MemoTrouble } from '../../../bridge/generated/MemoTrouble';

const memoTroubles: Record<MemoTrouble, string> = {
  noSound: 'No microphone can be used here. Plug one in, or choose another. What was recorded is kept.',
  noCamera: 'No camera can be used here. Plug one in, choose another, or leave a voice message.',
  notSaved: 'The disk would not take the recording. Make room on it, then try again.',
};

export const memo = {
  memoTroubles,
  memoVoice: 'Voice message',
  memoVideo: 'Video message',
  memoRecord: 'Record a voice message',
  memoLeave: 'Leave a message',
  memoLeaveVideo: 'Leave a video message',
  memoLeaveVoice: 'Voice message',
  memoLeaveFor: (name: string) => `Record a message for ${name}`,
  memoStarting: 'One moment…',
  memoSpeak: (name: string) => `Speak: it is recorded for ${name}.`,
  memoLeft: (seconds: number) => `${seconds} s left`,
  memoEnding: 'One moment…',
  memoKept: (name: string) => `Your message for ${name} is ready to be sent.`,
  memoStop: 'Stop',
  memoDiscard: 'Discard',
  memoAgain: 'Record again',
  memoPlay: 'Play',
  memoPause: 'Pause',
  memoPosition: 'Where in the message',
  memoAt: (at: string, of: string) => `${at} of ${of}`,
  memoPace: 'How fast it plays',
  memoPaceIs: (times: number) => `How fast it plays: ${times.toLocaleString()} times`,
  memoFilm: 'The message',
  memoMine: 'You, as you are recorded',
  memoWaits: (name: string) => `Ready for ${name}: it comes when you are both online.`,
  memoNotInCall: 'You are in a call, or recording already. End that first.',
};

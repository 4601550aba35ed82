// What is said about calls and about microphone and loudspeaker, in English.

import type { EndReason } from '../../../bridge/generated/EndReason';
import type { SoundTest } from '../../../bridge/generated/SoundTest';

const ends: Record<EndReason, (name: string) => string> = {
  localHangUp: (name) => `You ended the call with ${name}.`,
  remoteHangUp: (name) => `${name} hung up.`,
  declined: (name) => `${name} declined.`,
  declinedByMe: (name) => `You declined ${name}’s call.`,
  noAnswer: (name) => `${name} didn’t answer.`,
  missed: (name) => `You missed a call from ${name}.`,
  busy: (name) => `${name} is in another call.`,
  cancelled: (name) => `You stopped calling ${name}.`,
  connectionLost: (name) => `The line to ${name} broke and didn’t come back.`,
  noSound: () => 'No microphone or loudspeaker could be used here. Plug one in, or choose another.',
  answeredElsewhere: (name) => `You answered ${name} on another computer.`,
  unsupported: (name) => `${name}’s JUICE can’t do calls yet. An update helps.`,
};

const soundTests: Record<SoundTest, string> = {
  recording: 'Say something: five seconds are recorded.',
  playing: 'Listen: this is how you sound.',
  done: 'Did you hear yourself? Then all is well.',
  failed: 'The microphone or the loudspeaker can’t be used. Choose another one.',
};

export const call = {
  ends,
  soundTests,

  // Placing
  call: 'Call',
  callName: (name: string) => `Call ${name}`,
  callBack: 'Call back',
  callAgain: 'Call again',
  callNotOffline: (name: string) => `${name} is offline and can’t be called.`,
  callNotYet: (name: string) => `The line to ${name} is being made. You can call in a moment.`,
  callNotVoice: (name: string) => `${name} has no microphone right now.`,
  callNotInvisible: 'You are invisible. Show yourself to call somebody.',
  callNotKey: (name: string) => `${name}’s key changed. Compare safety numbers before you call.`,
  callNotTwice: (name: string) => `There is a call with ${name} already.`,

  // How far it is
  callWith: (name: string) => `Call with ${name}`,
  callShow: (name: string) => `Go to the conversation with ${name}`,
  stageCalling: (name: string) => `Calling ${name}…`,
  stageRinging: (name: string) => `It rings at ${name}’s`,
  stageConnecting: 'Connecting',
  stageTalking: 'You are talking',
  stageReconnecting: 'Reconnecting…',
  stageHeld: 'On hold',
  stageHeldByThem: (name: string) => `${name} holds the call`,

  // What is done in it
  mute: 'Mute',
  muted: 'Muted',
  muteHint: 'Turn your microphone off',
  mutedHint: 'Turn your microphone on',
  pushHint: 'Hold Ctrl + Space and speak',
  deafen: 'Deafen',
  deafened: 'Deafened',
  deafenHint: 'Hear nothing, and turn your microphone off',
  deafenedHint: 'Hear again',
  hold: 'Hold',
  held: 'On hold',
  holdHint: 'Neither of you hears the other until you go on',
  heldHint: 'Go on with the call',
  callMore: 'More',
  hangUp: 'Hang up',
  giveUp: 'Stop calling',
  switchCall: 'Switch',
  switchTo: (name: string) => `Switch to ${name}`,
  volume: (name: string) => `How loud ${name} is`,
  percent: (n: string) => `${n} %`,
  record: 'Record this call',
  recordHint: (name: string) => `${name} is told. It is kept in your downloads.`,
  recorded: (name: string, file: string) => `The call with ${name} is in your downloads as «${file}».`,

  // What one should know in it
  notePush: 'Hold Ctrl + Space to speak',
  noteMuted: 'Your microphone is off',
  noteDeafened: 'You hear nothing, and your microphone is off',
  noteSpeakingMuted: 'You’re speaking, but you are muted',
  noteTheyMuted: (name: string) => `${name} has muted`,
  noteTheyRecord: (name: string) => `${name} records this call`,
  noteRecording: (name: string) => `You record; ${name} is told`,
  noteSpeaks: (name: string) => `${name} speaks`,
  noteMicrophoneLost: 'Your microphone is gone. Plug one in or choose another.',
  noteSpeakerLost: 'Your loudspeaker is gone. Plug one in or choose another.',
  noticeMicrophoneUsed: (device: string) => `You speak into «${device}» from here on.`,
  noticeSpeakerUsed: (device: string) => `You hear with «${device}» from here on.`,
  noticeNotRecorded: 'The call couldn’t be recorded. See whether there is room in your downloads.',

  // The echo
  echo: 'Echo',
  echoTry: 'Try a call with Echo',
  echoHint: 'Hear how you sound to others',
  echoTryHint: 'Like a real call: it says back what you say a second later. Nothing leaves this computer.',
  echoDoes: 'Says back what you say a second later',
  echoEnded: 'The call with Echo is over. If you heard yourself, others hear you too.',

  // How it is
  qualityMore: (what: string) => `${what} Figures`,
  qualityTitle: 'How the call is',
  qualityGood: 'Clear both ways.',
  qualityTheirs: (name: string, lost: string) =>
    `${lost} of what ${name} says is lost on the way; yours arrives.`,
  qualityMine: (name: string, lost: string) =>
    `${lost} of what you say is lost on the way to ${name}; theirs arrives.`,
  qualityBoth: (name: string, theirs: string, mine: string) =>
    `Words are lost both ways: ${theirs} of what ${name} says, ${mine} of yours.`,
  qualitySlow: (ms: string) => `All arrives, but ${ms} late. Leave each other a pause.`,
  qualitySilent: (name: string) => `Nothing has come from ${name} for a while.`,
  figureTrip: 'There and back',
  figureLostFrom: (name: string) => `Lost from ${name}`,
  figureLostTo: (name: string) => `Lost to ${name}`,
  figureJitter: 'Unevenness',
  figureDelay: 'Waits here before you hear it',
  figureRate: 'Your voice takes',
  figureRoute: 'Way',
  figureUnknown: 'not measured yet',
  milliseconds: (n: string) => `${n} ms`,
  kilobits: (n: string) => `${n} kbit/s`,

  // Being called
  incoming: 'Voice call',
  incomingFrom: (name: string) => `${name} is calling`,
  incomingKeys: 'Ctrl + Shift + A answers, Ctrl + Shift + D declines',
  answer: 'Answer',
  answerName: (name: string) => `Answer ${name}`,
  answerHolding: (name: string) => `Answer and hold ${name}`,
  declineCallOf: (name: string) => `Decline ${name}’s call`,

  // What stays in the conversation
  traceTalked: (time: string) => `Voice call, ${time}`,
  traceNoAnswer: 'You called, no answer',
  traceMissed: 'Missed call',
  traceDeclined: (name: string) => `You called, ${name} declined`,
  traceDeclinedByMe: 'You declined this call',
  traceBusy: (name: string) => `You called, ${name} was busy`,
  traceBusyHere: 'Missed call, you were in another one',
  lengthSeconds: (n: number) => `${n} s`,
  lengthMinutes: (minutes: number, seconds: number) =>
    seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`,
  lengthHours: (hours: number, minutes: number) =>
    minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`,

  // Microphone and loudspeaker
  sound: 'Microphone and loudspeaker',
  microphone: 'Microphone',
  speaker: 'Loudspeaker',
  deviceSystem: 'As the system says',
  deviceSystemNow: (name: string) => `System: ${name}`,
  deviceGone: 'Not plugged in',
  noMicrophone: 'No microphone is there. Plug one in, and it appears here by itself.',
  noSpeaker: 'No loudspeaker or headphones are there. Plug some in, and they appear here by themselves.',
  soundLoading: 'Looking for microphones and loudspeakers…',
  soundFailed: 'Microphones and loudspeakers couldn’t be looked for.',
  soundLevel: 'How loud you are',
  soundTest: 'Try it',
  soundTestStop: 'Stop',
  soundTestHint: 'Records five seconds and plays them to you. Nothing leaves this computer.',
  soundTestInCall: 'You can try it when your call is over. The bar shows how loud you are right now.',
  echoCancellation: 'No echo',
  echoCancellationHint: 'Keeps what your loudspeaker plays out of your microphone.',
  noiseSuppression: 'Less noise',
  noiseSuppressionHint: 'Takes fans and other steady sounds out.',
  gainControl: 'Even loudness',
  gainControlHint: 'Makes you louder when you speak softly, and softer when you shout.',
  pushToTalk: 'Push to talk',
  pushToTalkHint: 'Your microphone is on only while you hold Ctrl + Space.',
  soundSettings: 'All sound settings',

  // Keyboard sheet
  keyAnswer: 'Answer a call',
  keyDecline: 'Decline a call',
  keyMute: 'Mute or unmute',
};

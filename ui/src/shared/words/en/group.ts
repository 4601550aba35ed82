// What is said about calls of several, in English.

import type { CallStage } from '../../../bridge/generated/CallStage';
import type { EndReason } from '../../../bridge/generated/EndReason';

/** One of several who is gone, or doesn't come; the others talk on. */
const partings: Record<EndReason, (name: string) => string> = {
  localHangUp: (name) => `You let ${name} go`,
  remoteHangUp: (name) => `${name} left`,
  declined: (name) => `${name} declined`,
  declinedByMe: (name) => `You declined ${name}’s call`,
  noAnswer: (name) => `${name} doesn’t answer`,
  missed: (name) => `You missed ${name}`,
  busy: (name) => `${name} is busy`,
  cancelled: (name) => `You stopped calling ${name}`,
  connectionLost: (name) => `The line to ${name} broke`,
  noSound: (name) => `${name} has no sound`,
  answeredElsewhere: (name) => `You answered ${name} on another computer`,
  unsupported: (name) => `${name}’s JUICE can’t do calls yet`,
};

/** Below a face, where there is little room. */
const personStages: Record<CallStage, string> = {
  calling: 'calling…',
  ringing: 'ringing…',
  incoming: 'calling…',
  connecting: 'connecting…',
  talking: '',
  reconnecting: 'reconnecting…',
};

export const group = {
  partings,
  personStages,

  list: (names: string[]) => {
    const before = names.slice(0, -1).join(', ');
    return before === '' ? (names[0] ?? '') : `${before} and ${names.at(-1)}`;
  },
  listMore: (names: string[], more: number) => `${names.join(', ')} and ${more} more`,
  people: (n: number) => (n === 1 ? '1 person' : `${n} people`),

  // One of them
  personHeld: 'on hold',
  personMuted: 'muted',
  personSpeaks: 'speaks',
  personRecords: 'records',
  personHoldsNow: 'Has the call on hold',
  personMutedNow: 'Has muted',
  personRecordsNow: 'Records this call',
  personMet: (host: string) => `No buddy of yours: the name is what ${host} says.`,
  letGo: 'Let go',
  letGoOf: (name: string) => `Let ${name} go`,
  stopCalling: (name: string) => `Stop calling ${name}`,

  // One more
  addPerson: 'Add',
  addPersonHint: 'Call somebody into this call',
  addPersonSearch: 'Who else?',
  addPersonNobody: 'Nobody else is there who can be called.',
  addPersonNoMatch: 'Nobody of that name is there who can be called.',
  addPersonFull: (n: number) => `The call is full: ${n} people are as many as fit.`,

  // All of them
  holdHintGroup: 'You hear nobody and nobody hears you until you go on',
  recordHintGroup: 'Everybody is told. It is kept in your downloads.',
  noteRecordingGroup: 'You record; everybody is told',
  noteTheyRecordGroup: (names: string, n: number) => `${names} ${n === 1 ? 'records' : 'record'} this call`,
  incomingWith: (names: string, n: number) => `${names} ${n === 1 ? 'is' : 'are'} in it`,
  incomingFromWith: (name: string, rest: string) => `${name} calls you; ${rest}`,
  leftByMe: 'You left the call.',
  leftAlone: 'Everybody else has left the call.',

  // How it is
  qualityGoodGroup: 'Clear with everybody.',
  qualityLosing: (name: string, lost: string) => `${name}’s network is losing ${lost}.`,
  qualityLosingMine: (lost: string) => `Your network is losing ${lost}.`,
  qualitySlowGroup: (name: string, ms: string) => `${name} is heard ${ms} late.`,
};

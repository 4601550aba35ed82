// What one should know in a call, the weightiest first.

import type { CallView } from '../bridge/generated/CallView';
import { ECHO } from '../shared/names';
import { words } from '../shared/words';
import type { Parted } from './company.svelte';
import { listed, type Named, type Names, type Party } from './party';
import type { Device } from './using.svelte';

export interface Note {
  kind:
    | 'parted'
    | 'microphoneLost'
    | 'speakerLost'
    | 'speakingMuted'
    | 'theyRecord'
    | 'recording'
    | 'off'
    | 'theyMuted'
    | 'echo';
  text: string;
}

/** What is known beside the call itself. */
export interface Around {
  speakingMuted: boolean;
  /** The microphone is on while a key is held. */
  push: boolean;
  lost: Record<Device, boolean>;
  /** Who is gone. */
  parted: Parted[];
}

export function notesOf(call: CallView, around: Around, party: Party, roster: Names): Note[] {
  const { speakingMuted, push, lost, parted } = around;
  const { people, several, title: name } = party;
  const notes: Note[] = [];
  if (lost.microphone) notes.push({ kind: 'microphoneLost', text: words.noteMicrophoneLost });
  if (lost.speaker) notes.push({ kind: 'speakerLost', text: words.noteSpeakerLost });
  const off = call.muted || call.deafened;
  if (off && speakingMuted) notes.push({ kind: 'speakingMuted', text: words.noteSpeakingMuted });
  for (const one of parted.filter((one) => one.call === call.id)) {
    const text = words.partings[one.reason](roster.nameOf(one.buddy, one.name));
    notes.push({ kind: 'parted', text });
  }
  if (call.theyRecord) notes.push({ kind: 'theyRecord', text: whoRecords(people, name) });
  if (call.recording)
    notes.push({ kind: 'recording', text: several ? words.noteRecordingGroup : words.noteRecording(name) });
  if (off && !speakingMuted) {
    const muted = push ? words.notePush : words.noteMuted;
    notes.push({ kind: 'off', text: call.deafened ? words.noteDeafened : muted });
  }
  // Where there are several, it is marked at their faces.
  if (call.theyMuted && !several) notes.push({ kind: 'theyMuted', text: words.noteTheyMuted(name) });
  if (call.buddy === ECHO) notes.push({ kind: 'echo', text: words.echoDoes });
  return notes;
}

function whoRecords(people: Named[], name: string): string {
  const names = people.filter((one) => one.recording).map((one) => one.called);
  return people.length > 1 && names.length > 0
    ? words.noteTheyRecordGroup(listed(names), names.length)
    : words.noteTheyRecord(name);
}

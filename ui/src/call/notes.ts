// What one should know in a call, the weightiest first.

import type { CallView } from '../bridge/generated/CallView';
import { ECHO } from '../shared/names';
import { words } from '../shared/words';
import type { Device } from './using.svelte';

export interface Note {
  kind:
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
}

export function notesOf(call: CallView, { speakingMuted, push, lost }: Around, name: string): Note[] {
  const notes: Note[] = [];
  if (lost.microphone) notes.push({ kind: 'microphoneLost', text: words.noteMicrophoneLost });
  if (lost.speaker) notes.push({ kind: 'speakerLost', text: words.noteSpeakerLost });
  const off = call.muted || call.deafened;
  if (off && speakingMuted) notes.push({ kind: 'speakingMuted', text: words.noteSpeakingMuted });
  if (call.theyRecord) notes.push({ kind: 'theyRecord', text: words.noteTheyRecord(name) });
  if (call.recording) notes.push({ kind: 'recording', text: words.noteRecording(name) });
  if (off && !speakingMuted) {
    const muted = push ? words.notePush : words.noteMuted;
    notes.push({ kind: 'off', text: call.deafened ? words.noteDeafened : muted });
  }
  if (call.theyMuted) notes.push({ kind: 'theyMuted', text: words.noteTheyMuted(name) });
  if (call.buddy === ECHO) notes.push({ kind: 'echo', text: words.echoDoes });
  return notes;
}

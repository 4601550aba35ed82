// What one should know in a call, the weightiest first.

import type { CallView } from '../bridge/generated/CallView';
import { words } from '../shared/words';

export interface Note {
  kind: 'speakingMuted' | 'theyRecord' | 'recording' | 'off' | 'theyMuted';
  text: string;
}

export function notesOf(call: CallView, speakingMuted: boolean, push: boolean, name: string): Note[] {
  const notes: Note[] = [];
  const off = call.muted || call.deafened;
  if (off && speakingMuted) notes.push({ kind: 'speakingMuted', text: words.noteSpeakingMuted });
  if (call.theyRecord) notes.push({ kind: 'theyRecord', text: words.noteTheyRecord(name) });
  if (call.recording) notes.push({ kind: 'recording', text: words.noteRecording(name) });
  if (off && !speakingMuted) {
    const muted = push ? words.notePush : words.noteMuted;
    notes.push({ kind: 'off', text: call.deafened ? words.noteDeafened : muted });
  }
  if (call.theyMuted) notes.push({ kind: 'theyMuted', text: words.noteTheyMuted(name) });
  return notes;
}

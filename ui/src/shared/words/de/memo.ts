// What is said about voice and video messages, in German.

import type { memo as english } from '../en/memo';

export const memo: typeof english = {
  memoTroubles: {
    noSound:
      'Hier geht kein Mikrofon. Steck eins an oder wähl ein anderes. Was aufgenommen wurde, ist aufgehoben.',
    noCamera: 'Hier geht keine Kamera. Steck eine an, wähl eine andere oder hinterlass eine Sprachnachricht.',
    notSaved: 'Der Datenträger hat die Aufnahme nicht angenommen. Schaff Platz und versuch es noch mal.',
  },
  memoVoice: 'Sprachnachricht',
  memoVideo: 'Videonachricht',
  memoRecord: 'Sprachnachricht aufnehmen',
  memoLeave: 'Nachricht hinterlassen',
  memoLeaveVideo: 'Videonachricht hinterlassen',
  memoLeaveVoice: 'Sprachnachricht',
  memoLeaveFor: (name) => `Eine Nachricht für ${name} aufnehmen`,
  memoStarting: 'Einen Moment …',
  memoSpeak: (name) => `Sprich: Es wird für ${name} aufgenommen.`,
  memoLeft: (seconds) => `noch ${seconds} s`,
  memoEnding: 'Einen Moment …',
  memoKept: (name) => `Deine Nachricht für ${name} kann gesendet werden.`,
  memoStop: 'Stopp',
  memoDiscard: 'Verwerfen',
  memoAgain: 'Noch mal aufnehmen',
  memoPlay: 'Abspielen',
  memoPause: 'Anhalten',
  memoPosition: 'Stelle in der Nachricht',
  memoAt: (at, of) => `${at} von ${of}`,
  memoPace: 'Wie schnell sie abgespielt wird',
  memoPaceIs: (times) => `Wie schnell sie abgespielt wird: ${times.toLocaleString()}-mal`,
  memoFilm: 'Die Nachricht',
  memoMine: 'Du, wie du aufgenommen wirst',
  memoWaits: (name) => `Liegt für ${name} bereit: Sie kommt an, wenn ihr beide online seid.`,
  memoNotInCall: 'Du bist in einem Anruf oder nimmst schon auf. Beende das zuerst.',
};

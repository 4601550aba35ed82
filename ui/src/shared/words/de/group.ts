// What is said about calls of several, in German.

import type { group as english } from '../en/group';

export const group: typeof english = {
  partings: {
    localHangUp: (name) => `Du hast ${name} verabschiedet`,
    remoteHangUp: (name) => `${name} ist gegangen`,
    declined: (name) => `${name} hat abgelehnt`,
    declinedByMe: (name) => `Du hast den Anruf von ${name} abgelehnt`,
    noAnswer: (name) => `${name} geht nicht ran`,
    missed: (name) => `Du hast ${name} verpasst`,
    busy: (name) => `Bei ${name} ist besetzt`,
    cancelled: (name) => `Du rufst ${name} nicht mehr an`,
    connectionLost: (name) => `Die Leitung zu ${name} ist abgerissen`,
    noSound: (name) => `${name} hat keinen Ton`,
    answeredElsewhere: (name) => `Du hast ${name} auf einem anderen Computer geantwortet`,
    unsupported: (name) => `Das JUICE von ${name} kann noch keine Anrufe`,
  },
  personStages: {
    calling: 'Anruf…',
    ringing: 'klingelt…',
    incoming: 'ruft an…',
    connecting: 'verbindet…',
    talking: '',
    reconnecting: 'verbindet…',
  },

  list: (names) => {
    const before = names.slice(0, -1).join(', ');
    return before === '' ? (names[0] ?? '') : `${before} und ${names.at(-1)}`;
  },
  listMore: (names, more) =>
    `${names.join(', ')} und ${more === 1 ? 'eine weitere Person' : `${more} weitere`}`,
  people: (n) => (n === 1 ? '1 Person' : `${n} Personen`),

  personHeld: 'hält',
  personMuted: 'stumm',
  personSpeaks: 'spricht',
  personRecords: 'nimmt auf',
  personHoldsNow: 'Hält den Anruf',
  personMutedNow: 'Ist stumm',
  personRecordsNow: 'Nimmt diesen Anruf auf',
  personMet: (host) => `Nicht unter deinen Buddys: Der Name stammt von ${host}.`,
  letGo: 'Verabschieden',
  letGoOf: (name) => `${name} verabschieden`,
  stopCalling: (name) => `${name} nicht mehr anrufen`,

  addPerson: 'Dazu',
  addPersonHint: 'Jemanden in diesen Anruf holen',
  addPersonSearch: 'Wer noch?',
  addPersonNobody: 'Sonst ist niemand da, der angerufen werden kann.',
  addPersonNoMatch: 'Niemand mit diesem Namen kann gerade angerufen werden.',
  addPersonFull: (n) => `Der Anruf ist voll: Mehr als ${n} Personen passen nicht hinein.`,

  holdHintGroup: 'Du hörst niemanden und niemand hört dich, bis du weitermachst',
  recordHintGroup: 'Alle erfahren es. Die Aufnahme liegt dann in deinen Downloads.',
  noteRecordingGroup: 'Du nimmst auf; alle wissen es',
  noteTheyRecordGroup: (names, n) => `${names} ${n === 1 ? 'nimmt' : 'nehmen'} diesen Anruf auf`,
  incomingWith: (names, n) => `${names} ${n === 1 ? 'ist' : 'sind'} schon dabei`,
  incomingFromWith: (name, rest) => `${name} ruft dich an; ${rest}`,
  leftByMe: 'Du hast den Anruf verlassen.',
  leftAlone: 'Alle anderen haben den Anruf verlassen.',

  qualityGoodGroup: 'Klar mit allen.',
  qualityLosing: (name, lost) => `Das Netz von ${name} verliert ${lost}.`,
  qualityLosingMine: (lost) => `Dein Netz verliert ${lost}.`,
  qualitySlowGroup: (name, ms) => `${name} ist ${ms} später zu hören.`,
};

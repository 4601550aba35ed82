// Calls of several that are under way when the fake begins: `?call=` and one of these names.
//
// Where the fake's buddies are too few, there are people whom the host has introduced.

import type { BuddyView } from '../generated/BuddyView';
import type { CallPerson } from '../generated/CallPerson';
import type { CallVerdict } from '../generated/CallVerdict';
import type { Parts } from './callscenes';
import { idFor } from './cast';
import { person } from './persons';
import { qualityOf } from './sounds';

export const GROUP_SCENES = [
  'group',
  'eight',
  'adding',
  'introduced',
  'hostleft',
  'joining',
  'waitinggroup',
  'full',
] as const;
export type GroupScene = (typeof GROUP_SCENES)[number];

export const isGroupScene = (scene: string): scene is GroupScene =>
  GROUP_SCENES.some((known) => known === scene);

const STRANGERS = ['Carol', 'Dora Castellanos-Fitzgerald', 'Emre', 'ฟ้าใส', 'Gwen', 'Hana', 'Ivo'];

export function groupScene(scene: GroupScene, { stage, people, calls }: Parts, first: BuddyView): void {
  const able = [...people.buddies.values()].filter((one) => one.canVoice && one !== first);
  const since = Date.now() - 252_000;
  let next = 0;
  const id = (): string => `p${(next++).toString(16).padStart(31, '0')}`;
  const own = (n: number, more: Partial<CallPerson> = {}): CallPerson[] =>
    able.slice(n, n + 1).map((one) => person(id(), one.id, more));
  const met = (n: number, more: Partial<CallPerson> = {}): CallPerson => {
    const name = STRANGERS[n] ?? '';
    return person(id(), idFor(name), { name, ...more });
  };
  const host = (): CallPerson => person(id(), first.id);
  const talk = (there: CallPerson[], speaker = -1): string => {
    const more = { mine: true, stage: 'talking', talkingSinceMs: since } as const;
    const call = calls.begin(first.id, { ...more, people: there });
    const speaking = there.slice(speaker).slice(0, speaker < 0 ? 0 : 1);
    const levels = { microphone: 0.55, speaking: speaking.map((one) => one.id), speakingMuted: false };
    stage.tell({ type: 'soundLevelsChanged', levels });
    for (const one of there) measure(one, 'good');
    return call.id;
  };
  const measure = (one: CallPerson, verdict: CallVerdict): void => {
    const lostFromThem = verdict === 'good' ? 0.2 : 8.2;
    stage.tell({ type: 'callQualityChanged', quality: qualityOf(one.id, { verdict, lostFromThem }) });
  };
  switch (scene) {
    case 'group': {
      const there = [host(), ...own(0), ...own(1, { muted: true })];
      talk(there, 1);
      if (there[0]) measure(there[0], 'theirsIsLost');
      break;
    }
    case 'eight': {
      const some = [
        host(),
        ...own(0),
        ...own(1, { muted: true }),
        ...own(2, { held: true }),
        ...own(3),
        ...own(4),
      ];
      const rest = STRANGERS.slice(0, 7 - some.length).map((_, n) => met(n));
      talk([...some, ...rest], 0);
      break;
    }
    case 'adding':
      talk([host(), ...own(0), ...own(1, { stage: 'ringing' }), ...own(2, { stage: 'calling' })], 0);
      break;
    case 'introduced':
      talk(
        [
          host(),
          met(0),
          met(1, { muted: true, recording: true }),
          met(3, { stage: 'connecting' }),
          met(2, { held: true }),
        ],
        1,
      );
      break;
    case 'hostleft': {
      const gone = host();
      const call = talk([gone, met(0), met(1), ...own(0).map((one) => ({ ...one, name: 'Nobody' }))], 1);
      calls.change(call, { recording: true });
      calls.leave(gone.id, 'remoteHangUp');
      break;
    }
    case 'joining':
      calls.begin(first.id, { with: STRANGERS.slice(0, 5) });
      break;
    case 'full':
      talk([host(), ...STRANGERS.slice(0, 6).flatMap((_, n) => own(n))]);
      break;
    case 'waitinggroup':
      calls.change(talk([host(), ...own(0), ...own(1)]), { held: true });
      for (const one of able.slice(2, 3))
        calls.begin(one.id, { mine: true, stage: 'talking', talkingSinceMs: since });
      break;
  }
}

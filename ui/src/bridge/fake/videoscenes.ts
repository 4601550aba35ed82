// Calls with pictures that are under way when the fake begins: `?call=` and one of these names.

import type { BuddyView } from '../generated/BuddyView';
import type { CallPerson } from '../generated/CallPerson';
import type { CallView } from '../generated/CallView';
import type { VideoQuality } from '../generated/VideoQuality';
import type { Parts } from './callscenes';
import { idFor } from './cast';
import { person } from './persons';
import { qualityOf } from './sounds';

export const VIDEO_SCENES = [
  'video',
  'videothere',
  'videohere',
  'videogroup',
  'videoeight',
  'screen',
  'screengroup',
  'sharing',
  'noscreen',
  'cameragone',
  'narrow',
  'frozen',
  'incomingvideo',
] as const;
export type VideoScene = (typeof VIDEO_SCENES)[number];

export const isVideoScene = (scene: string): scene is VideoScene =>
  VIDEO_SCENES.some((known) => known === scene);

const STRANGERS = ['Carol', 'Dora Castellanos-Fitzgerald', 'Emre', 'ฟ้าใส', 'Gwen', 'Hana'];
const FINE: VideoQuality = { width: 640, height: 480, fps: 30, kbitS: 820 };
const TINY: VideoQuality = { width: 320, height: 240, fps: 14, kbitS: 96 };

export function videoScene(scene: VideoScene, parts: Parts, first: BuddyView): void {
  const { stage, people, calls, video } = parts;
  const others = [...people.buddies.values()].filter((one) => one.canVoice && one !== first);
  const since = Date.now() - 252_000;
  let next = 0;
  const id = (): string => `v${(next++).toString(16).padStart(31, '0')}`;
  const own = (n: number, more: Partial<CallPerson> = {}): CallPerson =>
    person(id(), others[n]?.id ?? first.id, { shows: 'camera', ...more });
  const met = (n: number, more: Partial<CallPerson> = {}): CallPerson => {
    const name = STRANGERS[n] ?? '';
    return person(id(), idFor(name), { name, shows: 'camera', ...more });
  };
  const host = (more: Partial<CallPerson> = {}): CallPerson =>
    person(id(), first.id, { shows: 'camera', ...more });
  const talk = (
    there: CallPerson[],
    more: Partial<CallView> = {},
    fromThem = FINE,
    toThem = FINE,
  ): string => {
    const call = calls.begin(first.id, {
      mine: true,
      stage: 'talking',
      talkingSinceMs: since,
      shows: 'camera',
      people: there,
      ...more,
    });
    const speaking = there.slice(0, 1).map((one) => one.id);
    stage.tell({ type: 'soundLevelsChanged', levels: { microphone: 0.4, speaking, speakingMuted: false } });
    for (const one of there) {
      const pictures = {
        fromThem: one.shows === 'nothing' ? null : fromThem,
        toThem: call.shows === 'nothing' ? null : toThem,
      };
      stage.tell({
        type: 'callQualityChanged',
        quality: qualityOf(one.id, { verdict: 'good', ...pictures }),
      });
    }
    return call.id;
  };
  switch (scene) {
    case 'video':
      talk([host()]);
      break;
    case 'videothere':
      video.unplug();
      talk([host()], { shows: 'nothing' });
      break;
    case 'videohere':
      talk([host({ shows: 'nothing' })]);
      break;
    case 'videogroup':
      talk([host(), own(0, { muted: true }), own(1, { shows: 'nothing' })]);
      break;
    case 'videoeight':
      talk([
        host(),
        own(0, { muted: true }),
        own(1, { shows: 'nothing' }),
        met(1),
        met(2, { held: true }),
        met(3, { shows: 'nothing', muted: true }),
        met(4),
      ]);
      break;
    case 'screen':
      talk([host({ shows: 'screen' })]);
      break;
    case 'screengroup':
      talk([host(), own(0, { shows: 'screen' }), own(1, { muted: true })]);
      break;
    case 'sharing':
      talk([host()], { shows: 'screen' });
      break;
    case 'noscreen':
      video.canShare = false;
      calls.show({ type: 'showInCall', call: talk([host()]), shows: 'screen' });
      break;
    case 'cameragone':
      talk([host()]);
      video.trouble = 'gone';
      video.open();
      break;
    case 'narrow':
      talk([host()], {}, TINY, { ...TINY, fps: 5, kbitS: 38 });
      break;
    case 'frozen':
      video.frozen = true;
      talk([host()], {}, { ...TINY, fps: 0, kbitS: 0 });
      break;
    case 'incomingvideo':
      calls.begin(first.id, { offers: 'camera' });
      break;
  }
}

// Calls that are under way when the fake begins: `?call=` and one of these names, `&with=` and somebody's.

import type { CallView } from '../generated/CallView';
import { ECHO } from '../../shared/names';
import { GROUP_SCENES, groupScene, isGroupScene } from './groupscenes';
import type { Calls } from './calls';
import type { People } from './people';
import { qualityOf, type Sounds } from './sounds';
import type { Stage } from './stage';
import type { Video } from './video';
import { isVideoScene, VIDEO_SCENES, videoScene } from './videoscenes';

export const CALL_SCENES = [
  'calling',
  'ringing',
  'incoming',
  'connecting',
  'talking',
  'muted',
  'lossy',
  'noted',
  'reconnecting',
  'held',
  'heldbythem',
  'two',
  'second',
  'ended',
  'missed',
  'later',
  'echo',
  'lost',
  ...GROUP_SCENES,
  ...VIDEO_SCENES,
] as const;
export type CallScene = (typeof CALL_SCENES)[number];

export interface Parts {
  stage: Stage;
  people: People;
  calls: Calls;
  sounds: Sounds;
  video: Video;
}

/** With whoever is wanted, or the first of the buddies who can be called; and with another one where it takes two. */
export function callScene(
  scene: CallScene,
  { stage, people, calls, sounds, video }: Parts,
  wanted: string | null,
): void {
  if (scene === 'echo') {
    calls.place({ type: 'placeCall', buddy: ECHO, video: false });
    return;
  }
  const able = [...people.buddies.values()].filter((one) => one.canVoice);
  const first = able.find((one) => one.name === wanted) ?? able[0];
  const second = able.find((one) => one !== first);
  if (!first || !second) return;
  const since = Date.now() - 252_000;
  const talk = (more: Partial<CallView> = {}, who = first): CallView => {
    const call = calls.begin(who.id, { mine: true, stage: 'talking', talkingSinceMs: since, ...more });
    stage.tell({ type: 'callQualityChanged', quality: qualityOf(call.id, { verdict: 'good' }) });
    return call;
  };
  const levels = (theySpeak: boolean, speakingMuted = false): void => {
    const heard = [...calls.calls.values()].find((one) => one.stage === 'talking' && !one.held);
    const speaking = theySpeak ? (heard?.people.map((one) => one.id) ?? []) : [];
    const microphone = speakingMuted ? 0 : 0.55;
    stage.tell({ type: 'soundLevelsChanged', levels: { microphone, speaking, speakingMuted } });
  };
  const parts = { stage, people, calls, sounds, video };
  if (isGroupScene(scene)) return groupScene(scene, parts, first);
  if (isVideoScene(scene)) return videoScene(scene, parts, first);
  switch (scene) {
    case 'calling':
    case 'ringing':
    case 'connecting':
      calls.begin(first.id, { mine: true, stage: scene });
      break;
    case 'incoming':
      calls.begin(first.id, {});
      break;
    case 'talking':
      talk();
      levels(true);
      sounds.live();
      break;
    case 'muted':
      talk({ muted: true });
      levels(false, true);
      break;
    case 'lossy': {
      const { id } = talk();
      const figures = { verdict: 'theirsIsLost', lostFromThem: 8.2, jitterMs: 31, delayMs: 140 } as const;
      stage.tell({ type: 'callQualityChanged', quality: qualityOf(id, figures) });
      levels(true);
      break;
    }
    case 'noted':
      talk({ theyMuted: true, theyRecord: true, recording: true, deafened: true });
      break;
    case 'reconnecting':
      talk({ stage: 'reconnecting' });
      break;
    case 'held':
      talk({ held: true });
      break;
    case 'heldbythem':
      talk({ heldByThem: true });
      break;
    case 'two':
      talk({ held: true }, second);
      talk();
      levels(true);
      break;
    case 'second':
      talk();
      levels(false);
      calls.begin(second.id, {});
      break;
    case 'ended':
      calls.end(talk().id, 'connectionLost');
      break;
    case 'missed':
      calls.end(calls.begin(first.id, {}).id, 'missed');
      break;
    case 'lost':
      talk();
      stage.tell({ type: 'notice', notice: { type: 'microphoneLost' } });
      break;
    case 'later':
      setTimeout(() => calls.begin(first.id, {}), 3000);
      break;
  }
}

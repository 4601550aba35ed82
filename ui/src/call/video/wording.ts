// Pictures of calls in words: who can be called with them, how they come, and their figures.

import type { BuddyView } from '../../bridge/generated/BuddyView';
import type { Camera } from '../../bridge/generated/Camera';
import type { CallQuality } from '../../bridge/generated/CallQuality';
import type { CallView } from '../../bridge/generated/CallView';
import type { Shows } from '../../bridge/generated/Shows';
import type { VideoQuality } from '../../bridge/generated/VideoQuality';
import { called } from '../../shared/names';
import { count } from '../../shared/time';
import { words } from '../../shared/words';
import { listed, type Named } from '../party';

/** The longer side of the smallest picture that is sent, in px: only a narrow line makes one so small. */
const SMALL = 320;
/** Fewer pictures a second than this are seen to jerk; none at all are a still. */
const SMOOTH = 9;

/** Why there would be no pictures both ways, where a buddy can be called otherwise. `cameras` of mine, where known. */
export function whyNoVideo(buddy: BuddyView, cameras: Camera[] | null): string | null {
  if (!buddy.canVideo) return words.videoNotThere(called(buddy));
  return cameras?.length === 0 ? words.videoNotHere : null;
}

/** There is something to be seen in a call: my own screen alone is not shown to me. */
export function isSeen({ talkingSinceMs, held, shows, people }: CallView): boolean {
  if (talkingSinceMs === null || held) return false;
  return shows === 'camera' || people.some((one) => one.shows !== 'nothing');
}

/** Who lets me see what. */
export function shownInWords(people: Named[]): string {
  const named = (shows: Shows): string[] =>
    people.filter((one) => one.shows === shows).map((one) => one.called);
  const [cameras, screens] = [named('camera'), named('screen')];
  const told = [
    ...(cameras.length > 0 ? [words.toldCamera(listed(cameras))] : []),
    ...(screens.length > 0 ? [words.toldScreen(listed(screens), screens.length)] : []),
  ];
  return told.join(' ');
}

type With = { quality: CallQuality; name: string };

/** What there is to say of somebody's pictures or mine; empty where they are well. */
export function videoInWords(all: With[]): string {
  for (const { quality, name } of all) {
    const theirs = narrowness(quality.fromThem);
    if (theirs === 'still') return words.videoStillFrom(name);
    if (theirs === 'slow') return words.videoSlowFrom(name);
    if (theirs === 'small') return words.videoSmallFrom(name);
  }
  for (const { quality, name } of all) {
    const mine = narrowness(quality.toThem);
    if (mine === 'still') return words.videoStillTo;
    if (mine === 'slow') return words.videoSlowTo(name);
    if (mine === 'small') return words.videoSmallTo(name);
  }
  return '';
}

/** Screens are never so small, and where nothing moves on one few pictures are enough. */
function narrowness(video: VideoQuality | null): 'still' | 'slow' | 'small' | null {
  if (!video || Math.max(video.width, video.height) > SMALL) return null;
  if (video.fps < 1) return 'still';
  return video.fps < SMOOTH ? 'slow' : 'small';
}

/** The rows for whoever asks how pictures come and leave. */
export function videoFigures({ fromThem, toThem }: CallQuality, name: string): [string, string][] {
  const rows: [string, string][] = [];
  if (fromThem) rows.push([words.figureVideoFrom(name), figuresOf(fromThem)]);
  if (toThem) rows.push([words.figureVideoTo, figuresOf(toThem)]);
  return rows;
}

function figuresOf({ width, height, fps, kbitS }: VideoQuality): string {
  const rate = words.kilobits(count(Math.round(kbitS)));
  return words.videoFigures(`${width} × ${height}`, count(Math.round(fps)), rate);
}

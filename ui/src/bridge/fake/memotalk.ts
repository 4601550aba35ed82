// The fake's scene "memos": a talk with every state in which a memo can be.

import type { BuddyView } from '../generated/BuddyView';
import type { FileView } from '../generated/FileView';
import type { MessageView } from '../generated/MessageView';
import { message } from './cast';
import { memoFile } from './memos';

const MINUTE = 60_000;

export function memoTalk(who: BuddyView): MessageView[] {
  const now = Date.now();
  const said = (mine: boolean, text: string, minutes: number): MessageView =>
    message(who, mine, text, now - minutes * MINUTE);
  const memo = (mine: boolean, file: FileView, minutes: number): MessageView => ({
    ...said(mine, '', minutes),
    file,
  });
  return [
    { ...said(true, '', 90), call: { type: 'notAnswered', video: true } },
    memo(true, memoFile(false, 23_400, { type: 'done' }), 89),
    said(false, 'sorry, was on the train', 60),
    memo(false, memoFile(false, 84_000, { type: 'done' }), 58),
    memo(false, memoFile(true, 12_000, { type: 'done' }), 40),
    memo(false, memoFile(false, 7_000, { type: 'moving' }, { done: 12_000, speed: 900_000 }), 20),
    memo(true, memoFile(true, 31_000, { type: 'offered' }), 3),
  ];
}

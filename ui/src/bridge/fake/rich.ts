// A conversation in which everything happens that a message can be: the fake's scene "rich".

import type { BuddyView } from '../generated/BuddyView';
import type { MessageView } from '../generated/MessageView';
import { message } from './cast';
import { fileOf, pictureFile } from './files';
import { Talk } from './talk';
import { plainly } from './talks';

const MINUTE = 60_000;
const MB = 1_000_000;

/** The talk, newest last, ending a minute ago. */
export function richTalk(who: BuddyView): Talk {
  const now = Date.now();
  const said: MessageView[] = [];
  const say = (
    mine: boolean,
    text: string,
    minutes: number,
    more: Partial<MessageView> = {},
  ): MessageView => {
    const one = { ...message(who, mine, text, now - minutes * MINUTE), ...more };
    said.push(one);
    return one;
  };
  const market = say(
    false,
    'The **market** is back on Saturday, and so is the stall with the *bergamots*.',
    300,
  );
  say(true, '/me looks for the big basket', 299);
  say(true, 'Count me in! What do we need?', 298.5, {
    quote: { id: market.id, mine: false, text: plainly(market.text) },
    reactions: [{ emoji: '🎉', mine: false, theirs: true }],
  });
  const list = say(
    false,
    'My list so far:\n\n1. blood oranges, the small ones\n2. ~~lemons~~ limes\n3. a crate of `bergamots`\n\nDetails in [the market’s plan](https://example.org/market?stall=42), see https://example.org.',
    297,
    {
      edited: true,
      reactions: [
        { emoji: '👍', mine: true, theirs: true },
        { emoji: '🍊', mine: false, theirs: true },
      ],
    },
  );
  say(false, 'look what they had last week', 60, { file: pictureFile('stall at noon.jpg', 1600, 1067, 0) });
  say(true, '', 58, { file: pictureFile('tall one.png', 720, 1280, 1) });
  say(true, '', 40, { deleted: true, body: [] });
  say(true, 'Here is the recipe:\n```python\nfor slice in orange:\n    squeeze(slice)\n```', 30);
  say(false, '', 26, { file: fileOf('marmalade, all recipes.pdf', 18.4 * MB, { type: 'offered' }) });
  const moving = { done: 201 * MB, speed: 11.2 * MB };
  say(false, 'the whole evening', 25, { file: fileOf('harvest.mp4', 734 * MB, { type: 'moving' }, moving) });
  say(true, '', 24, { file: fileOf('labels.zip', 2.1 * MB, { type: 'paused' }, { done: 0.8 * MB }) });
  say(true, '', 23, { file: fileOf('peeler-setup.exe', 4.2 * MB, { type: 'done' }) });
  say(false, '', 22, { file: fileOf('peeler-2.exe', 4.2 * MB, { type: 'done' }) });
  say(false, '', 21, { file: fileOf('notes.txt', 8_200, { type: 'failed', why: 'gone' }) });
  say(true, '', 20, { file: fileOf('songs.flac', 41 * MB, { type: 'waiting' }, { done: 12 * MB }) });
  say(false, '', 12, { unsupported: true, body: [] });
  say(true, 'I’ll bring the crate', 6, {
    quote: { id: list.id, mine: false, text: plainly(list.text) },
    delivery: { type: 'posted', atMs: now - 5 * MINUTE },
  });
  say(true, 'and the small knife', 1, {
    delivery: { type: 'queued', why: 'mailboxFull', nextTryMs: now + 94_000 },
  });
  const talk = new Talk(said);
  talk.edits.set(list.id, [
    { text: 'My list so far:\n1. blood oranges\n2. lemons', atMs: list.sentMs },
    { text: 'My list so far:\n1. blood oranges, the small ones\n2. lemons', atMs: list.sentMs + MINUTE },
  ]);
  return talk;
}

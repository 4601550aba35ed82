import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { FakeBridge } from '../src/bridge/fake';
import { idFor } from '../src/bridge/fake/cast';
import { Conversation, MOST } from '../src/chat/conversation.svelte';
import { placesIn } from '../src/search/marks';
import { expectAccessible, openConversation, openWindow, row } from './window';

const HUGE = 100_000;
const idOf = (n: number): string => `a${n.toString(16).padStart(31, '0')}`;
const shown = (): string[] => screen.queryAllByTestId('message').map((one) => one.dataset['id'] ?? '');

describe('a hundred thousand messages', () => {
  const open = async () => {
    const bridge = new FakeBridge('huge');
    const conversation = new Conversation(bridge, idFor('mira'));
    await conversation.load();
    return { bridge, conversation, ids: () => conversation.messages.map((message) => message.id) };
  };

  test('are held a few hundred at a time, in both directions, without a gap', async () => {
    const { conversation, ids } = await open();
    for (let n = 0; n < 30; n++) await conversation.older();
    expect(ids()).toHaveLength(MOST);
    expect(conversation.newer).toBe(true);
    const oldest = HUGE - 80 - 30 * 50;
    expect(ids()).toEqual(Array.from({ length: MOST }, (_, n) => idOf(oldest + n)));
    for (let n = 0; n < 40; n++) await conversation.later();
    expect(conversation.newer).toBe(false);
    expect(conversation.more).toBe(true);
    expect(ids()).toEqual(Array.from({ length: MOST }, (_, n) => idOf(HUGE - MOST + n)));
  });

  test('what comes while one reads far above is counted, and there when one comes back', async () => {
    const { bridge, conversation } = await open();
    for (let n = 0; n < 10; n++) await conversation.older();
    const arrived: string[] = [];
    await bridge.onEvent((event) => {
      conversation.apply(event);
      if (event.type === 'messageArrived') arrived.push(event.message.id);
    });
    bridge.arrive(idFor('mira'), 'are you there?');
    expect(conversation.missed).toBe(1);
    expect(conversation.messages.some((message) => message.id === arrived[0])).toBe(false);
    await conversation.toEnd();
    expect(conversation.missed).toBe(0);
    expect(conversation.messages.at(-1)?.id).toBe(arrived[0]);
  });

  test('what is held stays while one looks at it, however much comes', async () => {
    const { bridge, conversation, ids } = await open();
    for (let n = 0; n < 6; n++) await conversation.older();
    await conversation.toEnd();
    for (let n = 0; n < 5; n++) await conversation.older();
    const before = ids();
    conversation.pinned = false;
    await bridge.onEvent((event) => conversation.apply(event));
    for (let n = 0; n < 50; n++) bridge.arrive(idFor('mira'), `news ${n}`);
    expect(ids().slice(0, before.length)).toEqual(before);
    expect(ids().length).toBeLessThanOrEqual(MOST + 50);
    expect(conversation.missed + ids().length - before.length).toBe(50);
  });

  test('the first unread is looked for where it is', async () => {
    const bridge = new FakeBridge('huge');
    bridge.talks.with(idFor('mira')).firstUnread = idOf(HUGE - 5_000);
    const conversation = new Conversation(bridge, idFor('mira'));
    await conversation.load();
    expect(conversation.messages.some((message) => message.id === idOf(HUGE - 5_000))).toBe(true);
    expect(conversation.newer).toBe(true);
    expect(conversation.firstUnread).toBe(idOf(HUGE - 5_000));
  });

  test('lost events read anew what is looked at, and not the end', async () => {
    const { conversation, ids } = await open();
    await conversation.around(idOf(500));
    await conversation.load();
    expect(ids()).toContain(idOf(500));
  });

  test('a click back to the newest is enough', async () => {
    const window = await openWindow('huge');
    await openConversation(window, 'mira');
    window.juice.desk.show(idFor('mira'), idOf(700));
    await waitFor(() => expect(shown()).toContain(idOf(700)));
    expect(shown().length).toBeLessThanOrEqual(MOST);
    await window.user.click(await screen.findByTestId('jump'));
    await waitFor(() => expect(shown().at(-1)).toBe(idOf(HUGE - 1)));
  });

  test('what I say while far above is shown at the end', async () => {
    const window = await openWindow('huge');
    await openConversation(window, 'mira');
    window.juice.desk.show(idFor('mira'), idOf(700));
    await waitFor(() => expect(shown()).toContain(idOf(700)));
    await window.user.type(screen.getByTestId('composer'), 'hello from the past{Enter}');
    await waitFor(() =>
      expect(screen.getAllByTestId('message').at(-1)?.textContent).toContain('hello from the past'),
    );
  });
});

describe('finding in a conversation', () => {
  test('Ctrl+F finds as one types, and Enter goes from hit to older hit', async () => {
    const window = await openWindow('huge');
    await openConversation(window, 'mira');
    await window.user.keyboard('{Control>}f{/Control}');
    expect(document.activeElement).toBe(screen.getByTestId('find'));
    await window.user.type(screen.getByTestId('find'), 'That was number 9');
    const hits = await screen.findAllByTestId('hit');
    expect(hits[0]?.querySelector('mark')?.textContent).toBe('That was number 9');
    await expectAccessible();
    await window.user.keyboard('{Enter}');
    const newest = Math.floor((HUGE - 1) / 97) * 97;
    await waitFor(() => expect(shown()).toContain(idOf(newest)));
    await window.user.keyboard('{Enter}');
    await waitFor(() => expect(shown()).toContain(idOf(newest - 97)));
    expect(screen.getAllByTestId('hit')[1]?.getAttribute('aria-current')).toBe('true');
    await window.user.keyboard('{Escape}');
    expect(screen.queryByTestId('find-bar')).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
  });

  test('Esc ends the search first, wherever the focus is, and then the conversation', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    await window.user.keyboard('{Control>}f{/Control}');
    screen.getByTestId('composer').focus();
    await window.user.keyboard('{Escape}');
    expect(screen.queryByTestId('find-bar')).toBeNull();
    expect(screen.getByTestId('conversation')).toBeTruthy();
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('conversation')).toBeNull());
  });

  test('nothing found is said', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    await window.user.keyboard('{Control>}f{/Control}');
    await window.user.type(screen.getByTestId('find'), 'qqqq');
    expect((await screen.findByTestId('find-none')).textContent).toContain('Nothing found for «qqqq»');
  });

  test('only the newest question is answered', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    const answers: ((page: { hits: []; more: boolean }) => void)[] = [];
    window.bridge.search = () => new Promise((done) => answers.push(done));
    await window.user.keyboard('{Control>}f{/Control}');
    await window.user.type(screen.getByTestId('find'), 'first');
    await waitFor(() => expect(answers).toHaveLength(1));
    await window.user.type(screen.getByTestId('find'), ' second');
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.({ hits: [], more: false });
    await screen.findByTestId('find-none');
    answers[0]?.({ hits: [], more: false });
    await new Promise((done) => setTimeout(done));
    expect(screen.getByTestId('find-none').textContent).toContain('first second');
  });
});

test('words are marked where they begin, in every script', () => {
  expect(placesIn('The market, the Marmalade', ['mar', 'the'])).toEqual([
    [4, 3],
    [16, 3],
    [0, 3],
    [12, 3],
  ]);
  expect(placesIn('übermut Über', ['über', 'mut'])).toEqual([
    [0, 4],
    [8, 4],
  ]);
  expect(placesIn('nothing', ['thing'])).toEqual([]);
});

describe('finding everywhere', () => {
  test('the list’s search finds messages of all, and opens one where it stands', async () => {
    const window = await openWindow('few');
    await window.user.keyboard('{Control>}{Shift>}f{/Shift}{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('search')));
    await window.user.type(screen.getByTestId('search'), 'north gate');
    const hits = await screen.findAllByTestId('hit');
    expect(hits[0]?.textContent).toContain('Mira Okonkwo');
    await expectAccessible();
    await window.user.click(hits[0] as HTMLElement);
    expect((await screen.findByTestId('conversation-header')).dataset['name']).toBe('mira');
    await waitFor(() =>
      expect(document.querySelector('.glowing')?.textContent).toContain('the north gate is closed'),
    );
  });

  test('people are found before what they said', async () => {
    const window = await openWindow('few');
    await window.user.type(screen.getByTestId('search'), 'jonas');
    expect(row('jonas')).toBeTruthy();
    expect(screen.getByTestId('found-messages')).toBeTruthy();
  });
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test, vi } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { read } from '../src/bridge/fake/prose';
import { nextTry } from '../src/chat/delivery';
import { preferences } from '../src/shared/preferences.svelte';
import { expectAccessible, openConversation, openWindow, type OpenWindow } from './window';

const messages = () => screen.getAllByTestId('message');
const saying = (text: string): HTMLElement => {
  const found = messages().find((message) => message.textContent?.includes(text));
  if (!found) throw new Error(`no message says ${text}`);
  return found;
};
const composer = () => screen.getByTestId<HTMLTextAreaElement>('composer');

async function rich(): Promise<OpenWindow> {
  const window = await openWindow('rich');
  await openConversation(window, 'mira');
  return window;
}

async function menuOf(window: OpenWindow, text: string): Promise<void> {
  saying(text).focus();
  await window.user.keyboard('{Enter}');
  await screen.findByRole('menu');
}

describe('what a message says', () => {
  test('the tree is drawn as what it means', async () => {
    await rich();
    expect(saying('The market').querySelector('strong')?.textContent).toBe('market');
    expect(saying('The market').querySelector('em')?.textContent).toBe('bergamots');
    const list = saying('My list so far');
    expect(list.querySelectorAll('ol > li')).toHaveLength(3);
    expect(list.querySelector('s')?.textContent).toBe('lemons');
    expect(saying('Here is the recipe').querySelector('pre')?.textContent).toContain('    squeeze(slice)');
  });

  test('a link whose words are not its address shows where it leads', async () => {
    const window = await rich();
    const list = within(saying('My list so far'));
    expect(list.getAllByTestId('behind').map((one) => one.textContent)).toEqual(['(example.org/market)']);
    await window.user.click(list.getByText('the market’s plan'));
    expect(window.bridge.opened).toEqual(['https://example.org/market?stall=42']);
  });

  test('what would be alive elsewhere is letters here', async () => {
    const window = await rich();
    const text = '<img src=x onerror=alert(1)> [x](javascript:alert(1))';
    window.bridge.talks.arrive(idFor('mira'), text);
    const said = await waitFor(() => saying('<img src=x'));
    expect(said.querySelector('img, a')).toBeNull();
    expect(said.textContent).toContain(text);
  });

  test('a link of a harmful scheme is not drawn as one, even if the core were to send it', async () => {
    const window = await rich();
    const words = [{ type: 'text' as const, text: 'a present' }];
    const body = [
      { type: 'paragraph' as const, words: [{ type: 'link' as const, href: 'javascript:x', words }] },
    ];
    window.bridge.talks.arrive(idFor('mira'), 'a present', { body });
    expect((await waitFor(() => saying('a present'))).querySelector('a')).toBeNull();
  });

  test('a deed is told of its author by name', async () => {
    await rich();
    expect(saying('looks for the big basket').textContent).toMatch(/clementine\s*looks for the big basket/);
  });

  test('code is copied as it is', async () => {
    const window = await rich();
    const copy = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await window.user.click(within(saying('Here is the recipe')).getByTestId('copy-code'));
    expect(copy).toHaveBeenCalledWith('for slice in orange:\n    squeeze(slice)');
  });

  test('what was deleted and what is too new says so', async () => {
    await rich();
    expect(saying('Message deleted')).toBeTruthy();
    expect(saying('A newer JUICE wrote this')).toBeTruthy();
  });

  test('a rich conversation breaks no accessibility rule', async () => {
    await rich();
    await expectAccessible();
  });
});

describe('answering', () => {
  test('a reply names what it answers, and a click on it goes there', async () => {
    const window = await rich();
    saying('The market').focus();
    await window.user.keyboard('r');
    expect(screen.getByTestId('reply-bar').textContent).toContain('The market is back');
    await window.user.type(composer(), 'hooray{Enter}');
    await waitFor(() => expect(messages().at(-1)?.textContent).toContain('hooray'));
    const sent = window.bridge.given.find((command) => command.type === 'sendMessage');
    expect(sent).toMatchObject({ text: 'hooray', replyTo: saying('The market').dataset['id'] });
    expect(screen.queryByTestId('reply-bar')).toBeNull();
    await window.user.click(within(messages().at(-1) as HTMLElement).getByTestId('quote'));
    await waitFor(() => expect(saying('The market').className).toContain('glowing'));
  });

  test('Esc thinks better of it and keeps the conversation', async () => {
    const window = await rich();
    saying('The market').focus();
    await window.user.keyboard('r');
    await window.user.keyboard('{Escape}');
    expect(screen.queryByTestId('reply-bar')).toBeNull();
    expect(screen.getByTestId('conversation')).toBeTruthy();
  });

  test('whoever quotes what was deleted shows it no more', async () => {
    const window = await rich();
    const list = window.bridge.talks.with(idFor('mira')).find(saying('My list so far').dataset['id'] ?? '');
    const gone = { text: '', body: [], deleted: true, reactions: [] };
    if (list) window.bridge.talks.change({ ...list, ...gone });
    await waitFor(() =>
      expect(within(saying('I’ll bring the crate')).getByTestId('quote').textContent).toContain('deleted'),
    );
  });
});

describe('changing', () => {
  test('the up arrow in an empty line edits the last of mine', async () => {
    const window = await rich();
    composer().focus();
    await window.user.keyboard('{ArrowUp}');
    expect(composer().value).toBe('and the small knife');
    await window.user.clear(composer());
    await window.user.type(composer(), 'and the large knife{Enter}');
    await waitFor(() => expect(messages().at(-1)?.textContent).toContain('and the large knife'));
    expect(composer().value).toBe('');
    await window.user.click(within(messages().at(-1) as HTMLElement).getByTestId('edited'));
    expect((await screen.findByTestId('edits')).textContent).toContain('and the small knife');
    await expectAccessible();
  });

  test('what was being written is back after an edit', async () => {
    const window = await rich();
    await window.user.type(composer(), 'half a thou');
    await menuOf(window, 'and the small knife');
    await window.user.click(screen.getByTestId('menu-edit'));
    await waitFor(() => expect(composer().value).toBe('and the small knife'));
    await window.user.type(composer(), '{Escape}');
    expect(composer().value).toBe('half a thou');
    expect(window.bridge.given.some((command) => command.type === 'editMessage')).toBe(false);
  });

  test('deleting is asked about once, and only of mine', async () => {
    const window = await rich();
    await menuOf(window, 'The market');
    expect(screen.queryByTestId('menu-delete')).toBeNull();
    await window.user.keyboard('{Escape}');
    await menuOf(window, 'and the small knife');
    await expectAccessible();
    await window.user.click(screen.getByTestId('menu-delete'));
    expect(screen.getByRole('dialog').textContent).toContain('on Mira Okonkwo’s computer');
    await expectAccessible();
    await window.user.click(screen.getByTestId('delete-submit'));
    await waitFor(() => expect(messages().at(-1)?.textContent).toContain('Message deleted'));
  });
});

describe('emoji on messages', () => {
  test('a click on one puts mine beside theirs, and takes it off', async () => {
    const window = await rich();
    const party = () => within(saying('Count me in')).getByTestId('reaction');
    expect(party().getAttribute('aria-pressed')).toBe('false');
    await window.user.click(party());
    await waitFor(() => expect(party().getAttribute('aria-pressed')).toBe('true'));
    expect(party().textContent).toContain('2');
    await window.user.click(party());
    await waitFor(() => expect(party().getAttribute('aria-pressed')).toBe('false'));
  });

  test('by keyboard: plus, arrow, Enter', async () => {
    const window = await rich();
    saying('The market').focus();
    await window.user.keyboard('+');
    await screen.findAllByTestId('quick-emoji');
    await window.user.keyboard('{ArrowRight}{Enter}');
    await waitFor(() =>
      expect(window.bridge.given.at(-1)).toMatchObject({ type: 'react', emoji: '❤️', on: true }),
    );
  });

  test('any other is found by its name, in one’s own tone, and is there again', async () => {
    preferences.tone = 3;
    const window = await rich();
    await menuOf(window, 'The market');
    await window.user.click(screen.getByTestId('more-emoji'));
    await screen.findAllByTestId('emoji');
    await window.user.type(screen.getByTestId('emoji-search'), 'waving');
    await expectAccessible();
    await window.user.keyboard('{Enter}');
    await waitFor(() => expect(window.bridge.given.at(-1)).toMatchObject({ type: 'react', emoji: '👋🏽' }));
    expect(preferences.recentEmoji[0]).toBe('👋');
    preferences.tone = 0;
  });
});

describe('emoji while writing', () => {
  test('a shortcode offers what it may become', async () => {
    const window = await rich();
    await window.user.type(composer(), 'so :tang');
    await screen.findByTestId('completions');
    await expectAccessible();
    await window.user.keyboard('{Enter}');
    expect(composer().value).toBe('so 🍊 ');
    expect(screen.queryByTestId('completions')).toBeNull();
  });

  test('a whole shortcode becomes one at once', async () => {
    const window = await rich();
    await window.user.type(composer(), 'so :tangerine:');
    await waitFor(() => expect(composer().value).toBe('so 🍊'));
  });

  test('a time and a smiley stay as they are', async () => {
    const window = await rich();
    await window.user.type(composer(), 'at 10:30:15 :-) ok');
    expect(screen.queryByTestId('completions')).toBeNull();
    expect(composer().value).toBe('at 10:30:15 :-) ok');
  });

  test('the picker puts it where the caret is', async () => {
    const window = await rich();
    await window.user.type(composer(), 'ab');
    composer().setSelectionRange(1, 1);
    await window.user.click(screen.getByTestId('emoji-button'));
    await screen.findAllByTestId('emoji');
    await window.user.type(screen.getByTestId('emoji-search'), 'tangerine{Enter}');
    await waitFor(() => expect(composer().value).toBe('a🍊b'));
  });
});

describe('who is quick', () => {
  test('Arrow-up right after Enter means what was just written', async () => {
    const window = await rich();
    // A disk that takes its time.
    const command = window.bridge.command.bind(window.bridge);
    window.bridge.command = async (asked) => {
      if (asked.type === 'sendMessage') await new Promise((done) => setTimeout(done, 100));
      return command(asked);
    };
    await window.user.type(composer(), 'a slip of the pem{Enter}{ArrowUp}');
    await waitFor(() => expect(composer().value).toBe('a slip of the pem'));
  });
});

describe('moving by keyboard', () => {
  test('arrows go from message to message, from the list to the last', async () => {
    const window = await rich();
    screen.getByTestId('messages').focus();
    await window.user.keyboard('{ArrowUp}');
    expect(document.activeElement).toBe(messages().at(-1));
    await window.user.keyboard('{ArrowUp}');
    expect(document.activeElement).toBe(messages().at(-2));
    await window.user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(messages().at(-1));
  });
});

describe('where a message is', () => {
  test('in the mailbox: since when, and it can be taken back', async () => {
    const window = await rich();
    await window.user.click(within(saying('I’ll bring the crate')).getByTestId('delivery'));
    expect((await screen.findByTestId('delivery-why')).textContent).toContain(
      'In Mira Okonkwo’s mailbox since',
    );
    await expectAccessible();
    await window.user.click(screen.getByTestId('cancel-message'));
    await waitFor(() => expect(saying('I’ll bring the crate').dataset['state']).toBe('cancelled'));
  });

  test('waiting: why, and when it is tried again', async () => {
    const window = await rich();
    await window.user.click(within(saying('and the small knife')).getByTestId('delivery'));
    expect((await screen.findByTestId('delivery-why')).textContent).toContain('mailbox is full');
    expect(screen.getByTestId('delivery-next').textContent).toMatch(/Next try/);
  });

  test('the next try is counted down while it is near', () => {
    const waits = (nextTryMs: number | null) => ({ type: 'queued', why: 'connecting', nextTryMs }) as const;
    expect(nextTry(waits(13_000), 1_000)).toBe('Next try in 12 s.');
    expect(nextTry(waits(500), 1_000)).toBe('Trying right now.');
    expect(nextTry(waits(null), 1_000)).toBe('');
  });
});

test('the fake reads as the core does', () => {
  const text = (said: string) => ({ type: 'text', text: said });
  expect(read('/me waves')).toEqual({
    action: true,
    body: [{ type: 'paragraph', words: [text('waves')] }],
  });
  expect(read('3. a\n4. b').body).toMatchObject([{ type: 'list', start: 3 }]);
  expect(read('> said').body).toEqual([
    { type: 'quote', blocks: [{ type: 'paragraph', words: [text('said')] }] },
  ]);
  expect(read('see https://example.org/a_b.').body).toMatchObject([
    { words: [text('see '), { type: 'link', href: 'https://example.org/a_b' }, text('.')] },
  ]);
});

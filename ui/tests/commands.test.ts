import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import type { Command } from '../src/bridge/generated/Command';
import { commandsFor, heardIn } from '../src/chat/commands';
import { languages } from '../src/shared/words';
import { expectAccessible, openConversation, openWindow, row, type OpenWindow } from './window';

const composer = () => screen.getByTestId<HTMLTextAreaElement>('composer');
const offers = () => within(screen.getByTestId('command-offers')).getAllByRole('option');

async function rich(): Promise<OpenWindow> {
  const window = await openWindow('rich');
  await openConversation(window, 'mira');
  return window;
}

const given = <T extends Command['type']>(window: OpenWindow, type: T): Extract<Command, { type: T }>[] =>
  window.bridge.given.filter((one): one is Extract<Command, { type: T }> => one.type === type);

describe('what a line with a slash asks for', () => {
  test('a command is known in every language, whatever its case and accents', () => {
    for (const line of ['/away till four', '/weg till four', '/AWAY  till four']) {
      expect(heardIn(line)).toEqual({ kind: 'command', command: 'away', rest: 'till four' });
    }
    for (const line of ['/back', '/here', '/zurück', '/zuruck', '/da']) {
      expect(heardIn(line)).toEqual({ kind: 'command', command: 'here', rest: '' });
    }
    expect(heardIn('/ich winke')).toEqual({ kind: 'command', command: 'me', rest: 'winke' });
  });

  test('no name means two things', () => {
    const meanings = new Map<string, string>();
    for (const { commands } of Object.values(languages)) {
      for (const [command, { names }] of Object.entries(commands)) {
        for (const name of names) {
          expect(meanings.get(name) ?? command).toBe(command);
          meanings.set(name, command);
        }
      }
    }
  });

  test('paths, fractions, comments and smileys are text', () => {
    for (const text of [
      '/etc/passwd',
      '/',
      '1/2',
      '// TODO',
      '//TODO',
      'and/or',
      '/24 net',
      ':/ well',
      '//me too',
    ]) {
      expect(heardIn(text)).toEqual({ kind: 'text', text });
    }
    expect(heardIn('//away is how')).toEqual({ kind: 'text', text: '/away is how' });
  });

  test('what is no command, or lacks its words, is unclear', () => {
    expect(heardIn('/awya')).toEqual({ kind: 'unclear', name: '/awya', bare: false });
    expect(heardIn('/foo-bar x')).toEqual({ kind: 'unclear', name: '/foo-bar', bare: false });
    expect(heardIn('/me')).toEqual({ kind: 'unclear', name: '/me', bare: true });
  });

  test('what is offered begins as typed, in the screen’s words before those of others', () => {
    expect(commandsFor('/').map((one) => one.name)).toEqual([
      '/me',
      '/away',
      '/busy',
      '/back',
      '/invisible',
      '/help',
    ]);
    expect(commandsFor('/h').map((one) => one.name)).toEqual(['/here', '/help']);
    expect(commandsFor('/unsicht').map((one) => one.name)).toEqual(['/unsichtbar']);
    for (const before of ['', 'a/', '/away ', '/x', ' /']) expect(commandsFor(before)).toEqual([]);
  });
});

describe('commands in the composer', () => {
  test('a slash offers them, and keys choose one', async () => {
    const window = await rich();
    await window.user.type(composer(), '/');
    expect(offers()).toHaveLength(6);
    expect(composer().getAttribute('aria-activedescendant')).toBe(offers()[0]?.id);
    await expectAccessible();
    await window.user.keyboard('{ArrowDown}{Enter}');
    expect(composer().value).toBe('/away ');
    expect(screen.queryByTestId('command-offers')).toBeNull();
    expect(given(window, 'sendMessage')).toEqual([]);
  });

  test('away with a line, and back to the line from before', async () => {
    const window = await rich();
    const usual = window.juice.session.me?.statusText ?? '';
    await window.user.type(composer(), '/away at  lunch{Enter}');
    await waitFor(() =>
      expect(given(window, 'setStatus').at(-1)).toMatchObject({ availability: 'away', text: 'at lunch' }),
    );
    await screen.findByText('Away: at lunch');
    expect(composer().value).toBe('');
    await window.user.type(composer(), '/busy{Enter}');
    await waitFor(() =>
      expect(given(window, 'setStatus').at(-1)).toMatchObject({ availability: 'busy', text: 'at lunch' }),
    );
    await waitFor(() => expect(window.juice.session.me?.availability).toBe('busy'));
    await window.user.type(composer(), '/back{Enter}');
    await waitFor(() =>
      expect(given(window, 'setStatus').at(-1)).toMatchObject({ availability: 'here', text: usual }),
    );
    expect(given(window, 'sendMessage')).toEqual([]);
  });

  test('the buddy is not told that a command is typed', async () => {
    const window = await rich();
    await window.user.type(composer(), '/invisible{Enter}');
    await waitFor(() => expect(given(window, 'setStatus').at(-1)?.availability).toBe('invisible'));
    expect(given(window, 'typing').filter(({ active }) => active)).toEqual([]);
  });

  test('a command keeps what is being answered', async () => {
    const window = await rich();
    const message = screen.getAllByTestId('message')[0] as HTMLElement;
    message.focus();
    await window.user.keyboard('r');
    await window.user.type(composer(), '/away{Enter}');
    await waitFor(() => expect(given(window, 'setStatus')).toHaveLength(1));
    expect(screen.getByTestId('reply-bar')).toBeTruthy();
  });

  test('a deed goes out as one, in either language', async () => {
    const window = await rich();
    await window.user.type(composer(), '/ich winkt{Enter}');
    await waitFor(() => expect(given(window, 'sendMessage').at(-1)?.text).toBe('/me winkt'));
  });

  test('help opens the sheet of keys and commands', async () => {
    const window = await rich();
    await window.user.type(composer(), '/help{Enter}');
    const sheet = await screen.findByRole('dialog');
    expect(within(sheet).getByText('/invisible')).toBeTruthy();
    await expectAccessible();
  });

  test('what is no command is not sent before a second Enter', async () => {
    const window = await rich();
    await window.user.type(composer(), '/awya lunch{Enter}');
    expect((await screen.findByTestId('unclear-command')).textContent).toContain('/awya isn’t a command');
    expect(composer().value).toBe('/awya lunch');
    await expectAccessible();
    expect(given(window, 'sendMessage')).toEqual([]);
    await window.user.keyboard('{Enter}');
    await waitFor(() => expect(given(window, 'sendMessage').at(-1)?.text).toBe('/awya lunch'));
    expect(screen.queryByTestId('unclear-command')).toBeNull();
  });

  test('another text is asked about anew, and Esc goes back to writing', async () => {
    const window = await rich();
    await window.user.type(composer(), '/awya{Enter}');
    await window.user.type(composer(), 'a{Enter}');
    expect((await screen.findByTestId('unclear-command')).textContent).toContain('/awyaa');
    await window.user.keyboard('{Escape}');
    expect(screen.queryByTestId('unclear-command')).toBeNull();
    expect(screen.getByTestId('conversation')).toBeTruthy();
    expect(given(window, 'sendMessage')).toEqual([]);
    await window.user.keyboard('{Enter}');
    await window.user.click(screen.getByTestId('send-as-text'));
    await waitFor(() => expect(given(window, 'sendMessage').at(-1)?.text).toBe('/awyaa'));
  });

  test('two slashes say the command’s own name', async () => {
    const window = await rich();
    await window.user.type(composer(), '//away is how{Enter}');
    await waitFor(() => expect(given(window, 'sendMessage').at(-1)?.text).toBe('/away is how'));
    expect(row('mira')).toBeTruthy();
  });

  test('a message that is mended is text, whatever it begins with', async () => {
    const window = await rich();
    await window.user.type(composer(), 'first{Enter}');
    await waitFor(() => expect(given(window, 'sendMessage')).toHaveLength(1));
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)?.textContent).toContain('first'));
    await window.user.keyboard('{ArrowUp}');
    await screen.findByTestId('reply-bar');
    await window.user.clear(composer());
    await window.user.type(composer(), '/away{Enter}');
    await waitFor(() => expect(given(window, 'editMessage').at(-1)?.text).toBe('/away'));
    expect(given(window, 'setStatus')).toEqual([]);
  });
});

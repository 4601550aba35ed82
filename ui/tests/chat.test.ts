import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { FakeBridge } from '../src/bridge/fake';
import { idFor } from '../src/bridge/fake/cast';
import type { MessageView } from '../src/bridge/generated/MessageView';
import { Conversation } from '../src/chat/conversation.svelte';
import { itemsOf } from '../src/chat/grouping';
import { blocksOf, emojiOnly, spansOf } from '../src/chat/text';
import { openConversation, openWindow } from './window';

const at = (id: string, minutes: number, mine = false): MessageView => ({
  id,
  buddy: 'b',
  mine,
  text: id,
  sentMs: new Date(2024, 4, 6, 12, minutes).getTime(),
  order: String(minutes).padStart(16, '0'),
  delivery: null,
});

describe('the text of a message', () => {
  const links = (text: string) => spansOf(text).flatMap((span) => (span.kind === 'link' ? [span.url] : []));

  test('links are found without the sentence around them', () => {
    expect(links('see https://a.example/x(y), or (http://b.example).')).toEqual([
      'https://a.example/x(y)',
      'http://b.example',
    ]);
  });

  test('only harmless schemes become links', () => {
    expect(links('javascript:alert(1) file:///etc/passwd data:text/html,x')).toEqual([]);
    expect(links('mailto:a@b.example juice:1:abc')).toEqual(['mailto:a@b.example', 'juice:1:abc']);
  });

  test('nothing of the text is lost', () => {
    const text = 'a `b` https://c.example d\n<script>';
    expect(
      spansOf(text)
        .map((span) => span.text)
        .join(''),
    ).toBe('a b https://c.example d\n<script>');
  });

  test('quotes and code are told apart from the rest', () => {
    const kinds = blocksOf('> q\nplain\n```\ncode\n```\nend').map((block) => block.kind);
    expect(kinds).toEqual(['quote', 'plain', 'code', 'plain']);
  });

  test('a message of a few emoji is big and one of digits is not', () => {
    expect(emojiOnly('👩‍🚀 🍊')).toBe(true);
    expect(emojiOnly('🇩🇪👍🏽')).toBe(true);
    expect(emojiOnly('42')).toBe(false);
    expect(emojiOnly('🍊🍊🍊🍊🍊🍊🍊')).toBe(false);
  });
});

describe('groups of messages', () => {
  test('one author within a minute stands together', () => {
    const items = itemsOf([at('1', 0), at('2', 0), at('3', 0, true), at('4', 5, true)], null, []);
    expect(items.map((item) => (item.kind === 'group' ? item.messages.length : item.kind))).toEqual([
      'day',
      2,
      1,
      1,
    ]);
  });

  test('the unread line stands before the first unread', () => {
    const items = itemsOf([at('1', 0), at('2', 0)], '2', []);
    expect(items.map((item) => item.kind)).toEqual(['day', 'group', 'unread', 'group']);
  });

  test('groups that did not change stay the same object', () => {
    const messages = [at('1', 0), at('2', 5)];
    const first = itemsOf(messages, null, []);
    const second = itemsOf([...messages, at('3', 20)], null, first);
    expect(second[1]).toBe(first[1]);
    expect(second[2]).toBe(first[2]);
  });
});

describe('a conversation', () => {
  test('pages are joined without a gap or a repeat', async () => {
    const conversation = new Conversation(new FakeBridge('many'), idFor('ada.abel'));
    await conversation.load();
    await conversation.older();
    const ids = conversation.messages.map((message) => message.id);
    expect(ids).toHaveLength(160);
    expect(new Set(ids).size).toBe(160);
    const orders = conversation.messages.map((message) => message.order);
    expect([...orders].sort()).toEqual(orders);
  });

  test('news that comes while a page is on its way is not overwritten by it', async () => {
    const bridge = new FakeBridge('few');
    const conversation = new Conversation(bridge, idFor('mira'));
    const loading = conversation.load();
    const late = { ...at('late', 0), buddy: idFor('mira'), order: 'f'.repeat(16) };
    conversation.apply({ type: 'messageArrived', message: late });
    await loading;
    expect(conversation.messages.at(-1)?.id).toBe('late');
  });

  test('a message received twice is shown once', async () => {
    const conversation = new Conversation(new FakeBridge('few'), 'b');
    await conversation.load();
    conversation.apply({ type: 'messageArrived', message: at('x', 1) });
    conversation.apply({ type: 'messageArrived', message: at('x', 1) });
    expect(conversation.messages).toHaveLength(1);
  });

  test('Enter sends, Shift+Enter breaks the line', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'jonas');
    await window.user.type(screen.getByTestId('composer'), 'one{Shift>}{Enter}{/Shift}two{Enter}');
    await waitFor(() => {
      const sent = window.bridge.given.find((command) => command.type === 'sendMessage');
      expect(sent).toMatchObject({ text: 'one\ntwo' });
    });
    expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('');
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)?.dataset['state']).toBe('queued'));
  });

  test('a draft is kept when leaving and there when coming back', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'jonas');
    await window.user.type(screen.getByTestId('composer'), 'half a thou');
    await openConversation(window, 'Al');
    expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('');
    await openConversation(window, 'jonas');
    await waitFor(() =>
      expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('half a thou'),
    );
  });

  test('what could not be saved is back in the composer', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'jonas');
    window.bridge.tell({
      type: 'notice',
      notice: { type: 'notSaved', buddy: idFor('jonas'), text: 'precious' },
    });
    await waitFor(() => expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('precious'));
    expect((await screen.findByTestId('toast')).textContent).toContain('couldn’t be saved');
  });

  test('the mark of a waiting message says why, and takes it back', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'kofi');
    const waiting = screen.getAllByTestId('message').find((message) => message.dataset['state'] === 'queued');
    const mark = waiting?.querySelector<HTMLElement>('[data-testid="delivery"]');
    await window.user.click(mark as HTMLElement);
    expect(screen.getByTestId('delivery-why').textContent).toContain('kofi’s computer is off');
    await window.user.click(screen.getByTestId('cancel-message'));
    await waitFor(() => expect(waiting?.dataset['state']).toBe('cancelled'));
  });

  test('what is before the eyes is marked as read', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'Al');
    await waitFor(() => expect(window.bridge.given).toContainEqual({ type: 'markRead', buddy: idFor('Al') }));
    expect(screen.getByTestId('unread-line')).toBeTruthy();
    expect(window.bridge.lookingAt).toBe(idFor('Al'));
  });

  test('what comes while the window is behind others is not marked as read', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'jonas');
    window.juice.session.inFront = false;
    window.bridge.arrive(idFor('jonas'), 'psst');
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)?.textContent).toContain('psst'));
    expect(window.bridge.given.filter((command) => command.type === 'markRead')).toEqual([]);
    await waitFor(() => expect(window.bridge.lookingAt).toBeNull());
  });

  test('a former or blocked buddy can be read but not written to', async () => {
    const window = await openWindow('few');
    await window.user.click(screen.getByTestId('group-former'));
    await openConversation(window, 'rue');
    expect(screen.getByTestId('composer-closed').textContent).toContain('aren’t buddies any more');
    expect(screen.getAllByTestId('message').length).toBeGreaterThan(0);
    expect(screen.queryByTestId('composer')).toBeNull();
  });

  test('a changed key is shown and settled by comparing numbers', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'lena');
    await window.user.click(screen.getByText('Compare'));
    await waitFor(() =>
      expect(screen.getByTestId('safety-number').textContent?.match(/\d{5}/g)).toHaveLength(12),
    );
    await window.user.click(screen.getByTestId('verify-match'));
    await waitFor(() => expect(screen.queryByTestId('key-alarm')).toBeNull());
    expect(screen.getByTestId('verified')).toBeTruthy();
  });

  test('links are opened by the bridge and never by the page', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    await window.user.click(screen.getByText('https://example.org/market?stall=42'));
    expect(window.bridge.opened).toEqual(['https://example.org/market?stall=42']);
  });

  test('news from the window frame opens conversations and invites', async () => {
    const { bridge } = await openWindow('few');
    bridge.tellWindow({ type: 'openConversation', buddy: idFor('tom') });
    expect((await screen.findByTestId('conversation-header')).dataset['name']).toBe('tom');
    bridge.tellWindow({ type: 'followInvite', link: 'juice:1:xyz' });
    expect((await screen.findByTestId<HTMLInputElement>('add-link')).value).toBe('juice:1:xyz');
  });
});

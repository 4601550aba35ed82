import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { FakeBridge } from '../src/bridge/fake';
import { idFor } from '../src/bridge/fake/cast';
import type { MessageView } from '../src/bridge/generated/MessageView';
import { Conversation } from '../src/chat/conversation.svelte';
import { itemsOf } from '../src/chat/grouping';
import { addressBehind, openable } from '../src/chat/links';
import { openConversation, openWindow } from './window';

const at = (id: string, minutes: number, mine = false): MessageView => ({
  id,
  buddy: 'b',
  mine,
  text: id,
  sentMs: new Date(2024, 4, 6, 12, minutes).getTime(),
  order: String(minutes).padStart(16, '0'),
  delivery: null,
  body: [{ type: 'paragraph', words: [{ type: 'text', text: id }] }],
  action: false,
  quote: null,
  edited: false,
  deleted: false,
  reactions: [],
  file: null,
  call: null,
  unsupported: false,
});

describe('links in a message', () => {
  test('only harmless schemes open', () => {
    expect(['https://a.example', 'mailto:a@b.example', 'juice:1:abc'].map(openable)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'x'].map(openable)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('where the words are not the address, the address is shown, and never without its host', () => {
    expect(addressBehind('https://a.example/x', 'https://a.example/x')).toBeNull();
    expect(addressBehind('https://a.example/', 'a.example')).toBeNull();
    expect(addressBehind('https://eve.example/pay', 'https://bank.example')).toBe('eve.example/pay');
    expect(addressBehind('https://bank.example@eve.example/', 'the bank')).toBe('eve.example');
    expect(addressBehind(`https://eve.example/${'a'.repeat(300)}`, 'here')).toMatch(/^eve\.example\/a+…$/);
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
    expect(ids).toHaveLength(130);
    expect(new Set(ids).size).toBe(130);
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

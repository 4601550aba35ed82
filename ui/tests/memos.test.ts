import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { expectAccessible, openConversation, openWindow, type OpenWindow } from './window';

const MIRA = idFor('mira');

async function few(): Promise<OpenWindow> {
  const window = await openWindow('few');
  await openConversation(window, 'mira');
  return window;
}

const bar = (): HTMLElement => screen.getByTestId('memo-bar');
const stage = (): string | null => screen.queryByTestId('memo-bar')?.dataset['stage'] ?? null;
const given = (window: OpenWindow, type: string): unknown[] =>
  window.bridge.given.filter((command) => command.type === type);

async function recorded(window: OpenWindow): Promise<void> {
  await window.user.click(screen.getByTestId('record-memo'));
  await waitFor(() => expect(stage()).toBe('recording'));
}

describe('speaking', () => {
  test('one click records, stop keeps, and it is sent from there', async () => {
    const window = await few();
    await recorded(window);
    window.bridge.memos.pass(7_300);
    await waitFor(() => expect(within(bar()).getByTestId('memo-time').textContent).toBe('00:07'));
    expect(screen.getByTestId('composer').closest('form')?.className).toContain('away');
    expect(document.activeElement).toBe(screen.getByTestId('memo-stop'));
    await expectAccessible();
    await window.user.click(screen.getByTestId('memo-stop'));
    await waitFor(() => expect(stage()).toBe('kept'));
    await expectAccessible();
    await window.user.click(screen.getByTestId('memo-send'));
    await waitFor(() => expect(stage()).toBe(null));
    const memos = screen.getAllByTestId('memo');
    expect(memos.at(-1)?.dataset['video']).toBe('false');
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
  });

  test('escape stops and keeps, and writing goes on beside what waits', async () => {
    const window = await few();
    await recorded(window);
    window.bridge.memos.pass(2_000);
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(stage()).toBe('kept'));
    await window.user.type(screen.getByTestId('composer'), 'and one more thing');
    expect(stage()).toBe('kept');
    expect(screen.queryByTestId('record-memo')).toBeNull();
  });

  test('the microphone is there only while the field is empty', async () => {
    const window = await few();
    expect(screen.getByTestId('record-memo')).toBeTruthy();
    await window.user.type(screen.getByTestId('composer'), 'x');
    expect(screen.queryByTestId('record-memo')).toBeNull();
    await window.user.clear(screen.getByTestId('composer'));
    expect(screen.getByTestId('record-memo')).toBeTruthy();
  });

  test('whoever goes to another conversation finds it again', async () => {
    const window = await few();
    await recorded(window);
    window.bridge.memos.pass(4_000);
    await openConversation(window, 'jonas');
    await waitFor(() => expect(given(window, 'stopMemo')).toHaveLength(1));
    expect(stage()).toBe(null);
    await openConversation(window, 'mira');
    expect(stage()).toBe('kept');
  });

  test('what is discarded is gone, and again begins anew', async () => {
    const window = await few();
    await recorded(window);
    window.bridge.memos.pass(1_000);
    await window.user.click(screen.getByTestId('memo-stop'));
    await waitFor(() => expect(stage()).toBe('kept'));
    await window.user.click(screen.getByTestId('memo-again'));
    await waitFor(() => expect(stage()).toBe('recording'));
    await window.user.click(screen.getByTestId('memo-discard'));
    await waitFor(() => expect(stage()).toBe(null));
    expect(given(window, 'recordMemo')).toHaveLength(2);
  });

  test('a microphone that fails is said in words', async () => {
    const window = await few();
    window.bridge.tell({ type: 'memoFailed', buddy: MIRA, why: 'noSound' });
    expect(await screen.findByText(/No microphone can be used here/)).toBeTruthy();
  });
});

describe('a call that nobody took', () => {
  const ended = async (window: OpenWindow, video: boolean): Promise<void> => {
    const { calls } = window.bridge;
    const shows = video ? 'camera' : 'nothing';
    const call = calls.begin(MIRA, { mine: true, stage: 'ringing', shows });
    await screen.findByTestId('call-bar');
    calls.end(call.id, 'noAnswer');
    await screen.findByTestId('call-ended');
  };

  test('offers to leave a message beside calling again', async () => {
    const window = await openWindow('few');
    await ended(window, false);
    const line = screen.getByTestId('call-ended');
    expect(within(line).getByTestId('call-again')).toBeTruthy();
    expect(within(line).queryByTestId('leave-video')).toBeNull();
    await window.user.click(within(line).getByTestId('leave-voice'));
    await waitFor(() => expect(stage()).toBe('recording'));
    expect(screen.getByTestId('conversation').dataset['buddy']).toBe(MIRA);
    expect(given(window, 'recordMemo')).toEqual([{ type: 'recordMemo', buddy: MIRA, video: false }]);
  });

  test('after one with the camera either can be left', async () => {
    const window = await openWindow('few');
    await ended(window, true);
    const line = screen.getByTestId('call-ended');
    expect(within(line).getByTestId('leave-voice')).toBeTruthy();
    await window.user.click(within(line).getByTestId('leave-video'));
    await waitFor(() => expect(stage()).toBe('recording'));
    expect(given(window, 'recordMemo')).toEqual([{ type: 'recordMemo', buddy: MIRA, video: true }]);
  });

  test('one that was talked, or that I missed, offers none', async () => {
    const window = await openWindow('few');
    const { calls } = window.bridge;
    const talked = calls.begin(MIRA, { mine: true, stage: 'talking', talkingSinceMs: Date.now() - 9_000 });
    await screen.findByTestId('call-bar');
    calls.end(talked.id, 'connectionLost');
    await screen.findByTestId('call-ended');
    expect(screen.queryByTestId('leave-voice')).toBeNull();
    calls.end(calls.begin(MIRA, {}).id, 'missed');
    await waitFor(() => expect(screen.getByTestId('call-ended').dataset['reason']).toBe('missed'));
    expect(screen.queryByTestId('leave-voice')).toBeNull();
  });
});

describe('listening', () => {
  async function memos(): Promise<OpenWindow> {
    const window = await openWindow('memos');
    await openConversation(window, 'mira');
    return window;
  }

  const player = (n: number): HTMLElement => {
    const found = screen.getAllByTestId('memo')[n];
    if (!found) throw new Error(`no memo ${n}`);
    return found;
  };

  test('plays, holds, and goes to and fro by keys', async () => {
    const window = await memos();
    await expectAccessible();
    await window.user.click(within(player(1)).getByTestId('memo-play'));
    await waitFor(() => expect(within(player(1)).getByTestId('memo-player').dataset['runs']).toBe('true'));
    const slider = within(player(1)).getByTestId('memo-position');
    expect(slider.getAttribute('role')).toBe('slider');
    expect(slider.getAttribute('aria-valuemax')).toBe('84');
    slider.focus();
    await window.user.keyboard('{End}');
    const last = (): unknown => given(window, 'playMemo').at(-1);
    await waitFor(() => expect(last()).toMatchObject({ fromMs: 84_000 }));
    await window.user.keyboard('{Home}{ArrowRight}');
    await waitFor(() => expect(last()).toMatchObject({ type: 'playMemo', buddy: MIRA }));
    await window.user.click(within(player(1)).getByTestId('memo-play'));
    await waitFor(() => expect(given(window, 'pauseMemo')).toHaveLength(1));
  });

  test('one at a time, each where it is', async () => {
    const window = await memos();
    await window.user.click(within(player(0)).getByTestId('memo-play'));
    await window.user.click(within(player(1)).getByTestId('memo-play'));
    await waitFor(() => expect(within(player(1)).getByTestId('memo-player').dataset['runs']).toBe('true'));
    expect(within(player(0)).getByTestId('memo-player').dataset['runs']).toBe('false');
  });

  test('the pace goes round', async () => {
    const window = await memos();
    const pace = within(player(1)).getByTestId('memo-pace');
    expect(pace.textContent).toBe('1×');
    await window.user.click(pace);
    await window.user.click(pace);
    expect(pace.textContent).toBe('2×');
    expect(given(window, 'setMemoPace')).toEqual([
      { type: 'setMemoPace', percent: 150 },
      { type: 'setMemoPace', percent: 200 },
    ]);
  });

  test('what has not come yet waits as a file does, and says so', async () => {
    const window = await memos();
    const moving = player(3);
    expect(moving.dataset['stage']).toBe('moving');
    expect(within(moving).getByTestId('memo-play')).toHaveProperty('disabled', true);
    expect(within(moving).getByTestId('file-pause')).toBeTruthy();
    window.bridge.change(MIRA, { state: 'offline', route: null });
    await waitFor(() => expect(within(player(4)).getByTestId('memo-state').textContent).toMatch(/Ready for/));
  });

  test('a video plays in its own frame', async () => {
    const window = await memos();
    const film = within(player(2)).getByTestId('memo-film');
    expect(film.dataset['open']).toBe('false');
    await window.user.click(within(film).getByTestId('memo-film-play'));
    await waitFor(() => expect(film.dataset['open']).toBe('true'));
    expect(within(film).getByTestId('picture').dataset['person']).toBe('memo');
  });

  test('the trace of a call says whether it was one with pictures', async () => {
    await memos();
    expect(screen.getByTestId('call-trace').textContent).toMatch(/You called with video, no answer/);
    expect(within(screen.getByTestId('call-trace')).getByTestId('leave-video')).toBeTruthy();
  });
});

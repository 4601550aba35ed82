// The small window of a call, and how the large one gives it the pictures.

import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { FakeBridge } from '../src/bridge/fake';
import type { VideoScene } from '../src/bridge/fake/videoscenes';
import { whoIsShown } from '../src/call/video/layout';
import SmallPage from '../src/Small.svelte';
import { Small } from '../src/small.svelte';
import { expectAccessible, openConversation, openWindow } from './window';

async function small(scene: VideoScene): Promise<{ bridge: FakeBridge; user: UserEvent; id: string }> {
  const bridge = new FakeBridge('calls');
  bridge.playCall(scene, 'mira');
  const window = new Small(bridge);
  render(SmallPage, { small: window });
  await window.start();
  await screen.findByTestId('small');
  const [id = ''] = bridge.calls.calls.keys();
  return { bridge, user: userEvent.setup(), id };
}

const shown = (): string | undefined => screen.getByTestId('tile').dataset['id'];

test('shows the other, how long, and what one does in passing', async () => {
  const { bridge, user, id } = await small('video');
  expect(screen.getAllByTestId('picture').map((one) => one.dataset['person'])).toEqual([
    [...bridge.calls.calls.values()][0]?.people[0]?.id,
  ]);
  expect(screen.getByTestId('small-time').textContent).toContain('4:1');
  expect(screen.queryByTestId('snapshot')).toBeNull();
  await expectAccessible();
  await user.click(screen.getByTestId('small-mute'));
  expect(bridge.given.at(-1)).toEqual({ type: 'mute', on: true });
  await waitFor(() => expect(screen.getByTestId('small-mute').getAttribute('aria-pressed')).toBe('true'));
  await user.click(screen.getByTestId('small-back'));
  await user.keyboard('{Escape}');
  expect(bridge.wished).toEqual(['back', 'close']);
  await user.click(screen.getByTestId('small-hang-up'));
  expect(bridge.given.at(-1)).toEqual({ type: 'hangUp', call: id });
  await waitFor(() => expect(screen.queryByTestId('small')).toBeNull());
});

test('shows a face where there is no picture', async () => {
  await small('videohere');
  expect(screen.queryByTestId('picture')).toBeNull();
  expect(screen.getByTestId('tile').querySelector('.avatar')).not.toBeNull();
});

test('is moved by its picture, not by its buttons; twice goes back', async () => {
  const { bridge } = await small('video');
  const at = screen.getByTestId('small');
  await fireEvent.pointerDown(screen.getByTestId('small-mute'), { button: 0, clientX: 0, clientY: 0 });
  await fireEvent.pointerMove(at, { clientX: 50, clientY: 0 });
  expect(bridge.wished).toEqual([]);
  await fireEvent.pointerDown(screen.getByTestId('picture'), { button: 0, clientX: 0, clientY: 0 });
  await fireEvent.pointerMove(at, { clientX: 2, clientY: 0 });
  expect(bridge.wished).toEqual([]);
  await fireEvent.pointerMove(at, { clientX: 9, clientY: 0 });
  expect(bridge.wished).toEqual(['move']);
  await fireEvent.dblClick(screen.getByTestId('picture'));
  expect(bridge.wished).toEqual(['move', 'back']);
});

test('of several, it shows who speaks', async () => {
  const { bridge } = await small('videogroup');
  const people = [...bridge.calls.calls.values()][0]?.people ?? [];
  const speak = (...speaking: (string | undefined)[]): void => {
    const levels = {
      microphone: 0,
      speaking: speaking.filter((one) => one !== undefined),
      speakingMuted: false,
    };
    bridge.tell({ type: 'soundLevelsChanged', levels });
  };
  speak(people[2]?.id);
  await waitFor(() => expect(shown()).toBe(people[2]?.id));
  speak(people[0]?.id, people[2]?.id);
  speak();
  await waitFor(() => expect(shown()).toBe(people[2]?.id));
  speak(people[0]?.id);
  await waitFor(() => expect(shown()).toBe(people[0]?.id));
});

test('who is shown stays until somebody else speaks alone', () => {
  const people = [
    { id: 'a', shows: 'nothing' },
    { id: 'b', shows: 'camera' },
    { id: 'c', shows: 'camera' },
  ];
  const [a, , c] = people as [{ id: string }, unknown, { id: string }];
  expect(whoIsShown(people, [], null)).toBe('b');
  expect(whoIsShown(people, [], 'gone')).toBe('b');
  expect(whoIsShown(people, [a, c], 'c')).toBe('c');
  expect(whoIsShown(people, [a], 'c')).toBe('a');
  expect(whoIsShown([], [], 'c')).toBeNull();
});

test('the large window asks for it by button and by P, and paints nothing while the pictures are there', async () => {
  const window = await openWindow('calls');
  await openConversation(window, 'mira');
  window.bridge.playCall('video', 'mira');
  const stage = await screen.findByTestId('stage');
  stage.focus();
  await window.user.keyboard('p');
  expect(window.bridge.wished).toEqual(['open']);
  await waitFor(() => expect(screen.queryByTestId('stage')).toBeNull());
  expect(screen.queryAllByTestId('picture')).toEqual([]);
  await window.user.click(screen.getByTestId('small-end'));
  expect(window.bridge.wished).toEqual(['open', 'back']);
  await screen.findByTestId('stage');
  await window.user.click(screen.getByTestId('small-open'));
  expect(window.bridge.wished).toEqual(['open', 'back', 'open']);
});

// Calls with pictures, in a whole window on a fake engine.

import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FakeBridge } from '../src/bridge/fake';
import { idFor } from '../src/bridge/fake/cast';
import { qualityOf } from '../src/bridge/fake/sounds';
import { TROUBLES } from '../src/bridge/fake/video';
import type { VideoScene } from '../src/bridge/fake/videoscenes';
import type { CallView } from '../src/bridge/generated/CallView';
import type { CameraTrouble } from '../src/bridge/generated/CameraTrouble';
import { preferences } from '../src/shared/preferences.svelte';
import { expectAccessible, openConversation, openWindow, row, type OpenWindow } from './window';

afterEach(() => vi.restoreAllMocks());

const MIRA = idFor('mira');
const NAME = 'Mira Okonkwo';

async function seeing(
  scene: VideoScene,
  before?: (bridge: FakeBridge) => void,
): Promise<OpenWindow & { call: () => CallView }> {
  const window = await openWindow('calls', before);
  await openConversation(window, 'mira');
  window.bridge.playCall(scene, 'mira');
  await screen.findByTestId('call-bar');
  return {
    ...window,
    call: () => {
      const [call] = window.bridge.calls.calls.values();
      if (!call) throw new Error('no call');
      return call;
    },
  };
}

const last = (window: OpenWindow): unknown => window.bridge.given.at(-1);
const asked = (window: OpenWindow): number =>
  [...window.bridge.video.asked.values()].reduce((sum, one) => sum + one, 0);
const pictures = (): string[] => screen.queryAllByTestId('picture').map((one) => one.dataset['person'] ?? '');
const tiles = (): HTMLElement[] => screen.queryAllByTestId('tile');
const hide = (hidden: boolean): void => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  document.dispatchEvent(new Event('visibilitychange'));
};

describe('calling with video', () => {
  test('goes from the header and the row, and shows both when it is answered', async () => {
    const window = await openWindow('calls');
    await openConversation(window, 'mira');
    const header = screen.getByTestId('conversation-header');
    await window.user.click(within(header).getByRole('button', { name: `Call ${NAME} with video` }));
    await screen.findByTestId('call-bar');
    expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: true });
    expect(screen.queryByTestId('stage')).toBeNull();
    expect(screen.getByTestId('call-camera').getAttribute('aria-pressed')).toBe('true');
    const [id = ''] = window.bridge.calls.calls.keys();
    window.bridge.calls.change(id, { stage: 'talking', talkingSinceMs: Date.now() });
    window.bridge.calls.changePerson(id, { shows: 'camera' });
    await waitFor(() => expect(pictures()).toEqual([id, 'me']));
    window.bridge.calls.end(id, 'remoteHangUp');
    await waitFor(() => expect(screen.queryByTestId('stage')).toBeNull());
    await window.user.click(within(row('jonas')).getByTestId('call-video'));
    await waitFor(() =>
      expect(last(window)).toEqual({ type: 'placeCall', buddy: idFor('jonas'), video: true }),
    );
  });

  test('is grey for whom has no camera, and says so; the menu too', async () => {
    const window = await openWindow('calls');
    await openConversation(window, 'Al');
    const header = screen.getByTestId('conversation-header');
    const button = within(header).getByTestId('call-video');
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toContain('Al has no camera right now');
    await window.user.click(button);
    await window.user.click(within(header).getByTestId('conversation-menu'));
    const item = await screen.findByTestId('menu-call-video');
    expect(item.title).toContain('Al has no camera');
    await window.user.click(item);
    expect(window.bridge.given.some((one) => one.type === 'placeCall')).toBe(false);
  });

  test('takes a camera here too, as soon as there is one', async () => {
    const window = await openWindow('calls', (bridge) => bridge.video.unplug());
    await openConversation(window, 'mira');
    const button = within(screen.getByTestId('conversation-header')).getByTestId('call-video');
    await waitFor(() => expect(button.title).toContain('You have no camera here'));
    window.bridge.video.cameras = [{ id: 'new', name: 'New' }];
    window.bridge.video.set({ camera: null, screen: null, area: null });
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('false'));
  });
});

describe('the first call with video of all', () => {
  async function first(): Promise<OpenWindow> {
    const window = await openWindow('calls');
    localStorage.clear();
    vi.spyOn(preferences, 'hasCalledWithVideo', 'get').mockReturnValue(false);
    await openConversation(window, 'mira');
    await window.user.click(within(screen.getByTestId('conversation-header')).getByTestId('call-video'));
    await screen.findByTestId('first-video');
    return window;
  }

  test('shows me to myself, and calls when I say so', async () => {
    const window = await first();
    await screen.findByTestId('preview');
    await expectAccessible();
    await window.user.click(screen.getByTestId('first-video-call'));
    await waitFor(() => expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: true }));
    const shown = window.bridge.given.filter((one) => one.type === 'testVideo').map((one) => one.on);
    expect(shown).toEqual([true, false]);
    expect(localStorage.getItem('video')).toBe('on');
    await waitFor(() => expect(screen.queryByTestId('first-video')).toBeNull());
  });

  test('is not made by whoever thinks better of it, who is asked again', async () => {
    const window = await first();
    await window.user.click(screen.getByTestId('first-video-cancel'));
    await waitFor(() => expect(last(window)).toEqual({ type: 'testVideo', on: false }));
    expect(window.bridge.given.some((one) => one.type === 'placeCall')).toBe(false);
    expect(localStorage.getItem('video')).toBeNull();
  });

  test('does not hold up one that rings', async () => {
    const window = await openWindow('calls');
    vi.spyOn(preferences, 'hasCalledWithVideo', 'get').mockReturnValue(false);
    window.bridge.playCall('incomingvideo', 'mira');
    await window.user.click(await screen.findByTestId('incoming-answer-video'));
    expect(last(window)).toMatchObject({ type: 'answerCall', video: true });
    expect(localStorage.getItem('video')).toBe('on');
  });
});

describe('being called with video', () => {
  test.each([
    ['incoming-answer-video', true],
    ['incoming-answer', false],
  ])('is said, and %s answers it', async (button, video) => {
    const window = await openWindow('calls');
    window.bridge.playCall('incomingvideo', 'mira');
    const card = await screen.findByTestId('incoming');
    expect(card.textContent).toContain('Video call');
    expect(card.querySelector('[role="alert"]')?.textContent).toContain(`Video call: ${NAME} is calling`);
    await within(card).findByTestId('incoming-answer-video');
    await expectAccessible();
    await window.user.click(within(card).getByTestId(button));
    const [id = ''] = window.bridge.calls.calls.keys();
    expect(last(window)).toEqual({ type: 'answerCall', call: id, video });
  });

  test('Tab goes from yes to yes to no, as they are seen', async () => {
    const window = await openWindow('calls');
    window.bridge.playCall('incomingvideo', 'mira');
    await screen.findByTestId('incoming-answer-video');
    await window.user.keyboard('{F6}');
    const met = [];
    for (let n = 0; n < 3; n++) {
      met.push((document.activeElement as HTMLElement).dataset['testid']);
      await window.user.tab();
    }
    expect(met).toEqual(['incoming-answer-video', 'incoming-answer', 'incoming-decline']);
  });

  test('the key answers without showing anybody', async () => {
    const window = await openWindow('calls');
    window.bridge.playCall('incomingvideo', 'mira');
    await screen.findByTestId('incoming');
    await window.user.keyboard('{Control>}{Shift>}a{/Shift}{/Control}');
    await waitFor(() => expect(last(window)).toMatchObject({ type: 'answerCall', video: false }));
  });

  test('without a camera there is one yes, and it is said what one sees', async () => {
    const window = await openWindow('calls', (bridge) => bridge.video.unplug());
    window.bridge.playCall('incomingvideo', 'mira');
    const told = await screen.findByTestId('incoming-no-camera');
    expect(told.textContent).toContain('you see theirs');
    expect(screen.queryByTestId('incoming-answer-video')).toBeNull();
    await window.user.click(screen.getByTestId('incoming-answer'));
    expect(last(window)).toMatchObject({ type: 'answerCall', video: false });
  });

  test('a voice call is answered as ever', async () => {
    const window = await openWindow('calls');
    window.bridge.playCall('incoming', 'mira');
    const card = await screen.findByTestId('incoming');
    expect(card.textContent).toContain('Voice call');
    expect(within(card).queryByTestId('incoming-answer-video')).toBeNull();
  });
});

describe('pictures', () => {
  test('are there of whoever shows any; the others have a face that shows who speaks', async () => {
    const window = await seeing('videogroup');
    await waitFor(() => expect(tiles()).toHaveLength(3));
    const [first, second, third] = window.call().people.map((one) => one.id);
    expect(pictures()).toEqual([first, second, 'me']);
    expect(screen.queryByTestId('call-faces')).toBeNull();
    expect(screen.getByTestId('video-told').textContent).toBe(`You see ${NAME} and jonas.`);
    expect(tiles().map((one) => one.dataset['shows'])).toEqual(['camera', 'camera', 'nothing']);
    expect(tiles()[0]?.dataset['speaks']).toBe('true');
    expect(within(tiles()[1] as HTMLElement).getByTestId('tile-muted')).not.toBeNull();
    window.bridge.tell({
      type: 'soundLevelsChanged',
      levels: { microphone: 0, speaking: [third ?? ''], speakingMuted: false },
    });
    await waitFor(() => expect(tiles()[2]?.dataset['speaks']).toBe('true'));
    const named = within(tiles()[2] as HTMLElement).getByTestId('tile-name');
    expect(named.getAttribute('aria-label')).toMatch(/^Al, .*speaks/);
    await expectAccessible();
  });

  test('come and go with what is shown, and a held call shows none', async () => {
    const window = await seeing('video');
    const { id } = window.call();
    await waitFor(() => expect(pictures()).toEqual([window.call().people[0]?.id, 'me']));
    window.bridge.calls.changePerson(window.call().people[0]?.id ?? '', { shows: 'nothing' });
    await waitFor(() => expect(pictures()).toEqual(['me']));
    window.bridge.calls.change(id, { shows: 'nothing' });
    await waitFor(() => expect(screen.queryByTestId('stage')).toBeNull());
    window.bridge.calls.change(id, { shows: 'camera' });
    await screen.findByTestId('stage');
    window.bridge.calls.change(id, { held: true });
    await waitFor(() => expect(screen.queryByTestId('stage')).toBeNull());
  });

  test('are named for who can’t see them, and a screen is called one', async () => {
    await seeing('screen');
    const names = await waitFor(() =>
      screen.getAllByRole('img').map((one) => one.getAttribute('aria-label')),
    );
    expect(names).toContain(`${NAME}’s screen`);
    expect(names).toContain('Your own picture');
    expect(screen.getByTestId('tile').textContent).toContain('shares the screen');
    expect(screen.getByTestId('video-told').textContent).toBe(`${NAME} shares the screen.`);
    expect(screen.getAllByTestId('picture')[0]?.dataset['fill']).toBe('false');
  });

  test('mine is seen as in a mirror, theirs are not', async () => {
    await seeing('video');
    const [theirs, mine] = await screen.findAllByTestId('picture');
    expect(theirs?.dataset['mirrored']).toBe('false');
    expect(mine?.dataset['mirrored']).toBe('true');
  });

  test('cost nothing while the page is hidden, the pictures are folded away, or the call is over', async () => {
    const window = await seeing('video');
    await waitFor(() => expect(asked(window)).toBeGreaterThan(4));
    const settled = async (): Promise<number> => {
      await new Promise((done) => setTimeout(done, 60));
      return asked(window);
    };
    hide(true);
    const hidden = await settled();
    expect(await settled()).toBe(hidden);
    hide(false);
    await waitFor(() => expect(asked(window)).toBeGreaterThan(hidden + 4));
    await window.user.click(screen.getByTestId('fold'));
    const folded = await settled();
    expect(await settled()).toBe(folded);
    await window.user.click(screen.getByTestId('unfold'));
    await waitFor(() => expect(asked(window)).toBeGreaterThan(folded + 4));
    window.bridge.calls.end(window.call().id, 'remoteHangUp');
    await waitFor(() => expect(screen.queryByTestId('stage')).toBeNull());
    const over = await settled();
    expect(await settled()).toBe(over);
  });

  test('folded away leave the conversation its room, and several their faces', async () => {
    const window = await seeing('videogroup');
    await window.user.click(await screen.findByTestId('fold'));
    expect(screen.queryByTestId('stage')).toBeNull();
    expect(screen.getByTestId('call-faces')).not.toBeNull();
    await window.user.click(screen.getByTestId('unfold'));
    expect(screen.getByTestId('stage')).not.toBeNull();
  });

  test('fit or fill as one likes', async () => {
    const window = await seeing('video');
    const toggle = await screen.findByTestId('fill');
    const fills = (): string | undefined => screen.getAllByTestId('picture')[0]?.dataset['fill'];
    expect(fills()).toBe('false');
    expect(toggle.getAttribute('aria-label')).toBe('Fill the frame');
    await window.user.click(toggle);
    expect(fills()).toBe('true');
    expect(toggle.getAttribute('aria-label')).toBe('Show all of the picture');
  });

  test('a face in a group opens what one can do about that person', async () => {
    const window = await seeing('videogroup');
    const [name] = await screen.findAllByTestId('tile-name');
    await window.user.click(name as HTMLElement);
    await screen.findByTestId('person-menu');
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('person-menu')).toBeNull());
    expect(document.activeElement).toBe(name);
  });
});

describe('full screen', () => {
  const full = (): boolean => document.querySelector('.area.full') !== null;

  test('by button, by F and by double click; Esc ends it, and the rest is out of reach meanwhile', async () => {
    const window = await seeing('video');
    const stage = await screen.findByTestId('stage');
    await window.user.click(screen.getByTestId('full-screen'));
    expect(full()).toBe(true);
    expect(document.querySelector<HTMLElement>('main > .pane')?.inert).toBe(true);
    expect(document.querySelector<HTMLElement>('main > nav')?.inert).toBe(true);
    await window.user.keyboard('{Escape}');
    expect(full()).toBe(false);
    expect(document.querySelector<HTMLElement>('main > .pane')?.inert).toBe(false);
    expect(screen.getByTestId('conversation')).not.toBeNull();
    stage.focus();
    await window.user.keyboard('f');
    expect(full()).toBe(true);
    await window.user.keyboard('f');
    expect(full()).toBe(false);
    await fireEvent.dblClick(screen.getByTestId('tile'));
    expect(full()).toBe(true);
    window.bridge.calls.end(window.call().id, 'remoteHangUp');
    await waitFor(() => expect(full()).toBe(false));
  });

  test('F is a letter to who writes, and Esc closes first what lies on top', async () => {
    const window = await seeing('videogroup');
    await screen.findByTestId('stage');
    screen.getByTestId('composer').focus();
    await window.user.keyboard('f');
    expect(full()).toBe(false);
    expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('f');
    await window.user.click(screen.getByTestId('full-screen'));
    await window.user.click(screen.getAllByTestId('tile-name')[0] as HTMLElement);
    await screen.findByTestId('person-menu');
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('person-menu')).toBeNull());
    expect(full()).toBe(true);
    await window.user.keyboard('{Escape}');
    expect(full()).toBe(false);
  });
});

describe('my own picture', () => {
  test('goes from corner to corner by arrow keys, and says where it is', async () => {
    const window = await seeing('video');
    const move = await screen.findByTestId('mine-move');
    expect(move.getAttribute('aria-label')).toContain('bottom right');
    move.focus();
    await window.user.keyboard('{ArrowUp}{ArrowLeft}');
    expect(screen.getByTestId('mine').dataset['corner']).toBe('topLeft');
    expect(move.getAttribute('aria-label')).toContain('top left');
  });

  test('is dragged into the nearest one', async () => {
    await seeing('video');
    const mine = await screen.findByTestId('mine');
    const stage = screen.getByTestId('stage');
    const move = screen.getByTestId('mine-move');
    move.setPointerCapture = () => undefined;
    Object.defineProperty(mine, 'offsetParent', { value: stage });
    stage.getBoundingClientRect = () => new DOMRect(0, 0, 800, 400);
    mine.getBoundingClientRect = () => new DOMRect(10, 290, 100, 75);
    await fireEvent.pointerDown(move, { button: 0, clientX: 700, clientY: 300 });
    await fireEvent.pointerMove(move, { clientX: 60, clientY: 310 });
    expect(mine.style.transform).toContain('translate');
    await fireEvent.pointerUp(move);
    expect(mine.dataset['corner']).toBe('bottomLeft');
    expect(mine.style.transform).toBe('');
  });

  test('can be hidden from me and brought back; others see me all the same', async () => {
    const window = await seeing('video');
    await window.user.click(await screen.findByTestId('mine-hide'));
    expect(screen.queryByTestId('mine')).toBeNull();
    expect(window.call().shows).toBe('camera');
    expect(screen.queryByTestId('mine-muted')).toBeNull();
    await window.user.click(screen.getByTestId('mine-show'));
    expect(screen.getByTestId('mine')).not.toBeNull();
    await window.bridge.command({ type: 'mute', on: true });
    await screen.findByTestId('mine-muted');
  });
});

describe('what I show', () => {
  test('the camera goes off and on', async () => {
    const window = await seeing('video');
    const camera = screen.getByTestId('call-camera');
    expect(camera.textContent).toContain('Camera on');
    await window.user.click(camera);
    expect(last(window)).toEqual({ type: 'showInCall', call: window.call().id, shows: 'nothing' });
    await waitFor(() => expect(camera.getAttribute('aria-pressed')).toBe('false'));
    await window.user.click(camera);
    expect(last(window)).toEqual({ type: 'showInCall', call: window.call().id, shows: 'camera' });
  });

  test('without a camera the button says so and does nothing', async () => {
    const window = await seeing('videothere');
    const camera = screen.getByTestId('call-camera');
    await waitFor(() => expect(camera.getAttribute('aria-disabled')).toBe('true'));
    expect(camera.title).toContain('No camera is there');
    await window.user.click(camera);
    expect(window.bridge.given.some((one) => one.type === 'showInCall')).toBe(false);
    expect(pictures()).toHaveLength(1);
  });

  test('a shared screen is said in a line of its own, with the way to end it', async () => {
    const window = await seeing('video');
    await window.user.click(screen.getByTestId('call-share'));
    const whole = await screen.findByTestId('share-screen');
    await waitFor(() => expect(document.activeElement).toBe(whole));
    await expectAccessible();
    await window.user.keyboard('{Enter}');
    await waitFor(() =>
      expect(last(window)).toEqual({ type: 'showInCall', call: window.call().id, shows: 'screen' }),
    );
    expect(window.bridge.given.at(-2)).toEqual({
      type: 'setVideo',
      settings: { camera: null, screen: 'monitor:one', area: null },
    });
    const bar = await screen.findByTestId('sharing');
    expect(bar.textContent).toContain(`You are sharing your screen with ${NAME}`);
    await expectAccessible();
    await window.user.click(screen.getByTestId('sharing-stop'));
    expect(last(window)).toEqual({ type: 'showInCall', call: window.call().id, shows: 'nothing' });
    await waitFor(() => expect(screen.queryByTestId('sharing')).toBeNull());
  });

  test('a window is shared by its name, chosen by keyboard', async () => {
    const window = await seeing('video');
    await window.user.click(screen.getByTestId('call-share'));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('share-screen')));
    await window.user.keyboard('{Tab}{Tab}{Enter}');
    const bar = await screen.findByTestId('sharing');
    expect(bar.textContent).toContain(`You are sharing “Holiday plans.odt” with ${NAME}`);
    expect(screen.queryByTestId('screen-picker')).toBeNull();
  });

  test('whoever thinks better of it shares nothing, and nothing is offered where there is nothing', async () => {
    const window = await seeing('video', (bridge) => bridge.video.withoutScreens('wayland'));
    const share = screen.getByTestId('call-share');
    await window.user.click(share);
    expect((await screen.findByTestId('screen-picker')).textContent).toContain('signed in with Wayland');
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('screen-picker')).toBeNull());
    expect(window.bridge.given.some((one) => one.type === 'showInCall')).toBe(false);
  });

  test('a screen that can’t be shown is said, with what to do', async () => {
    const window = await seeing('video', (bridge) => (bridge.video.canShare = false));
    await window.user.click(screen.getByTestId('call-share'));
    await window.user.click(await screen.findByTestId('share-screen'));
    expect((await screen.findByTestId('no-screen')).textContent).toContain('can’t be shown any more');
    expect(screen.queryByTestId('sharing')).toBeNull();
    await window.user.click(screen.getByTestId('call-share'));
    await screen.findByTestId('share-screen');
  });

  test('an area is shared, chosen by keyboard, and is there the next time', async () => {
    const window = await seeing('video');
    await window.user.click(screen.getByTestId('call-share'));
    await window.user.click(await screen.findByTestId('share-area'));
    expect(screen.getByTestId('area-size').textContent).toBe('960 × 540');
    await expectAccessible();
    screen.getByTestId('area').focus();
    await window.user.keyboard('{ArrowRight}{Control>}{ArrowDown}{/Control}{Shift>}{ArrowLeft}{/Shift}');
    expect(screen.getByTestId('area-size').textContent).toBe('950 × 540');
    await window.user.click(screen.getByTestId('area-share'));
    const bar = await screen.findByTestId('sharing');
    expect(bar.textContent).toContain(`You are sharing an area of your screen with ${NAME}`);
    const area = { x: 490, y: 272, width: 950, height: 540 };
    expect(window.bridge.video.settings).toEqual({ camera: null, screen: 'monitor:one', area });
    await window.user.click(screen.getByTestId('sharing-stop'));
    await waitFor(() => expect(screen.queryByTestId('sharing')).toBeNull());
    await window.user.click(screen.getByTestId('call-share'));
    await window.user.click(await screen.findByTestId('share-area'));
    expect(screen.getByTestId('area-size').textContent).toBe('950 × 540');
    await window.user.click(screen.getByTestId('area-back'));
    await window.user.click(screen.getByTestId('share-screen'));
    await waitFor(() => expect(window.bridge.video.settings.area).toBeNull());
  });

  test('windows that come while one chooses are offered too', async () => {
    const window = await seeing('video');
    await window.user.click(screen.getByTestId('call-share'));
    await screen.findByTestId('share-window');
    const late = { id: 'window:2', name: 'Late.txt', isWindow: true, width: 300, height: 200 };
    window.bridge.video.screens = [...window.bridge.video.screens, late];
    await waitFor(() => expect(screen.getAllByTestId('share-window')).toHaveLength(2));
  });

  test('while it rings a screen waits, and the echo sees nothing', async () => {
    const window = await openWindow('calls');
    window.bridge.playCall('ringing', 'mira');
    await screen.findByTestId('call-bar');
    expect(screen.getByTestId('call-share').title).toContain('once somebody has answered');
    window.bridge.calls.end([...window.bridge.calls.calls.keys()][0] ?? '', 'noAnswer');
    await waitFor(() => expect(screen.queryByTestId('call-bar')).toBeNull());
    window.bridge.playCall('echo');
    await screen.findByTestId('call-bar');
    expect(screen.queryByTestId('call-camera')).toBeNull();
  });

  test.each<[CameraTrouble, string, boolean]>([
    ['none', 'No camera is there. Plug one in', false],
    ['busy', 'Another program is using your camera. Close it there', true],
    ['refused', 'Allow it in its privacy settings', true],
    ['gone', 'Your camera is unplugged. Plug it in again', false],
    ['broken', 'Your camera gives no picture', true],
  ])('a camera that is %s is said with what to do', async (why, words, again) => {
    const window = await seeing('video');
    window.bridge.tell({ type: 'notice', notice: { type: 'noPicture', why } });
    const line = await screen.findByTestId('camera-trouble');
    expect(line.textContent).toContain(words);
    expect(screen.queryByTestId('camera-again') !== null).toBe(again);
    if (again) {
      await window.user.click(screen.getByTestId('camera-again'));
      expect(last(window)).toMatchObject({ type: 'showInCall', shows: 'camera' });
    } else {
      window.bridge.tell({ type: 'notice', notice: { type: 'cameraUsed', name: 'Lens' } });
      expect((await screen.findByTestId('toast')).textContent).toContain('You are seen by «Lens»');
    }
    await waitFor(() => expect(screen.queryByTestId('camera-trouble')).toBeNull());
  });

  test('another camera is chosen from the menu of the call', async () => {
    const window = await seeing('video');
    await window.user.click(screen.getByTestId('call-more'));
    await window.user.selectOptions(await screen.findByTestId('camera'), 'cam-2');
    expect(last(window)).toEqual({
      type: 'setVideo',
      settings: { camera: 'cam-2', screen: null, area: null },
    });
  });
});

describe('seeing oneself before others do', () => {
  async function sheet(before?: (bridge: FakeBridge) => void): Promise<OpenWindow> {
    const window = await openWindow('calls', before);
    window.juice.desk.dialog = { kind: 'sound' };
    await screen.findByTestId('camera-part');
    return window;
  }
  const tests = (window: OpenWindow): unknown[] =>
    window.bridge.given.filter((one) => one.type === 'testVideo').map((one) => one.on);

  test('takes one click, and ends with the sheet', async () => {
    const window = await sheet();
    await screen.findByTestId('camera');
    expect(tests(window)).toEqual([]);
    await window.user.click(screen.getByTestId('preview-toggle'));
    const picture = await within(await screen.findByTestId('preview')).findByTestId('picture');
    expect(picture.dataset['person']).toBe('me');
    expect(picture.dataset['mirrored']).toBe('true');
    await waitFor(() => expect(picture.dataset['coming']).toBe('live'));
    await expectAccessible();
    window.juice.desk.dialog = null;
    await waitFor(() => expect(tests(window)).toEqual([true, false]));
  });

  test.each(TROUBLES.filter((why) => why !== 'none'))(
    'says what is wrong with one that is %s',
    async (why) => {
      const window = await sheet((bridge) => (bridge.video.trouble = why));
      await window.user.click(await screen.findByTestId('preview-toggle'));
      const told = await screen.findByTestId('preview-trouble');
      expect(told.dataset['why']).toBe(why);
      expect(told.textContent?.trim().length).toBeGreaterThan(20);
      window.bridge.video.trouble = null;
      await window.user.click(screen.getByTestId('preview-again'));
      await waitFor(() => expect(screen.queryByTestId('preview-trouble')).toBeNull());
      expect(tests(window)).toEqual([true, true]);
    },
  );

  test('without a camera it is said plainly, and one that is plugged in appears', async () => {
    const window = await sheet((bridge) => bridge.video.unplug());
    expect((await screen.findByTestId('no-camera')).textContent).toContain('Plug one in');
    expect(screen.queryByTestId('preview-toggle')).toBeNull();
    window.bridge.video.cameras = [{ id: 'new', name: 'New' }];
    window.bridge.video.set({ camera: null, screen: null, area: null });
    expect((await screen.findByTestId('camera')).textContent).toContain('First: New');
  });

  test('is for when nobody else sees it', async () => {
    const window = await seeing('video');
    window.juice.desk.dialog = { kind: 'sound' };
    const part = await screen.findByTestId('camera-part');
    expect(part.textContent).toContain('when your call is over');
    expect(within(part).queryByTestId('preview-toggle')).toBeNull();
  });
});

describe('how pictures come', () => {
  test('is said where the line is narrow, with figures for who asks', async () => {
    const window = await seeing('narrow');
    const quality = await screen.findByTestId('call-quality');
    expect(quality.textContent).toContain(`${NAME}’s picture is small because the line is narrow.`);
    await window.user.click(quality);
    const figures = await screen.findByTestId('call-figures');
    expect(figures.textContent).toContain('320 × 240, 14/s, 96 kbit/s');
    expect(figures.textContent).toContain('320 × 240, 5/s, 38 kbit/s');
  });

  test('comes after what is wrong with the voice', async () => {
    const window = await seeing('narrow');
    const person = window.call().people[0]?.id ?? '';
    const fromThem = { width: 320, height: 240, fps: 14, kbitS: 96 };
    window.bridge.tell({
      type: 'callQualityChanged',
      quality: qualityOf(person, { verdict: 'silent', fromThem }),
    });
    await waitFor(() =>
      expect(screen.getByTestId('call-quality').textContent).toMatch(/^Nothing has come from .* is small/),
    );
  });
});

describe('a snapshot', () => {
  const clipboard = (write: () => Promise<void>): void => {
    vi.stubGlobal(
      'ClipboardItem',
      class {
        constructor(readonly parts: Record<string, Promise<Blob>>) {
          parts['image/png']?.catch(() => undefined);
        }
      },
    );
    Object.defineProperty(navigator, 'clipboard', { value: { write }, configurable: true });
  };

  test('is copied, and where that is refused it is said', async () => {
    const window = await seeing('video');
    const button = await screen.findByTestId('snapshot');
    expect(button.getAttribute('aria-label')).toBe(`Copy ${NAME}’s picture`);
    const write = vi.fn(async () => undefined);
    clipboard(write);
    await window.user.click(button);
    await waitFor(() => expect(write).toHaveBeenCalledOnce());
    expect((await screen.findByTestId('toast')).textContent).toContain('is copied');
    clipboard(() => Promise.reject(new Error('refused')));
    await window.user.click(button);
    await waitFor(() =>
      expect(screen.getAllByTestId('toast').map((one) => one.textContent)).toContainEqual(
        expect.stringContaining('couldn’t be copied'),
      ),
    );
  });
});

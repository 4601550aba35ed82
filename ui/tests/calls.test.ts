import { fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { flushSync, tick } from 'svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { qualityOf } from '../src/bridge/fake/sounds';
import type { CallQuality } from '../src/bridge/generated/CallQuality';
import type { CallView } from '../src/bridge/generated/CallView';
import type { EndReason } from '../src/bridge/generated/EndReason';
import type { Notice } from '../src/bridge/generated/Notice';
import { chosenBy, namesOf } from '../src/call/talkkeys';
import { calledAgain, clockOf, lengthOf, traceOf } from '../src/call/wording';
import { preferences } from '../src/shared/preferences.svelte';
import { languages } from '../src/shared/words';
import { expectAccessible, openConversation, openWindow, row, type OpenWindow } from './window';

afterEach(() => {
  vi.useRealTimers();
  preferences.sounds = true;
});

const MIRA = idFor('mira');
const NAME = 'Mira Okonkwo';

async function withMira(): Promise<OpenWindow> {
  const window = await openWindow('calls');
  await openConversation(window, 'mira');
  return window;
}

async function talking(window: OpenWindow, more: Partial<CallView> = {}): Promise<CallView> {
  const call = window.bridge.calls.begin(MIRA, {
    mine: true,
    stage: 'talking',
    talkingSinceMs: Date.now() - 252_000,
    ...more,
  });
  await screen.findByTestId('call-bar');
  return call;
}

const last = (window: OpenWindow): unknown => window.bridge.given.at(-1);
const calls = (window: OpenWindow): string[] =>
  window.bridge.given.map((one) => one.type).filter((type) => /call|mute|deafen|hangUp/i.test(type));
const stage = (): string => screen.getByTestId('call-stage').textContent?.replace(/\s+/g, ' ').trim() ?? '';
const control = (name: string): HTMLElement => screen.getByTestId(`call-${name}`);

describe('calling somebody', () => {
  test('goes from the conversation’s header, and is shown until it is over', async () => {
    const window = await withMira();
    const header = screen.getByTestId('conversation-header');
    await window.user.click(within(header).getByRole('button', { name: `Call ${NAME}` }));
    await screen.findByTestId('call-bar');
    expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: false });
    expect(stage()).toBe(`Calling ${NAME}…`);
    const [id = ''] = window.bridge.calls.calls.keys();
    window.bridge.calls.change(id, { stage: 'ringing' });
    await waitFor(() => expect(stage()).toBe(`It rings at ${NAME}’s`));
    window.bridge.calls.end(id, 'noAnswer');
    await waitFor(() => expect(screen.queryByTestId('call-bar')).toBeNull());
  });

  test('goes from the row and from its menu', async () => {
    const window = await openWindow('calls');
    await window.user.click(within(row('Al')).getByTestId('call'));
    await screen.findByTestId('call-bar');
    expect(last(window)).toEqual({ type: 'placeCall', buddy: idFor('Al'), video: false });
    expect(row('Al').getAttribute('aria-label')).toContain('There is a call with Al already');
    row('mira').focus();
    await window.user.keyboard('{Shift>}{F10}{/Shift}');
    await window.user.click(await screen.findByTestId('menu-call'));
    await waitFor(() => expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: false }));
  });

  test.each([
    ['ines', 'is offline and can’t be called'],
    ['priya', 'The line to priya is being made'],
    ['sven', 'has no microphone right now'],
    ['lena', 'key changed'],
  ])('is grey for %s, and says why', async (name, why) => {
    const window = await openWindow('calls');
    await openConversation(window, name);
    const button = within(screen.getByTestId('conversation-header')).getByTestId('call');
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toContain(why);
    await window.user.click(button);
    expect(calls(window)).toEqual([]);
  });

  test('is not offered to oneself in hiding', async () => {
    const window = await withMira();
    await window.bridge.command({ type: 'setStatus', availability: 'invisible', text: '' });
    const button = within(screen.getByTestId('conversation-header')).getByTestId('call');
    await waitFor(() => expect(button.title).toContain('You are invisible'));
  });

  test('that is refused is said', async () => {
    const window = await openWindow('calls', (bridge) => bridge.sounds.unplug());
    await window.user.click(within(row('Al')).getByTestId('call'));
    expect((await screen.findByTestId('toast')).textContent).toContain('No microphone or loudspeaker');
  });
});

describe('the bar', () => {
  test.each<[Partial<CallView>, string]>([
    [{ stage: 'calling', talkingSinceMs: null }, `Calling ${NAME}…`],
    [{ stage: 'ringing', talkingSinceMs: null }, `It rings at ${NAME}’s`],
    [{ stage: 'connecting', talkingSinceMs: null }, 'Connecting'],
    [{}, 'You are talking, 04:12'],
    [{ stage: 'reconnecting' }, 'Reconnecting… · 04:12'],
    [{ held: true }, 'On hold · 04:12'],
    [{ heldByThem: true }, `${NAME} holds the call · 04:12`],
  ])('says of %o: %s', async (more, words) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const window = await withMira();
    await talking(window, more);
    expect(stage()).toBe(words);
    expect(screen.getByTestId('call-told').textContent).not.toMatch(/\d\d:\d\d/);
    await expectAccessible();
  });

  test('mutes by button and by key, and shows it', async () => {
    const window = await withMira();
    await talking(window);
    expect(control('mute').getAttribute('aria-pressed')).toBe('false');
    await window.user.click(control('mute'));
    await waitFor(() => expect(control('mute').getAttribute('aria-pressed')).toBe('true'));
    expect(control('mute').textContent).toContain('Muted');
    expect(screen.getByTestId('call-note-off').textContent).toContain('Your microphone is off');
    screen.getByTestId('composer').focus();
    await window.user.keyboard('{Control>}{Shift>}m{/Shift}{/Control}');
    await waitFor(() => expect(control('mute').getAttribute('aria-pressed')).toBe('false'));
    expect(calls(window)).toEqual(['mute', 'mute']);
  });

  test('who can’t hear isn’t heard, and one key brings both back', async () => {
    const window = await withMira();
    await talking(window, { muted: true });
    await window.user.click(control('deafen'));
    await waitFor(() => expect(control('deafen').getAttribute('aria-pressed')).toBe('true'));
    expect(screen.getByTestId('call-note-off').textContent).toContain('You hear nothing');
    await window.user.click(control('mute'));
    await waitFor(() => expect(control('mute').getAttribute('aria-pressed')).toBe('false'));
    expect(control('deafen').getAttribute('aria-pressed')).toBe('false');
  });

  test('shows how loud I am on the button, and nothing where nobody hears it', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    const loud = { microphone: 0.5, speaking: [id], speakingMuted: false };
    window.bridge.tell({ type: 'soundLevelsChanged', levels: loud });
    await waitFor(() => expect(control('level').style.height).toBe('50%'));
    expect(control('face').dataset['speaks']).toBe('true');
    window.bridge.calls.change(id, { held: true });
    await waitFor(() => expect(control('level').style.height).toBe('0%'));
    expect(control('face').dataset['speaks']).toBe('false');
  });

  test('who speaks into a microphone that is off is told', async () => {
    const window = await withMira();
    await talking(window, { muted: true });
    const levels = { microphone: 0, speaking: [], speakingMuted: true };
    window.bridge.tell({ type: 'soundLevelsChanged', levels });
    expect((await screen.findByTestId('call-note-speakingMuted')).textContent).toContain('you are muted');
    expect(screen.getByTestId('call-told').textContent).toContain('you are muted');
  });

  test('says what they do: muted, recording', async () => {
    const window = await withMira();
    await talking(window, { theyMuted: true, theyRecord: true });
    expect(screen.getByTestId('call-note-theyMuted').textContent).toContain(`${NAME} has muted`);
    expect(screen.getByTestId('call-note-theyRecord').textContent).toContain('records this call');
  });

  test('stays while another conversation is open, and leads back', async () => {
    const window = await withMira();
    await talking(window);
    await openConversation(window, 'Al');
    await window.user.click(screen.getByTestId('call-who'));
    await waitFor(() => expect(screen.getByTestId('conversation').dataset['buddy']).toBe(MIRA));
  });

  test('holds, goes on and hangs up', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    await window.user.click(control('hold'));
    await waitFor(() => expect(control('hold').getAttribute('aria-pressed')).toBe('true'));
    await window.user.click(control('hold'));
    await waitFor(() => expect(last(window)).toEqual({ type: 'holdCall', call: id, on: false }));
    screen.getByTestId('composer').focus();
    await window.user.click(control('hang-up'));
    await waitFor(() => expect(screen.queryByTestId('call-bar')).toBeNull());
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
  });

  test('a second call waits in a line of its own', async () => {
    const window = await withMira();
    const held = window.bridge.calls.begin(idFor('Al'), { stage: 'talking', talkingSinceMs: 1, held: true });
    await talking(window);
    expect((await screen.findByTestId('call-waiting')).textContent).toContain('On hold');
    await expectAccessible();
    await window.user.click(screen.getByRole('button', { name: 'Switch to Al' }));
    expect(last(window)).toEqual({ type: 'holdCall', call: held.id, on: false });
    await waitFor(() => expect(screen.getByTestId('call-bar').dataset['buddy']).toBe(held.buddy));
    expect(screen.getByTestId('call-waiting').dataset['buddy']).toBe(MIRA);
  });

  test('its menu sets how loud they are, the devices, and records', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    await window.user.click(control('more'));
    await screen.findByTestId('call-menu');
    await expectAccessible();
    const volume = screen.getByTestId<HTMLInputElement>('call-volume');
    volume.value = '150';
    volume.dispatchEvent(new Event('input', { bubbles: true }));
    expect(last(window)).toEqual({ type: 'setVolume', call: id, percent: 150 });
    await window.user.selectOptions(await screen.findByTestId('speaker'), 'out-2');
    expect(last(window)).toMatchObject({
      type: 'setSound',
      settings: { speaker: 'out-2', microphone: null },
    });
    await window.user.click(screen.getByTestId('call-record'));
    expect((await screen.findByTestId('call-note-recording')).textContent).toContain('is told');
    await window.user.click(screen.getByTestId('call-record'));
    expect((await screen.findByTestId('toast')).textContent).toContain('«call.ogg»');
  });
});

describe('the echo', () => {
  const echo = async (): Promise<OpenWindow> => {
    const window = await openWindow('empty');
    await window.user.click(screen.getByTestId('empty-echo'));
    await screen.findByTestId('call-bar');
    return window;
  };

  test('is called from an empty list, and says who it is and what it does', async () => {
    const window = await echo();
    expect(last(window)).toEqual({ type: 'placeCall', buddy: 'echo', video: false });
    expect(screen.getByRole('region', { name: 'Call with Echo' })).not.toBeNull();
    expect(screen.getByTestId('call-note-echo').textContent).toContain(
      'Says back what you say a second later',
    );
    expect(screen.getByTestId('call-told').textContent).toContain('Says back');
    expect(screen.queryByTestId('empty-echo')).toBeNull();
    await expectAccessible();
  });

  test('is neither held nor recorded nor made louder, and has no conversation', async () => {
    const window = await echo();
    expect(screen.queryByTestId('call-hold')).toBeNull();
    expect(screen.getByTestId('call-who').tagName).toBe('DIV');
    await window.user.click(control('more'));
    await within(screen.getByTestId('call-menu')).findByTestId('microphone');
    expect(screen.queryByTestId('call-volume')).toBeNull();
    expect(screen.queryByTestId('call-record')).toBeNull();
  });

  test('F6 goes to its bar too', async () => {
    const window = await echo();
    window.container.querySelector<HTMLElement>('nav button')?.focus();
    await window.user.keyboard('{F6}');
    expect(document.activeElement).toBe(screen.getByTestId('call-who'));
  });

  test('ends with what it means to have heard oneself, and can be tried again', async () => {
    const window = await echo();
    await window.user.click(control('hang-up'));
    const end = await screen.findByTestId('call-ended');
    expect(end.textContent).toContain('The call with Echo is over. If you heard yourself');
    await expectAccessible();
    await window.user.click(screen.getByTestId('call-again'));
    await screen.findByTestId('call-bar');
    expect(calls(window)).toEqual(['placeCall', 'hangUp', 'placeCall']);
  });

  test('is offered where nobody is picked, and not in a call', async () => {
    const window = await openWindow('calls');
    await window.user.click(await screen.findByTestId('pick-echo'));
    await waitFor(() => expect(last(window)).toEqual({ type: 'placeCall', buddy: 'echo', video: false }));
    await waitFor(() => expect(screen.queryByTestId('pick-echo')).toBeNull());
  });

  test('says so where nothing can be heard', async () => {
    const window = await openWindow('empty', (bridge) => bridge.sounds.unplug());
    await window.user.click(screen.getByTestId('empty-echo'));
    expect((await screen.findByTestId('toast')).textContent).toContain('No microphone or loudspeaker');
  });
});

describe('what becomes of the devices in a call', () => {
  const notice = (window: OpenWindow, notice: Notice): void => window.bridge.tell({ type: 'notice', notice });
  const told = (): (string | null)[] => screen.queryAllByTestId('toast').map((toast) => toast.textContent);

  test('one that goes is a warning in the bar until there is one again', async () => {
    const window = await withMira();
    await talking(window);
    notice(window, { type: 'microphoneUsed', name: 'Desk' });
    notice(window, { type: 'microphoneLost' });
    notice(window, { type: 'speakerLost' });
    const warning = await screen.findByTestId('call-note-microphoneLost');
    expect(warning.textContent).toContain('Your microphone is gone. Plug one in');
    expect(screen.getByTestId('call-note-speakerLost').textContent).toContain('Your loudspeaker is gone');
    expect(screen.getByTestId('call-told').textContent).toContain('Your microphone is gone');
    await expectAccessible();
    notice(window, { type: 'microphoneUsed', name: 'Desk' });
    await waitFor(() => expect(screen.queryByTestId('call-note-microphoneLost')).toBeNull());
    expect(screen.queryByTestId('call-note-speakerLost')).not.toBeNull();
    expect(told()[0]).toContain('«Desk»');
  });

  test('the first of a call is no news, one that takes its place is', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    notice(window, { type: 'speakerUsed', name: 'Box' });
    notice(window, { type: 'microphoneUsed', name: 'Desk' });
    // A call that goes on after a pause opens the same ones again.
    notice(window, { type: 'microphoneUsed', name: 'Desk' });
    await tick();
    expect(told()).toEqual([]);
    notice(window, { type: 'microphoneUsed', name: 'Headset' });
    await waitFor(() => expect(told()).toHaveLength(1));
    expect(told()[0]).toContain('You speak into «Headset» from here on.');
    window.bridge.calls.end(id, 'remoteHangUp');
    await talking(window);
    notice(window, { type: 'microphoneUsed', name: 'Desk' });
    await tick();
    expect(told()).toHaveLength(1);
  });

  test('what comes when the call is over warns of nothing', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    window.bridge.calls.end(id, 'remoteHangUp');
    notice(window, { type: 'microphoneLost' });
    await talking(window);
    expect(screen.queryByTestId('call-note-microphoneLost')).toBeNull();
  });

  test('a recording that can’t be made is said, and stays until it is read', async () => {
    const window = await withMira();
    await talking(window);
    notice(window, { type: 'notRecorded' });
    const toast = await screen.findByTestId('toast');
    expect(toast.textContent).toContain('couldn’t be recorded');
    expect(toast.classList.contains('lasting')).toBe(true);
  });
});

describe('how the call is', () => {
  const verdicts: [Partial<CallQuality> & Pick<CallQuality, 'verdict'>, string][] = [
    [{ verdict: 'good' }, 'Clear both ways.'],
    [
      { verdict: 'theirsIsLost', lostFromThem: 8.2 },
      `8 % of what ${NAME} says is lost on the way; yours arrives.`,
    ],
    [{ verdict: 'mineIsLost', lostToThem: 12 }, `12 % of what you say is lost on the way to ${NAME}`],
    [{ verdict: 'bothAreLost', lostFromThem: 9, lostToThem: 14 }, `9 % of what ${NAME} says, 14 % of yours`],
    [{ verdict: 'slow', rttMs: 600, delayMs: 100 }, '400 ms late'],
    [{ verdict: 'silent' }, `Nothing has come from ${NAME}`],
  ];

  test.each(verdicts)('%o is said in plain words', async (figures, words) => {
    const window = await withMira();
    const { id } = await talking(window);
    window.bridge.tell({ type: 'callQualityChanged', quality: qualityOf(id, figures) });
    expect((await screen.findByTestId('call-quality')).textContent).toContain(words);
  });

  test('its figures are there for who asks', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    const quality = qualityOf(id, { verdict: 'good', rttMs: null, relayed: true });
    window.bridge.tell({ type: 'callQualityChanged', quality });
    await window.user.click(await screen.findByTestId('call-quality'));
    const figures = (await screen.findByTestId('call-figures')).textContent;
    for (const figure of ['not measured yet', '<1 %', '4 ms', '62 ms', '31 kbit/s', 'relayed'])
      expect(figures).toContain(figure);
    await expectAccessible();
  });
});

describe('being called', () => {
  test('takes nothing from who is writing', async () => {
    const window = await withMira();
    await window.user.type(screen.getByTestId('composer'), 'half a');
    window.bridge.calls.begin(idFor('jonas'), {});
    const card = await screen.findByRole('alertdialog', { name: 'Voice call: jonas is calling.' });
    expect(within(card).getByRole('alert').textContent).toContain('jonas is calling');
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
    await window.user.keyboard(' word');
    expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('half a word');
    expect(document.title).toBe('jonas is calling');
    await expectAccessible();
  });

  test('F6 goes to the answer and round, and the keys answer from anywhere', async () => {
    const window = await withMira();
    const { id } = window.bridge.calls.begin(idFor('jonas'), {});
    await screen.findByTestId('incoming');
    screen.getByTestId('composer').focus();
    await window.user.keyboard('{F6}');
    expect(document.activeElement).toBe(screen.getByTestId('incoming-answer'));
    await window.user.keyboard('{F6}');
    expect(document.activeElement?.getAttribute('role')).toBe('treeitem');
    await window.user.keyboard('{Shift>}{F6}{/Shift}{Shift>}{F6}{/Shift}');
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
    await window.user.keyboard('{Control>}{Shift>}a{/Shift}{/Control}');
    await waitFor(() => expect(last(window)).toEqual({ type: 'answerCall', call: id, video: false }));
    await waitFor(() => expect(screen.queryByTestId('incoming')).toBeNull());
    expect(screen.getByTestId('conversation').dataset['buddy']).toBe(MIRA);
  });

  test('a key declines', async () => {
    const window = await withMira();
    window.bridge.calls.begin(idFor('jonas'), {});
    await screen.findByTestId('incoming');
    await window.user.keyboard('{Control>}{Shift>}d{/Shift}{/Control}');
    await waitFor(() => expect(screen.queryByTestId('incoming')).toBeNull());
    expect(last(window)).toMatchObject({ type: 'declineCall' });
  });

  test('who pressed a button of it writes on afterwards', async () => {
    const window = await withMira();
    screen.getByTestId('composer').focus();
    window.bridge.calls.begin(idFor('jonas'), {});
    await window.user.click(await screen.findByTestId('incoming-decline'));
    await waitFor(() => expect(screen.queryByTestId('incoming')).toBeNull());
    expect(document.activeElement).toBe(screen.getByTestId('composer'));
  });

  test('in a call it says who will be held', async () => {
    const window = await withMira();
    await talking(window);
    window.bridge.calls.begin(idFor('jonas'), {});
    const answer = await screen.findByTestId('incoming-answer');
    expect(answer.textContent).toContain(`Answer and hold ${NAME}`);
    await window.user.click(answer);
    await waitFor(() => expect(screen.getByTestId('call-waiting').dataset['buddy']).toBe(MIRA));
  });

  test('the switch for sounds is the engine’s too, which rings', async () => {
    const window = await openWindow('calls');
    await window.user.click(screen.getByTestId('me-menu'));
    await window.user.click(screen.getByTestId('sounds'));
    await waitFor(() => expect(window.bridge.sounds.settings.sounds).toBe(false));
    await window.user.click(screen.getByTestId('sounds'));
    await waitFor(() => expect(window.bridge.sounds.settings.sounds).toBe(true));
  });

  test('who turned sounds off before hears no ring either', async () => {
    preferences.sounds = false;
    const window = await openWindow('calls');
    await waitFor(() => expect(window.bridge.sounds.settings.sounds).toBe(false));
  });

  test('is within reach while a dialog is up, and after it', async () => {
    const window = await openWindow('calls');
    window.juice.desk.dialog = { kind: 'about' };
    const dialog = await screen.findByRole('dialog');
    window.bridge.calls.begin(idFor('jonas'), {});
    const card = await screen.findByTestId('incoming');
    expect(dialog.contains(card)).toBe(true);
    window.juice.desk.dialog = null;
    await waitFor(() => expect(document.querySelector('dialog')).toBeNull());
    await waitFor(() => expect(document.contains(card)).toBe(true));
    await window.user.click(screen.getByTestId('incoming-answer'));
    expect(last(window)).toMatchObject({ type: 'answerCall' });
  });
});

describe('the end', () => {
  const reasons = Object.keys(languages['en']?.ends ?? {}) as EndReason[];

  test.each(reasons)(
    '"%s" is said in every language, with the name where there is one to blame',
    (reason) => {
      const said = Object.values(languages).map((words) => words.ends[reason](NAME));
      expect(new Set(said).size).toBe(said.length);
      for (const words of said) expect(words.includes(NAME)).toBe(reason !== 'noSound');
    },
  );

  test('stands in the bar for five seconds', async () => {
    const window = await withMira();
    const { id } = await talking(window);
    vi.useFakeTimers();
    window.bridge.calls.end(id, 'remoteHangUp');
    flushSync();
    expect(screen.getByTestId('call-ended').textContent).toContain(`${NAME} hung up.`);
    vi.advanceTimersByTime(4900);
    flushSync();
    expect(screen.queryByTestId('call-ended')).not.toBeNull();
    vi.advanceTimersByTime(200);
    flushSync();
    expect(screen.queryByTestId('call-ended')).toBeNull();
  });

  test('offers to call back who was missed, and not who can’t be', async () => {
    const window = await withMira();
    window.bridge.calls.end(window.bridge.calls.begin(MIRA, {}).id, 'missed');
    await screen.findByTestId('call-ended');
    await expectAccessible();
    await window.user.click(screen.getByTestId('call-again'));
    expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: false });
    await waitFor(() => expect(screen.queryByTestId('call-ended')).toBeNull());
    window.bridge.calls.end(window.bridge.calls.begin(idFor('ines'), {}).id, 'missed');
    await screen.findByTestId('call-ended');
    expect(screen.queryByTestId('call-again')).toBeNull();
  });

  test('only ends that one would mend offer another try', () => {
    expect(reasons.filter((reason) => calledAgain(reason) !== null)).toEqual([
      'declined',
      'noAnswer',
      'missed',
      'busy',
      'connectionLost',
    ]);
  });
});

describe('what stays in the conversation', () => {
  test('is a line of its own, with a way to call back', async () => {
    const window = await withMira();
    const traces = screen.getAllByTestId('call-trace').map((one) => one.querySelector('b')?.textContent);
    expect(traces).toEqual([
      'Voice call, 5 min 12 s',
      'Video call, 1 h 13 min',
      'You called, no answer',
      'Missed video call',
      `You called, ${NAME} declined`,
      'You declined this call',
      `You called, ${NAME} was busy`,
      'Missed call, you were in another one',
      'Voice call, 42 s',
    ]);
    await expectAccessible();
    await window.user.click(screen.getAllByRole('button', { name: `Call back: ${NAME}` })[0] as HTMLElement);
    expect(last(window)).toEqual({ type: 'placeCall', buddy: MIRA, video: false });
  });

  test('can be neither answered nor edited nor deleted', async () => {
    const window = await withMira();
    const trace = screen.getAllByTestId('call-trace')[2]?.closest<HTMLElement>('[data-testid="message"]');
    await window.user.hover(trace as HTMLElement);
    expect(screen.queryByTestId('message-bar')).toBeNull();
    trace?.focus();
    await window.user.keyboard('r{Delete}{Enter}');
    expect(document.querySelector('[role="menu"], dialog')).toBeNull();
  });

  test('a call that ends leaves its trace', async () => {
    const window = await openWindow('calls');
    await openConversation(window, 'Al');
    const { id } = window.bridge.calls.begin(idFor('Al'), { mine: true, stage: 'ringing' });
    window.bridge.calls.end(id, 'busy');
    expect((await screen.findByTestId('call-trace')).textContent).toContain('You called, Al was busy');
  });

  test('lengths are said as people say them', () => {
    expect([0, 59, 60, 312, 3600, 4380].map(lengthOf)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '5 min 12 s',
      '1 h',
      '1 h 13 min',
    ]);
    expect([0, 252_000, 3_852_000].map(clockOf)).toEqual(['00:00', '04:12', '1:04:12']);
    expect(traceOf({ call: null, mine: true }, NAME)).toBe('');
  });
});

describe('microphone and loudspeaker', () => {
  async function sheet(before?: (window: OpenWindow) => void): Promise<OpenWindow> {
    const window = await openWindow('calls');
    before?.(window);
    await window.user.click(screen.getByTestId('me-menu'));
    await window.user.click(screen.getByTestId('sound'));
    await waitFor(() => expect(screen.queryByTestId('sound-pushToTalk')).not.toBeNull());
    return window;
  }

  test('are chosen, and the voice is treated as one likes', async () => {
    const window = await sheet();
    await expectAccessible();
    await window.user.selectOptions(screen.getByTestId('microphone'), 'mic-2');
    await window.user.click(screen.getByTestId('sound-noiseSuppression'));
    await waitFor(() => expect(window.bridge.sounds.settings.noiseSuppression).toBe(false));
    expect(window.bridge.sounds.settings).toMatchObject({ microphone: 'mic-2', echoCancellation: true });
    await window.user.selectOptions(screen.getByTestId('microphone'), '');
    await waitFor(() => expect(window.bridge.sounds.settings.microphone).toBeNull());
  });

  test('a chosen one that is pulled out is shown as such', async () => {
    const window = await sheet();
    await window.user.selectOptions(screen.getByTestId('microphone'), 'mic-2');
    const devices = window.bridge.sounds.all();
    devices.microphones.pop();
    window.bridge.tell({ type: 'soundDevicesChanged', devices });
    await waitFor(() =>
      expect(screen.getByTestId<HTMLSelectElement>('microphone').selectedOptions[0]?.text).toBe(
        'Not plugged in',
      ),
    );
  });

  test('are tried out, and how far that is is shown', async () => {
    const window = await sheet();
    await window.user.click(screen.getByTestId('sound-test'));
    const progress = await screen.findByTestId('sound-progress');
    expect(progress.parentElement?.textContent).toContain('Say something');
    const levels = { microphone: 0.5, speaking: [], speakingMuted: false };
    window.bridge.tell({ type: 'soundLevelsChanged', levels });
    await waitFor(() => expect(screen.getByTestId('sound-level').getAttribute('aria-valuenow')).toBe('50'));
    await expectAccessible();
    window.bridge.tell({ type: 'soundTestChanged', test: 'playing' });
    await waitFor(() =>
      expect(screen.getByTestId('sound-progress').parentElement?.textContent).toContain('Listen'),
    );
    window.bridge.tell({ type: 'soundTestChanged', test: 'done' });
    await waitFor(() => expect(screen.queryByTestId('sound-progress')).toBeNull());
  });

  test('a test that is left is ended', async () => {
    const window = await sheet();
    await window.user.click(screen.getByTestId('sound-test'));
    await screen.findByTestId('sound-progress');
    window.juice.desk.dialog = null;
    await waitFor(() => expect(last(window)).toEqual({ type: 'testSound', on: false }));
  });

  test('where there is none it is said plainly', async () => {
    await sheet((window) => window.bridge.sounds.unplug());
    expect(screen.getByTestId('no-microphone').textContent).toContain('No microphone is there. Plug one in');
    expect(screen.getByTestId<HTMLButtonElement>('sound-test').disabled).toBe(true);
    await expectAccessible();
  });

  test('the key for talking opens the microphone as long as it is held', async () => {
    const window = await withMira();
    window.bridge.sounds.settings.pushToTalk = true;
    await talking(window, { muted: true });
    await waitFor(() =>
      expect(screen.getByTestId('call-note-off').textContent).toContain('Hold Ctrl + Space'),
    );
    screen.getByTestId('composer').focus();
    await window.user.keyboard('{Control>}[Space>]');
    await waitFor(() => expect(last(window)).toEqual({ type: 'mute', on: false }));
    await window.user.keyboard('[/Space]{/Control}');
    await waitFor(() => expect(last(window)).toEqual({ type: 'mute', on: true }));
    expect(calls(window)).toEqual(['mute', 'mute']);
    expect(screen.getByTestId<HTMLTextAreaElement>('composer').value).toBe('');
  });

  describe('the key for talking everywhere', () => {
    const shown = (): string =>
      [...screen.getByTestId('talk-key').querySelectorAll('kbd')].map((key) => key.textContent).join(' ');
    const note = (): string =>
      screen.getByTestId('talk-key').closest('.key')?.lastElementChild?.textContent ?? '';
    const kept = (window: OpenWindow): string | null => window.bridge.sounds.settings.pushToTalkKey;

    async function withKey(key: string | null): Promise<OpenWindow> {
      const window = await sheet((before) => {
        before.bridge.sounds.settings.pushToTalk = true;
        before.bridge.sounds.settings.pushToTalkKey = key;
      });
      await screen.findByTestId('talk-key');
      return window;
    }

    test('is offered to who talks by a key', async () => {
      const window = await sheet();
      expect(screen.queryByTestId('talk-key')).toBeNull();
      await window.user.click(screen.getByTestId('sound-pushToTalk'));
      await screen.findByTestId('talk-key');
      expect(screen.getByTestId('talk-key').textContent).toContain('None');
      await expectAccessible();
    });

    test('is chosen by pressing it, shown, and given up', async () => {
      const window = await withKey(null);
      await window.user.click(screen.getByTestId('talk-key'));
      expect(screen.getByTestId('talk-key').textContent).toContain('Press the keys…');
      await window.user.keyboard('{Control>}{Alt>}');
      await waitFor(() => expect(shown()).toBe('Ctrl Alt'));
      expect(kept(window)).toBeNull();
      await window.user.keyboard('t{/Alt}{/Control}');
      await waitFor(() => expect(kept(window)).toBe('Ctrl+Alt+KeyT'));
      await waitFor(() => expect(shown()).toBe('Ctrl Alt T'));
      await expectAccessible();
      await window.user.click(screen.getByTestId('talk-key-clear'));
      await waitFor(() => expect(kept(window)).toBeNull());
      expect(document.activeElement).toBe(screen.getByTestId('talk-key'));
    });

    test('Escape leaves it as it was, and the sheet where it is', async () => {
      const window = await withKey('F9');
      await window.user.click(screen.getByTestId('talk-key'));
      await window.user.keyboard('{Escape}');
      await waitFor(() => expect(shown()).toBe('F9'));
      expect(screen.queryByRole('dialog')).not.toBeNull();
      expect(kept(window)).toBe('F9');
    });

    test('a key that one types with is refused, with a way out', async () => {
      const window = await withKey(null);
      await window.user.click(screen.getByTestId('talk-key'));
      await window.user.keyboard('t');
      await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('You type with this one'));
      await fireEvent.keyDown(screen.getByTestId('talk-key'), { key: 'F9', code: 'F9' });
      await waitFor(() => expect(kept(window)).toBe('F9'));
    });

    test('while it is chosen it is no other key of calls', async () => {
      const window = await openWindow('calls');
      window.bridge.sounds.settings.pushToTalk = true;
      await talking(window, { muted: true });
      window.juice.desk.dialog = { kind: 'sound' };
      await window.user.click(await screen.findByTestId('talk-key'));
      await window.user.keyboard('{Control>}{Shift>}m{/Shift}{/Control}');
      await waitFor(() => expect(kept(window)).toBe('Ctrl+Shift+KeyM'));
      expect(calls(window)).toEqual([]);
    });

    test('what is wrong with it is said, with what to do', async () => {
      const window = await withKey('Ctrl+Alt+KeyT');
      for (const type of ['taken', 'refused', 'unusable'] as const) {
        window.bridge.tellWindow({ type: 'talkKey', state: { type } });
        await waitFor(() => expect(note()).toMatch(/Choose another one/));
      }
      window.bridge.tellWindow({ type: 'talkKey', state: { type: 'unknown' } });
      await waitFor(() => expect(note()).toMatch(/Install its package.*juice ctl talk toggle/s));
      window.bridge.tellWindow({ type: 'talkKey', state: { type: 'works', keys: 'Meta+T' } });
      await waitFor(() => expect(note()).toContain('Meta+T'));
      window.bridge.tellWindow({ type: 'talkKey', state: { type: 'asking' } });
      await waitFor(() => expect(note()).toContain('asking you'));
      await expectAccessible();
    });

    test('where there is none, the command that does the same is named', async () => {
      const window = await withKey(null);
      window.bridge.tellWindow({ type: 'talkKey', state: { type: 'impossible' } });
      const said = await screen.findByTestId('talk-key-impossible');
      expect(said.textContent).toContain('juice ctl talk toggle');
      expect(screen.queryByTestId('talk-key')).toBeNull();
      await expectAccessible();
    });

    test('every key that can be pressed has one way to be kept', () => {
      const pressed = (key: string, code: string, held: Partial<KeyboardEvent> = {}) =>
        chosenBy({
          key,
          code,
          ctrlKey: false,
          altKey: false,
          shiftKey: false,
          metaKey: false,
          getModifierState: () => false,
          ...held,
        });
      // On a German keyboard Y and Z have changed places; what is written on the key counts.
      expect(pressed('z', 'KeyY', { ctrlKey: true })).toEqual({ kept: 'Ctrl+KeyZ' });
      expect(pressed('!', 'Digit1', { altKey: true, shiftKey: true })).toEqual({ kept: 'Alt+Shift+Digit1' });
      expect(pressed(' ', 'Space', { metaKey: true })).toEqual({ kept: 'Super+Space' });
      expect(pressed('Pause', 'Pause')).toEqual({ kept: 'Pause' });
      expect(pressed('ü', 'IntlRo', { ctrlKey: true })).toEqual({ why: 'unknown' });
      expect(pressed('Shift', 'ShiftLeft', { shiftKey: true })).toBeNull();
      expect(namesOf('Ctrl+Super+Numpad5')).toEqual(['Ctrl', 'Super', 'Num 5']);
    });
  });

  test('the echo can be called from there, which leaves the sheet', async () => {
    const window = await sheet();
    await window.user.click(screen.getByTestId('sound-echo'));
    await screen.findByTestId('call-bar');
    expect(last(window)).toEqual({ type: 'placeCall', buddy: 'echo', video: false });
    expect(document.querySelector('dialog')).toBeNull();
  });

  test('without that choice the key does nothing', async () => {
    const window = await withMira();
    await talking(window);
    await waitFor(() => expect(window.juice.calls.devices).not.toBeNull());
    await window.user.keyboard('{Control>}[Space]{/Control}');
    expect(calls(window)).toEqual([]);
  });
});

describe('without eyes and without a mouse', () => {
  /** What a screen reader calls it, as far as that is in the page. */
  const named = (one: Element | null): string =>
    one?.getAttribute('aria-label') ?? one?.textContent?.replace(/\s+/g, ' ').trim() ?? '';

  test('Tab goes through a call in the order in which it is seen', async () => {
    const window = await withMira();
    const call = await talking(window);
    window.bridge.tell({
      type: 'callQualityChanged',
      quality: qualityOf(call.people[0]?.id ?? '', { verdict: 'good' }),
    });
    const quality = await screen.findByTestId('call-quality');
    screen.getByTestId('call-who').focus();
    const met = [];
    for (let n = 0; n < 9; n++) {
      await window.user.tab();
      met.push(named(document.activeElement));
    }
    expect(met).toEqual([
      named(quality),
      'Mute',
      'Deafen',
      'Camera',
      'Share',
      'Hold',
      'Add',
      'More',
      'Hang up',
    ]);
    await window.user.keyboard('{Enter}');
    expect(last(window)).toEqual({ type: 'hangUp', call: call.id });
  });

  test('a call is declined and answered by Tab and Enter, each said with its name', async () => {
    const window = await withMira();
    const { id } = window.bridge.calls.begin(MIRA, {});
    const card = await screen.findByRole('alertdialog', { name: `Voice call: ${NAME} is calling.` });
    await expectAccessible();
    expect(within(card).getByRole('alert').textContent).toContain('Ctrl + Shift + A answers');
    await window.user.keyboard('{F6}');
    expect(named(document.activeElement)).toBe(`Answer: Answer ${NAME}`);
    await window.user.tab({ shift: true });
    expect(named(document.activeElement)).toBe(`Decline: Decline ${NAME}’s call`);
    await window.user.keyboard('{Enter}');
    expect(window.bridge.given).toContainEqual({ type: 'declineCall', call: id });
  });

  test('figures, the end of a call and the sheet with its key keep to the rules', async () => {
    const window = await withMira();
    const call = await talking(window);
    window.bridge.tell({
      type: 'callQualityChanged',
      quality: qualityOf(call.people[0]?.id ?? '', { verdict: 'good' }),
    });
    await window.user.click(await screen.findByTestId('call-quality'));
    await screen.findByTestId('call-figures');
    await expectAccessible();
    window.bridge.calls.end(call.id, 'connectionLost');
    await screen.findByTestId('call-ended');
    await expectAccessible();
    window.juice.desk.dialog = { kind: 'sound' };
    await window.user.click(await screen.findByTestId('sound-pushToTalk'));
    await screen.findByTestId('talk-key');
    await expectAccessible();
  });

  test('a line that waits says how it is even where there is only room for the time', async () => {
    const window = await withMira();
    await talking(window, { held: true });
    window.bridge.calls.begin(idFor('jonas'), { mine: true, stage: 'talking', talkingSinceMs: Date.now() });
    const line = await screen.findByTestId('call-waiting');
    expect(line.textContent).toContain('On hold · 04:12');
    expect(named(within(line).getByTestId('call-waiting-end'))).toBe(`Hang up: ${NAME}`);
  });
});

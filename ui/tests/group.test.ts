import { screen, waitFor, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { person } from '../src/bridge/fake/persons';
import { qualityOf } from '../src/bridge/fake/sounds';
import type { CallPerson } from '../src/bridge/generated/CallPerson';
import type { CallQuality } from '../src/bridge/generated/CallQuality';
import type { CallView } from '../src/bridge/generated/CallView';
import type { EndReason } from '../src/bridge/generated/EndReason';
import { wordsFor } from '../src/shared/words';
import { expectAccessible, openConversation, openWindow, row, type OpenWindow } from './window';

beforeEach(() => vi.clearAllMocks());
afterEach(() => vi.useRealTimers());

const MIRA = idFor('mira');
const CAROL = person('c', idFor('carol'), { name: 'Carol' });
const DORA = person('d', idFor('dora'), { name: 'Dora' });
/** Mira, who called me in, jonas and Al, each in a call with me. */
const mine = (): CallPerson[] => [
  person('m', MIRA),
  person('j', idFor('jonas')),
  person('a', idFor('Al'), { muted: true }),
];

async function talking(people: CallPerson[], more: Partial<CallView> = {}): Promise<[OpenWindow, CallView]> {
  const window = await openWindow('calls');
  const since = Date.now() - 252_000;
  const there = { mine: true, stage: 'talking', talkingSinceMs: since, people } as const;
  const call = window.bridge.calls.begin(people[0]?.buddy ?? MIRA, { ...there, ...more });
  await screen.findByTestId('call-bar');
  return [window, call];
}

const last = (window: OpenWindow): unknown => window.bridge.given.at(-1);
const faces = (): HTMLElement[] => screen.queryAllByTestId('call-person');
const face = (id: string): HTMLElement =>
  faces().find((one) => one.dataset['id'] === id) ?? expect.fail(`no face of ${id}`);
const told = (): string => screen.getByTestId('call-told').textContent ?? '';
const names = (): (string | null)[] => faces().map((one) => one.getAttribute('aria-label'));

describe('the faces', () => {
  test('are there for each of several, with what they do', async () => {
    const [window] = await talking([...mine(), person('x', idFor('tom'), { stage: 'ringing' })]);
    const levels = { microphone: 0, speaking: ['j'], speakingMuted: false };
    window.bridge.tell({ type: 'soundLevelsChanged', levels });
    await waitFor(() =>
      expect(names()).toEqual(['Mira Okonkwo', 'jonas, speaks', 'Al, muted', 'tom, ringing…']),
    );
    expect(faces().map((one) => one.dataset['speaks'])).toEqual(['false', 'true', 'false', 'false']);
    expect(within(face('a')).queryByTestId('person-muted')).not.toBeNull();
    // Who rings is not in it yet.
    expect(screen.getByRole('region', { name: 'Call with Mira Okonkwo, jonas and Al' })).not.toBeNull();
    expect(screen.getByTestId('call-who').textContent).toContain('4 people');
    await expectAccessible();
  });

  test('are not there for one, who has the bar', async () => {
    await talking([person('m', MIRA)]);
    expect(faces()).toEqual([]);
    expect(screen.getByTestId('call-who').tagName).toBe('BUTTON');
    expect(screen.getByTestId('call-stage').textContent).toContain('04:12');
  });

  test('of those I don’t know have the host’s name, and of buddies mine', async () => {
    const [window] = await talking([
      person('m', MIRA),
      CAROL,
      person('a', idFor('Al'), { name: 'Not Al', held: true, recording: true }),
    ]);
    expect(names()).toEqual(['Mira Okonkwo', 'Carol', 'Al, on hold, records']);
    expect(screen.getByTestId('call-note-theyRecord').textContent).toContain('Al records this call');
    expect(screen.queryByTestId('call-add')).toBeNull();
    await window.user.click(face('c'));
    const menu = await screen.findByTestId('person-menu');
    expect(menu.textContent).toContain('the name is what Mira Okonkwo says');
    expect(screen.queryByTestId('person-show')).toBeNull();
    expect(screen.queryByTestId('person-let-go')).toBeNull();
    await expectAccessible();
  });

  test('a face sets how loud that one is, and lets them go', async () => {
    const [window] = await talking(mine());
    face('j').focus();
    await window.user.keyboard('{Enter}');
    const volume = await screen.findByTestId<HTMLInputElement>('call-volume');
    volume.value = '150';
    volume.dispatchEvent(new Event('input', { bubbles: true }));
    expect(last(window)).toEqual({ type: 'setVolume', call: 'j', percent: 150 });
    await window.user.click(screen.getByRole('button', { name: 'Let jonas go' }));
    expect(last(window)).toEqual({ type: 'removeFromCall', person: 'j' });
    await waitFor(() => expect(names()).toEqual(['Mira Okonkwo', 'Al, muted']));
    // I did it, so it is no news.
    expect(screen.queryByTestId('call-note-parted')).toBeNull();
  });

  test('a face leads to its conversation, and its menu closes on Esc', async () => {
    const [window] = await talking(mine());
    await window.user.click(face('a'));
    await screen.findByTestId('person-menu');
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('person-menu')).toBeNull());
    expect(document.activeElement).toBe(face('a'));
    await window.user.click(face('a'));
    await window.user.click(await screen.findByTestId('person-show'));
    await waitFor(() => expect(screen.getByTestId('conversation').dataset['buddy']).toBe(idFor('Al')));
  });

  test('everyone in it is in a call, as the list shows', async () => {
    await talking(mine());
    await waitFor(() => expect(row('jonas').getAttribute('aria-label')).toContain('a call with jonas'));
  });

  test('when the host has left, the others are still there', async () => {
    const [window, { id }] = await talking([person('m', MIRA), CAROL, DORA]);
    window.bridge.calls.leave('m', 'remoteHangUp');
    await waitFor(() => expect(names()).toEqual(['Carol', 'Dora']));
    window.bridge.calls.leave('d', 'remoteHangUp');
    await waitFor(() => expect(screen.getByTestId('call-who').textContent).toContain('Carol'));
    expect(screen.getByTestId('call-who').tagName).toBe('DIV');
    window.bridge.calls.end(id, 'remoteHangUp');
    const end = await screen.findByTestId('call-ended');
    expect(end.textContent).toContain('Everybody else has left the call.');
    expect(screen.queryByTestId('call-again')).toBeNull();
  });
});

describe('one more', () => {
  const options = (): (string | undefined)[] =>
    screen.queryAllByTestId('call-add-buddy').map((one) => one.dataset['id']);

  test('is found by typing and called by Enter', async () => {
    const [window, { id }] = await talking([person('m', MIRA)]);
    await window.user.click(screen.getByTestId('call-add'));
    const search = await screen.findByTestId('call-add-search');
    await waitFor(() => expect(document.activeElement).toBe(search));
    await expectAccessible();
    expect(options()).not.toContain(MIRA);
    expect(options()).not.toContain(idFor('sven'));
    expect(options()).not.toContain(idFor('ines'));
    await window.user.keyboard('jon{Enter}');
    expect(last(window)).toEqual({ type: 'addToCall', call: id, buddy: idFor('jonas') });
    await waitFor(() => expect(names()).toEqual(['Mira Okonkwo', 'jonas, calling…']));
    expect(screen.queryByTestId('call-add-menu')).toBeNull();
  });

  test('is chosen by up and down, round the ends', async () => {
    const [window] = await talking([person('m', MIRA)]);
    await window.user.click(screen.getByTestId('call-add'));
    await screen.findByTestId('call-add-search');
    const all = options();
    const at = (): number =>
      screen.getAllByTestId('call-add-buddy').findIndex((one) => one.ariaSelected === 'true');
    await window.user.keyboard('{ArrowDown}');
    expect(at()).toBe(1);
    await window.user.keyboard('{ArrowUp}{ArrowUp}');
    expect(at()).toBe(all.length - 1);
    await window.user.keyboard('{Enter}');
    expect(last(window)).toMatchObject({ type: 'addToCall', buddy: all.at(-1) });
  });

  test('where nobody can be called it is said', async () => {
    const [window] = await talking([person('m', MIRA)]);
    await window.user.click(screen.getByTestId('call-add'));
    await window.user.keyboard('zzz{Enter}');
    const menu = screen.getByTestId('call-add-menu');
    expect(menu.textContent).toContain('Nobody of that name');
    expect(last(window)).not.toMatchObject({ type: 'addToCall' });
    for (const buddy of options()) window.bridge.change(buddy ?? '', { state: 'offline', route: null });
    await window.user.keyboard('{Escape}');
    for (const buddy of options()) window.bridge.change(buddy ?? '', { state: 'offline', route: null });
    await waitFor(() => expect(menu.textContent).toContain('Nobody else is there who can be called.'));
  });

  test('does not fit into eight', async () => {
    const seven = Array.from({ length: 7 }, (_, n) => person(`p${n}`, idFor(`p${n}`)));
    const [window] = await talking(seven);
    await window.user.click(screen.getByTestId('call-add'));
    expect((await screen.findByTestId('call-add-menu')).textContent).toContain('full: 8 people');
    expect(screen.queryByTestId('call-add-search')).toBeNull();
    await expectAccessible();
  });
});

describe('who comes and goes', () => {
  test.each<[EndReason, string]>([
    ['remoteHangUp', 'jonas left'],
    ['connectionLost', 'The line to jonas broke'],
    ['noAnswer', 'jonas doesn’t answer'],
    ['declined', 'jonas declined'],
    ['busy', 'jonas is busy'],
  ])('%s is said, also aloud', async (reason, words) => {
    const [window] = await talking(mine());
    window.bridge.calls.leave('j', reason);
    expect((await screen.findByTestId('call-note-parted')).textContent).toContain(words);
    expect(told()).toContain(words);
  });

  test('is said for some seconds, each of them', async () => {
    const [window] = await talking([person('m', MIRA), CAROL, DORA]);
    vi.useFakeTimers();
    window.bridge.calls.leave('c', 'remoteHangUp');
    window.bridge.calls.leave('d', 'remoteHangUp');
    flushSync();
    expect(screen.getAllByTestId('call-note-parted').map((one) => one.textContent?.trim())).toEqual([
      'Carol left',
      'Dora left',
    ]);
    vi.advanceTimersByTime(8000);
    flushSync();
    expect(screen.queryByTestId('call-note-parted')).toBeNull();
  });

  test('who leaves a call of several has left it', async () => {
    const [window] = await talking(mine());
    await window.user.click(screen.getByTestId('call-hang-up'));
    expect((await screen.findByTestId('call-ended')).textContent).toContain('You left the call.');
  });
});

describe('what is said of all of them', () => {
  type Figures = Partial<CallQuality> & Pick<CallQuality, 'verdict'>;
  const bad: Figures = { verdict: 'theirsIsLost', lostFromThem: 8 };

  test.each<[Record<string, Figures>, string]>([
    [{ m: { verdict: 'good' }, j: { verdict: 'good' } }, 'Clear with everybody.'],
    [{ m: { verdict: 'good' }, j: bad }, 'jonas’s network is losing 8 %.'],
    [{ m: bad, j: { verdict: 'bothAreLost', lostToThem: 12 } }, 'Your network is losing 12 %.'],
    [{ m: bad, j: { verdict: 'slow', rttMs: 600, delayMs: 100 } }, 'Mira Okonkwo’s network is losing 8 %.'],
    [
      { m: { verdict: 'good' }, j: { verdict: 'slow', rttMs: 600, delayMs: 100 } },
      'jonas is heard 400 ms late.',
    ],
    [{ m: bad, j: { verdict: 'silent' } }, 'Nothing has come from jonas for a while.'],
  ])('%o: %s', async (figures, words) => {
    const [window] = await talking(mine());
    for (const [id, one] of Object.entries(figures))
      window.bridge.tell({ type: 'callQualityChanged', quality: qualityOf(id, one) });
    await waitFor(() => expect(screen.getByTestId('call-quality').textContent).toContain(words));
  });

  test('who has gone has no part in how the call is', async () => {
    const [window] = await talking(mine());
    window.bridge.tell({ type: 'callQualityChanged', quality: qualityOf('m', { verdict: 'good' }) });
    window.bridge.tell({ type: 'callQualityChanged', quality: qualityOf('j', bad) });
    await waitFor(() => expect(screen.getByTestId('call-quality').textContent).toContain('jonas'));
    window.bridge.calls.leave('j', 'remoteHangUp');
    await waitFor(() => expect(screen.getByTestId('call-quality').textContent).toContain('everybody'));
  });

  test('a recording is told to everybody, and the menu has nobody’s volume', async () => {
    const [window] = await talking(mine());
    await window.user.click(screen.getByTestId('call-more'));
    const menu = await screen.findByTestId('call-menu');
    expect(menu.textContent).toContain('Everybody is told');
    expect(screen.queryByTestId('call-volume')).toBeNull();
    await window.user.click(screen.getByTestId('call-record'));
    expect((await screen.findByTestId('call-note-recording')).textContent).toContain('everybody is told');
  });

  test('a call of several that is held says with whom it is', async () => {
    const [window] = await talking(mine(), { held: true });
    window.bridge.calls.begin(idFor('tom'), { stage: 'talking', talkingSinceMs: 1 });
    expect((await screen.findByTestId('call-waiting')).textContent).toContain('Mira Okonkwo, jonas and Al');
    await expectAccessible();
  });

  test('an incoming one says who is in it', async () => {
    const window = await openWindow('calls');
    await openConversation(window, 'Al');
    window.bridge.calls.begin(MIRA, { with: ['Ben', 'Carol'] });
    expect((await screen.findByTestId('incoming-with')).textContent).toBe('Ben and Carol are in it');
    expect(screen.getByRole('alert').textContent).toContain(
      'Mira Okonkwo calls you; Ben and Carol are in it',
    );
    await expectAccessible();
  });

  test('numbers and names agree in both languages', () => {
    const [en, de] = [wordsFor('en'), wordsFor('de')];
    expect([en.incomingWith('Ben', 1), de.incomingWith('Ben', 1)]).toEqual([
      'Ben is in it',
      'Ben ist schon dabei',
    ]);
    expect(de.incomingWith(de.list(['Ben', 'Carol', 'Dora']), 3)).toBe(
      'Ben, Carol und Dora sind schon dabei',
    );
    expect([de.listMore(['Ben'], 1), de.listMore(['Ben'], 2)]).toEqual([
      'Ben und eine weitere Person',
      'Ben und 2 weitere',
    ]);
    expect([en.people(1), en.people(8), de.people(1)]).toEqual(['1 person', '8 people', '1 Person']);
    expect(de.noteTheyRecordGroup('Ben und Al', 2)).toBe('Ben und Al nehmen diesen Anruf auf');
  });
});

import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buddy } from '../src/bridge/fake/cast';
import { glideFrom, placesIn } from '../src/buddies/glide';
import { groupsOf, inPlace, isInvite, matching } from '../src/buddies/groups';
import { REST } from '../src/buddies/steady.svelte';
import { openWindow, row, type OpenWindow } from './window';

describe('groups', () => {
  test('everyone stands in one group and the offline come after the present', () => {
    const people = [
      buddy('a', { state: 'offline' }),
      buddy('b'),
      buddy('c', { relation: 'asked', state: 'offline' }),
    ];
    expect(groupsOf(people).map((group) => group.kind)).toEqual(['here', 'asked', 'offline']);
  });

  test('where the list is held everyone is as they are now, where they were before', () => {
    const before = groupsOf([buddy('a'), buddy('b'), buddy('c', { state: 'offline' })]);
    const now = groupsOf([buddy('b', { state: 'offline' }), buddy('c'), buddy('d'), buddy('e')]);
    const held = inPlace(before, now);
    const names = held.map(({ kind, buddies }) => [kind, buddies.map((one) => `${one.name} ${one.state}`)]);
    expect(names).toEqual([
      ['here', ['a here', 'b offline']],
      ['offline', ['c here']],
    ]);
    expect(held.map(({ count }) => count)).toEqual([3, 1]);
  });

  test('a search finds by name and by alias, whatever the accents', () => {
    const people = [buddy('rene', { alias: 'René Ångström' }), buddy('tom')];
    expect(matching(people, 'angs').map((one) => one.name)).toEqual(['rene']);
    expect(matching(people, 'REN')).toHaveLength(1);
  });

  test('an invite link is told from a name', () => {
    expect(isInvite(' juice:1:abc ')).toBe(true);
    expect(isInvite('juice')).toBe(false);
  });
});

describe('the list', () => {
  test('a search that finds nobody offers to add them', async () => {
    const { user, bridge } = await openWindow('few');
    await user.type(screen.getByTestId('search'), 'zelda');
    await user.click(screen.getByTestId('search-offer'));
    expect(screen.getByTestId<HTMLInputElement>('add-name').value).toBe('zelda');
    await user.type(screen.getByTestId('add-note'), 'hi');
    await user.click(screen.getByTestId('add-submit'));
    await waitFor(() => expect(row('zelda').dataset['relation']).toBe('asked'));
    expect(bridge.given.at(-1)).toEqual({ type: 'addBuddy', name: 'zelda', note: 'hi' });
  });

  test('an invite link in the search is followed with Enter', async () => {
    const { user } = await openWindow('few');
    await user.type(screen.getByTestId('search'), 'juice:1:abcdef{Enter}');
    await waitFor(() => expect(row('nora')).toBeTruthy());
  });

  test('a name nobody has is told beside the name', async () => {
    const { user } = await openWindow('empty');
    await user.click(screen.getByTestId('add-buddy'));
    await user.type(screen.getByTestId('add-name'), 'nobody');
    await user.click(screen.getByTestId('add-submit'));
    expect((await screen.findByRole('alert')).textContent).toContain('Nobody has this name');
  });

  test('an accepted request becomes a buddy', async () => {
    const { user, juice } = await openWindow('few');
    const id = juice.roster.requests[0]?.id ?? '';
    await user.click(screen.getByTestId(`accept-${id}`));
    await waitFor(() => expect(row('bea').dataset['state']).toBe('here'));
    expect(screen.queryByTestId(`request-${id}`)).toBeNull();
  });

  test('arrows move through the list, Enter opens and Esc goes back', async () => {
    const { user } = await openWindow('few');
    row('Al').focus();
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(row('jonas'));
    await user.keyboard('{Enter}');
    expect((await screen.findByTestId('conversation-header')).dataset['name']).toBe('jonas');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('conversation-header')).toBeNull());
  });

  test('a folded group hides its rows and keeps its count', async () => {
    const { user } = await openWindow('few');
    await user.click(screen.getByTestId('group-offline'));
    expect(document.querySelector('[data-name="kofi"]')).toBeNull();
    expect(screen.getByTestId('group-offline').textContent).toContain('3');
  });

  test('someone who appears glows and moves to those who are here', async () => {
    const { bridge } = await openWindow('few');
    const { id } = row('kofi').dataset;
    bridge.change(id ?? '', { state: 'here', route: 'direct' });
    bridge.tell({ type: 'buddyAppeared', id: id ?? '' });
    await waitFor(() => expect(row('kofi').className).toContain('appeared'));
    expect(row('kofi').dataset['state']).toBe('here');
  });

  test('the menu of a row opens by keyboard and renames', async () => {
    const { user, bridge } = await openWindow('few');
    row('Al').focus();
    await user.keyboard('{Shift>}{F10}{/Shift}');
    await user.click(screen.getByTestId('rename'));
    await user.type(screen.getByTestId('rename-alias'), 'Alfred');
    await user.click(screen.getByTestId('rename-submit'));
    await waitFor(() => expect(row('Al').textContent).toContain('Alfred'));
    expect(bridge.given.at(-1)).toMatchObject({ type: 'renameBuddy', alias: 'Alfred' });
  });

  test('an invite comes with its link and a code to scan', async () => {
    const { user } = await openWindow('empty');
    await user.click(screen.getByTestId('empty-invite'));
    await user.click(screen.getByTestId('invite-make'));
    expect((await screen.findByTestId<HTMLInputElement>('invite-link')).value).toMatch(/^juice:1:/);
    expect(screen.getByRole('img', { name: /QR/ })).toBeTruthy();
  });

  test('state and status line change in one place', async () => {
    const { user, bridge } = await openWindow('empty');
    await user.click(screen.getByTestId('me'));
    await user.click(screen.getByTestId('state-busy'));
    await user.type(screen.getByTestId('status-text'), 'squeezing{Enter}');
    await waitFor(() => expect(screen.getByTestId('me').textContent).toContain('squeezing'));
    expect(bridge.given.at(-1)).toEqual({ type: 'setStatus', availability: 'busy', text: 'squeezing' });
  });
});

describe('the list under the pointer', () => {
  let across = 0;
  const order = (): (string | undefined)[] =>
    [...document.querySelectorAll<HTMLElement>('[role="treeitem"][data-name]')].map(
      (one) => one.dataset['name'],
    );
  /** Each time to another place: a pointer at rest doesn't move. */
  const point = (name: string): Promise<boolean> => {
    across += 1;
    return fireEvent.pointerMove(row(name), { screenX: across, screenY: 5 });
  };
  const list = (): Element => row('Al').closest('.list') ?? document.body;
  const goes = ({ bridge }: OpenWindow, name: string, state: 'here' | 'offline'): Promise<void> => {
    bridge.change(row(name).dataset['id'] ?? '', { state, route: state === 'here' ? 'direct' : null });
    return waitFor(() => expect(row(name).dataset['state']).toBe(state));
  };

  afterEach(() => vi.useRealTimers());

  test('stays as it is and says how everyone is, and settles when the pointer leaves', async () => {
    const window = await openWindow('few');
    const before = order();
    await point('jonas');
    await goes(window, 'Al', 'offline');
    await goes(window, 'kofi', 'here');
    expect(order()).toEqual(before);
    expect(screen.getByTestId('group-offline').textContent).toContain('3');
    await fireEvent.pointerLeave(list());
    await waitFor(() => expect(order()).not.toEqual(before));
    expect(order().indexOf('Al')).toBeGreaterThan(order().indexOf('kofi'));
  });

  test('is not held by rows that move under a pointer at rest', async () => {
    const window = await openWindow('few');
    await point('jonas');
    await fireEvent.pointerLeave(list());
    await fireEvent.pointerMove(row('Al'), { screenX: across, screenY: 5 });
    const before = order();
    await goes(window, 'Al', 'offline');
    await waitFor(() => expect(order()).not.toEqual(before));
  });

  test('settles when the pointer has rested for long', async () => {
    const window = await openWindow('few');
    const before = order();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await point('jonas');
    window.bridge.change(row('Al').dataset['id'] ?? '', { state: 'offline', route: null });
    await vi.advanceTimersByTimeAsync(REST - 1);
    expect(row('Al').dataset['state']).toBe('offline');
    expect(order()).toEqual(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(order()).not.toEqual(before);
  });

  test('stays as it is while a row is pressed, wherever the pointer goes', async () => {
    const window = await openWindow('few');
    const before = order();
    await fireEvent.pointerDown(row('jonas'));
    await fireEvent.pointerLeave(list());
    await goes(window, 'Al', 'offline');
    expect(order()).toEqual(before);
    await fireEvent.pointerUp(document.body);
    await waitFor(() => expect(order()).not.toEqual(before));
  });

  /** Lays rows out below each other, as a page would, under a pointer. */
  function laid(): (name: string) => number {
    const rows = (): Element[] => [...document.querySelectorAll('[role="tree"] [data-id]')];
    vi.spyOn(Element.prototype, 'getBoundingClientRect').mockImplementation(function (this: Element) {
      return new DOMRect(0, 36 * rows().indexOf(this), 260, 36);
    });
    const matches = Element.prototype.matches;
    vi.spyOn(Element.prototype, 'matches').mockImplementation(function (this: Element, selector: string) {
      return selector === ':hover' || matches.call(this, selector);
    });
    return (name) => 36 * rows().indexOf(row(name)) + 18;
  }

  test('a row that came under the pointer a moment ago is not meant by the click', async () => {
    const window = await openWindow('few');
    const y = laid();
    const aimed = y('jonas');
    const id = row('jonas').dataset['id'] ?? '';
    await goes(window, 'jonas', 'offline');
    await waitFor(() => expect(y('jonas')).not.toBe(aimed));
    const under = order()[order().indexOf('jonas') - 1] ?? '';
    const other = row(under);
    await fireEvent.pointerDown(other, { button: 0, clientX: 9, clientY: aimed });
    await fireEvent.click(other, { clientX: 9, clientY: aimed });
    expect(window.juice.desk.open).toBe(id);
    await new Promise((done) => setTimeout(done, 300));
    await fireEvent.pointerDown(other, { button: 0, clientX: 9, clientY: aimed });
    await fireEvent.click(other, { clientX: 9, clientY: aimed });
    expect(window.juice.desk.open).toBe(other.dataset['id']);
  });

  test('a click is for the row that was pressed, though another is there until it ends', async () => {
    const window = await openWindow('few');
    const [jonas, other] = [row('jonas'), row('Al')];
    await fireEvent.pointerDown(jonas, { button: 0, clientX: 9, clientY: 90 });
    await fireEvent.click(other, { clientX: 10, clientY: 91 });
    expect(window.juice.desk.open).toBe(jonas.dataset['id']);
    await fireEvent.pointerDown(jonas, { button: 0, clientX: 9, clientY: 90 });
    await fireEvent.click(other, { clientX: 9, clientY: 150 });
    expect(window.juice.desk.open).toBe(other.dataset['id']);
  });

  test('stays as it is while the menu of a row is open', async () => {
    const window = await openWindow('few');
    const before = order();
    row('jonas').focus();
    await window.user.keyboard('{Shift>}{F10}{/Shift}');
    await screen.findByRole('menu');
    await goes(window, 'Al', 'offline');
    expect(order()).toEqual(before);
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(order()).not.toEqual(before));
  });

  test('neither a request nor news of the server pushes it down, nor does who is gone pull it up', async () => {
    const { bridge, juice } = await openWindow('few');
    const [jonas, kofi] = [row('jonas'), row('kofi')];
    await point('kofi');
    bridge.tell({
      type: 'requestArrived',
      request: { id: 'f'.repeat(64), name: 'zoe', note: '', arrivedMs: 1 },
    });
    bridge.tell({ type: 'serverChanged', server: { type: 'connecting', attempt: 3 } });
    bridge.tell({ type: 'buddyRemoved', id: jonas.dataset['id'] ?? '' });
    await waitFor(() => expect(jonas.isConnected).toBe(false));
    expect(document.querySelector('.gap')).toBeTruthy();
    expect(juice.roster.requests).toHaveLength(2);
    expect(document.querySelectorAll('[data-testid^="request-"]')).toHaveLength(1);
    expect(screen.queryByTestId('server-line')).toBeNull();
    await fireEvent.pointerLeave(list());
    expect(await screen.findByTestId('server-line')).toBeTruthy();
    expect(document.querySelectorAll('[data-testid^="request-"]')).toHaveLength(2);
    expect(document.querySelector('.gap')).toBeNull();
    expect(kofi.isConnected).toBe(true);
  });

  test('shows at once whom one has said yes to, and takes no answer to a request that is gone', async () => {
    const { user, bridge, juice } = await openWindow('few');
    const id = juice.roster.requests[0]?.id ?? '';
    bridge.tell({
      type: 'requestArrived',
      request: { id: 'f'.repeat(64), name: 'zoe', note: '', arrivedMs: 1 },
    });
    const zoe = await screen.findByTestId<HTMLButtonElement>(`accept-${'f'.repeat(64)}`);
    await point('Al');
    bridge.tell({ type: 'requestGone', id: 'f'.repeat(64) });
    await waitFor(() => expect(zoe.disabled).toBe(true));
    await user.click(screen.getByTestId(`accept-${id}`));
    await waitFor(() => expect(row('bea')).toBeTruthy());
    expect(zoe.isConnected).toBe(false);
  });

  test('slides its rows to their new places, unless the system asks for less motion', () => {
    const tree = document.createElement('div');
    const tops: Record<string, number> = { a: 0, b: 36, c: 72 };
    const slid: string[] = [];
    for (const id of Object.keys(tops)) {
      const one = document.createElement('div');
      one.dataset['id'] = id;
      one.getBoundingClientRect = () => new DOMRect(0, tops[id] ?? 0, 100, 36);
      one.animate = (frames) => slid.push(`${id} ${JSON.stringify(frames)}`) as never;
      tree.append(one);
    }
    const before = placesIn(tree);
    [tops['a'], tops['b']] = [36, 0];
    glideFrom(before, tree);
    expect(slid.map((one) => one.slice(0, 1))).toEqual(['a', 'b']);
    expect(slid[0]).toContain('translateY(-36px)');

    slid.length = 0;
    const asked = vi.spyOn(window, 'matchMedia').mockReturnValue({ matches: true } as MediaQueryList);
    glideFrom(before, tree);
    asked.mockRestore();
    expect(slid).toEqual([]);
  });

  test('follows a search while it is typed', async () => {
    const { user } = await openWindow('few');
    await point('jonas');
    await user.type(screen.getByTestId('search'), 'jon');
    expect(order()).toEqual(['jonas']);
  });
});

import { screen, waitFor } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { buddy } from '../src/bridge/fake/cast';
import { groupsOf, isInvite, matching } from '../src/buddies/groups';
import { openWindow, row } from './window';

describe('groups', () => {
  test('everyone stands in one group and the offline come after the present', () => {
    const people = [
      buddy('a', { state: 'offline' }),
      buddy('b'),
      buddy('c', { relation: 'asked', state: 'offline' }),
    ];
    expect(groupsOf(people).map((group) => group.kind)).toEqual(['here', 'asked', 'offline']);
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

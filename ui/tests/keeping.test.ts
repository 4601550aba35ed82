import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { expectAccessible, openConversation, openWindow } from './window';

test('privacy is two switches, each on its own', async () => {
  const { user, bridge } = await openWindow('few');
  await user.click(screen.getByTestId('me-menu'));
  await user.click(screen.getByTestId('privacy'));
  await expectAccessible();
  await user.click(screen.getByTestId('read-receipts'));
  await waitFor(() =>
    expect(bridge.given.at(-1)).toEqual({
      type: 'setPrivacy',
      privacy: { readReceipts: false, typing: true },
    }),
  );
  await user.click(screen.getByTestId('tell-typing'));
  await waitFor(() =>
    expect(bridge.given.at(-1)).toEqual({
      type: 'setPrivacy',
      privacy: { readReceipts: false, typing: false },
    }),
  );
});

test('a conversation is saved as a file of the kind one chose', async () => {
  const window = await openWindow('few');
  await openConversation(window, 'mira');
  await window.user.click(screen.getByTestId('conversation-menu'));
  await window.user.click(screen.getByTestId('export'));
  await expectAccessible();
  await window.user.click(screen.getByTestId('export-markdown'));
  await window.user.click(screen.getByTestId('export-submit'));
  expect((await screen.findByTestId('toast')).textContent).toContain('saved');
  expect(window.bridge.opened).toEqual([`export markdown ${idFor('mira')}`]);
});

test('a conversation is deleted after one question, and the buddy stays', async () => {
  const window = await openWindow('few');
  await openConversation(window, 'mira');
  await window.user.click(screen.getByTestId('conversation-menu'));
  await window.user.click(screen.getByTestId('forget'));
  expect(screen.getByRole('dialog').textContent).toContain('keeps their side');
  await window.user.click(screen.getByTestId('forget-submit'));
  await waitFor(() => expect(screen.queryAllByTestId('message')).toHaveLength(0));
  expect(screen.getByTestId('messages').textContent).toContain('This is the start with Mira Okonkwo');
});

test('a backup gets a password of its own, twice and not too short', async () => {
  const { user, bridge } = await openWindow('few');
  await user.click(screen.getByTestId('me-menu'));
  await user.click(screen.getByTestId('backup'));
  const fill = async (one: string, two: string): Promise<void> => {
    await user.clear(screen.getByTestId('backup-password'));
    await user.type(screen.getByTestId('backup-password'), one);
    await user.clear(screen.getByTestId('backup-password2'));
    await user.type(screen.getByTestId('backup-password2'), two);
    await user.click(screen.getByTestId('backup-submit'));
  };
  await fill('four orange words', 'four orange wards');
  expect((await screen.findByRole('alert')).textContent).toContain('not the same');
  await fill('short', 'short');
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('at least 8'));
  expect(bridge.opened).toEqual([]);
  await fill('four orange words', 'four orange words');
  await waitFor(() => expect(bridge.opened).toEqual(['backup']));
  expect((await screen.findByTestId('toast')).textContent).toContain('The backup is saved');
});

test('a backup is brought back on the first screen', async () => {
  const { user } = await openWindow('firstrun');
  await user.click(screen.getByTestId('restore'));
  await expectAccessible();
  await user.type(screen.getByTestId('restore-password'), 'wrong');
  await user.click(screen.getByTestId('restore-submit'));
  expect((await screen.findByRole('alert')).textContent).toContain('doesn’t fit');
  await user.clear(screen.getByTestId('restore-password'));
  await user.type(screen.getByTestId('restore-password'), 'damaged');
  await user.click(screen.getByTestId('restore-submit'));
  await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('This file is damaged'));
  await user.clear(screen.getByTestId('restore-password'));
  await user.type(screen.getByTestId('restore-password'), 'four orange words');
  await user.click(screen.getByTestId('restore-submit'));
  await screen.findByTestId('phase-locked');
});

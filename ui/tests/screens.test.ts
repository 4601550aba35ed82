import { screen, waitFor } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, test, vi } from 'vitest';
import { SCENES } from '../src/bridge/fake';
import { buddy } from '../src/bridge/fake/cast';
import { expectAccessible, openConversation, openWindow, row } from './window';

describe('every screen is usable without eyes', () => {
  test.each(SCENES.filter((scene) => scene !== 'many'))(
    'the scene "%s" breaks no accessibility rule',
    async (scene) => {
      await openWindow(scene);
      await expectAccessible();
    },
  );

  test('an open conversation breaks no accessibility rule', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    await expectAccessible();
  });

  test.each(['me', 'me-menu', 'add-buddy'])('what "%s" opens breaks no accessibility rule', async (id) => {
    const { user } = await openWindow('few');
    await user.click(screen.getByTestId(id));
    await expectAccessible();
  });

  test('a list of two hundred shows everyone', async () => {
    await openWindow('many');
    expect(document.querySelectorAll('[role="treeitem"][data-name]')).toHaveLength(200);
  });
});

describe('the first run', () => {
  async function fill(name: string, password: string, again = password) {
    const window = await openWindow('firstrun');
    await window.user.type(screen.getByTestId('name'), name);
    await window.user.type(screen.getByTestId('password'), password);
    await window.user.type(screen.getByTestId('password2'), again);
    return window;
  }

  test('an account is made with name and password alone', async () => {
    const { user, bridge } = await fill('nina', 'four orange words here');
    await user.click(screen.getByTestId('submit-account'));
    await screen.findByTestId('phase-open');
    expect(bridge.given[0]).toMatchObject({ type: 'register', name: 'nina', invite: null });
  });

  test('two different passwords are caught before anything is asked', async () => {
    const { user, bridge } = await fill('nina', 'four orange words', 'four orange wards');
    await user.click(screen.getByTestId('submit-account'));
    expect((await screen.findByRole('alert')).textContent).toContain('not the same');
    expect(bridge.given).toEqual([]);
  });

  test('a taken name is told beside the name', async () => {
    const { user } = await fill('taken', 'four orange words');
    await user.click(screen.getByTestId('submit-account'));
    await waitFor(() => expect(screen.getByTestId('name').getAttribute('aria-invalid')).toBe('true'));
    expect(screen.getByTestId('password').getAttribute('aria-invalid')).toBe('false');
  });

  test('the registration code is asked for only when the server wants one', async () => {
    const { user, bridge } = await fill('nina', 'four orange words');
    await user.clear(screen.getByTestId('server'));
    await user.type(screen.getByTestId('server'), 'juice://invite.example');
    expect(screen.queryByTestId('code')).toBeNull();
    await user.click(screen.getByTestId('submit-account'));
    await user.type(await screen.findByTestId('code'), 'citrus');
    await user.click(screen.getByTestId('submit-account'));
    await screen.findByTestId('phase-open');
    expect(bridge.given.at(-1)).toMatchObject({ invite: 'citrus' });
  });

  test('an existing account signs in instead', async () => {
    const { user, bridge } = await openWindow('firstrun');
    await user.click(screen.getByTestId('switch-to-signin'));
    await user.type(screen.getByTestId('name'), 'nina');
    await user.type(screen.getByTestId('password'), 'whatever it was');
    await user.click(screen.getByTestId('submit-account'));
    await screen.findByTestId('phase-open');
    expect(bridge.given[0]).toMatchObject({ type: 'signIn', account: { name: 'nina' } });
  });
});

describe('the lock', () => {
  test('a wrong password is told and the right one opens', async () => {
    const { user } = await openWindow('locked');
    await user.type(screen.getByTestId('unlock-password'), 'wrong');
    await user.click(screen.getByTestId('unlock-submit'));
    expect((await screen.findByRole('alert')).textContent).toContain('doesn’t fit');
    await user.clear(screen.getByTestId('unlock-password'));
    await user.type(screen.getByTestId('unlock-password'), 'the right one');
    await user.click(screen.getByTestId('unlock-submit'));
    await screen.findByTestId('phase-open');
  });

  test('signing out goes back to the lock', async () => {
    const { user } = await openWindow('few');
    await user.click(screen.getByTestId('me-menu'));
    await user.click(screen.getByTestId('sign-out'));
    await screen.findByTestId('phase-locked');
  });
});

describe('staying signed in', () => {
  test('a ticked box keeps the password once it has opened', async () => {
    const { user, bridge } = await openWindow('locked');
    await user.type(screen.getByTestId('unlock-password'), 'wrong');
    await user.click(screen.getByTestId('stay-signed-in'));
    await user.click(screen.getByTestId('unlock-submit'));
    await screen.findByRole('alert');
    expect(bridge.account.kept).toBeNull();
    await user.clear(screen.getByTestId('unlock-password'));
    await user.type(screen.getByTestId('unlock-password'), 'the right one');
    await user.click(screen.getByTestId('unlock-submit'));
    await screen.findByTestId('phase-open');
    await waitFor(() => expect(bridge.account.kept).toBe('the right one'));
  });

  test('an empty box keeps nothing', async () => {
    const { user, bridge } = await openWindow('locked');
    bridge.account.kept = 'an older one';
    await user.type(screen.getByTestId('unlock-password'), 'the right one');
    await user.click(screen.getByTestId('unlock-submit'));
    await screen.findByTestId('phase-open');
    await waitFor(() => expect(bridge.account.kept).toBeNull());
  });

  test.each([
    ['a new account', false],
    ['an account that exists', true],
  ])('%s can be kept from the first minute', async (_, exists) => {
    const { user, bridge } = await openWindow('firstrun');
    if (exists) await user.click(screen.getByTestId('switch-to-signin'));
    await user.type(screen.getByTestId('name'), 'nina');
    await user.type(screen.getByTestId('password'), 'four orange words');
    if (!exists) await user.type(screen.getByTestId('password2'), 'four orange words');
    await user.click(screen.getByTestId('stay-signed-in'));
    await user.click(screen.getByTestId('submit-account'));
    await screen.findByTestId('phase-open');
    await waitFor(() => expect(bridge.account.kept).toBe('four orange words'));
  });

  test('a keyring that refuses is told, and the account is open all the same', async () => {
    const { user } = await openWindow('locked');
    await user.type(screen.getByTestId('unlock-password'), 'unkeepable words');
    await user.click(screen.getByTestId('stay-signed-in'));
    await user.click(screen.getByTestId('unlock-submit'));
    await screen.findByTestId('phase-open');
    expect((await screen.findByTestId('toast')).textContent).toContain('keyring');
  });

  test.each(['firstrun', 'locked'] as const)('without a keyring it is not offered on "%s"', async (scene) => {
    await openWindow(scene, (bridge) => (bridge.hasKeyring = false));
    expect(screen.queryByTestId('stay-signed-in')).toBeNull();
  });
});

describe('notices', () => {
  const toasts = () => screen.queryAllByTestId('toast').map((toast) => toast.textContent ?? '');

  test('having asked is forgotten as soon as they say yes', async () => {
    const { user, bridge } = await openWindow('few');
    await user.click(screen.getByTestId('add-buddy'));
    await user.type(screen.getByTestId('add-name'), 'Zelda');
    await user.click(screen.getByTestId('add-submit'));
    await waitFor(() => expect(toasts()).toHaveLength(1));
    expect(toasts()[0]).toContain('Asked Zelda');
    const zelda = buddy('zelda');
    bridge.tell({ type: 'buddyChanged', buddy: zelda });
    bridge.tell({ type: 'notice', notice: { type: 'accepted', buddy: zelda.id } });
    await waitFor(() => expect(toasts()[0]).toContain('zelda said yes'));
    expect(toasts()).toHaveLength(1);
  });

  test('there are two at most, and what asks for a decision comes back', async () => {
    const { juice, user } = await openWindow('few');
    juice.desk.trouble('decide one');
    juice.desk.toast('passing one');
    juice.desk.toast('passing two');
    await waitFor(() => expect(toasts()).toHaveLength(2));
    juice.desk.trouble('decide two');
    await waitFor(() => expect(toasts()[1]).toContain('decide two'));
    for (const button of screen.getAllByLabelText('Dismiss').reverse()) await user.click(button);
    await waitFor(() => expect(toasts()).toHaveLength(1));
    expect(toasts()[0]).toContain('decide one');
  });

  test('they go by themselves, but not what went wrong', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { juice } = await openWindow('few');
      juice.desk.toast('passing');
      juice.desk.trouble('lasting');
      await tick();
      vi.advanceTimersByTime(5_100);
      await tick();
      expect(toasts().map((text) => text.trim())).toEqual(['lasting']);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('leaving', () => {
  test('Ctrl+Q quits from every screen and every dialog', async () => {
    const { user, bridge } = await openWindow('few');
    await user.click(screen.getByTestId('add-buddy'));
    await user.keyboard('{Control>}q{/Control}');
    expect(bridge.hasQuit).toBe(true);
  });

  test('a look that was chosen dresses the frame of the window too', async () => {
    const { user, bridge } = await openWindow('few');
    expect(bridge.dressed).toBeNull();
    await user.click(screen.getByTestId('me-menu'));
    await user.click(screen.getByTestId('theme-dark'));
    await waitFor(() => expect(bridge.dressed).toBe(true));
  });
});

describe('being invisible', () => {
  test('says that messages wait, and why', async () => {
    const window = await openWindow('few');
    await window.user.click(screen.getByTestId('me'));
    await window.user.click(screen.getByTestId('state-invisible'));
    await window.user.keyboard('{Escape}');
    await openConversation(window, 'mira');
    expect((await screen.findByTestId('invisible-note')).textContent).toContain('You are invisible');
    await window.user.type(screen.getByTestId('composer'), 'psst{Enter}');
    await waitFor(() => expect(screen.getAllByTestId('message').at(-1)?.dataset['state']).toBe('queued'));
  });
});

describe('the server', () => {
  test('while it is out of reach one line says with whom one still talks', async () => {
    await openWindow('offline');
    expect(screen.getByTestId('server-line').textContent).toContain('you still talk with 6 of 11');
  });

  test('while it is there nothing is said', async () => {
    const { bridge } = await openWindow('few');
    expect(screen.queryByTestId('server-line')).toBeNull();
    bridge.tell({ type: 'serverChanged', server: { type: 'connecting', attempt: 1 } });
    expect((await screen.findByTestId('server-line')).dataset['state']).toBe('connecting');
  });

  test('after the account went elsewhere a password brings it back', async () => {
    const { bridge, user } = await openWindow('few');
    bridge.tell({ type: 'serverChanged', server: { type: 'superseded' } });
    await user.click(await screen.findByText('Use here again'));
    await user.type(screen.getByTestId('unlock-password'), 'the right one');
    await user.click(screen.getByTestId('unlock-submit'));
    await waitFor(() => expect(screen.queryByTestId('server-line')).toBeNull());
    expect(bridge.given.at(-1)).toMatchObject({ type: 'signIn', account: null });
  });
});

describe('what is missed is asked for again', () => {
  test('lost events bring a fresh snapshot and a fresh conversation', async () => {
    const window = await openWindow('few');
    await openConversation(window, 'mira');
    const before = row('jonas').dataset['state'];
    expect(before).toBe('busy');
    let asked = 0;
    const snapshot = window.bridge.snapshot.bind(window.bridge);
    window.bridge.snapshot = () => {
      asked += 1;
      return snapshot();
    };
    window.bridge.tell({ type: 'eventsLost' });
    await waitFor(() => expect(asked).toBe(1));
  });
});

// A whole window on a fake engine, for tests.

import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import axe from 'axe-core';
import { expect } from 'vitest';
import App from '../src/App.svelte';
import { FakeBridge, type Scene } from '../src/bridge/fake';
import { Juice } from '../src/juice.svelte';
import { preferences } from '../src/shared/preferences.svelte';

export interface OpenWindow {
  bridge: FakeBridge;
  juice: Juice;
  user: UserEvent;
  container: HTMLElement;
}

export async function openWindow(
  scene: Scene,
  before: (bridge: FakeBridge) => void = () => undefined,
): Promise<OpenWindow> {
  // Whoever has called with video before is not shown to themselves first.
  preferences.hasCalledWithVideo = true;
  const bridge = new FakeBridge(scene);
  before(bridge);
  const juice = new Juice(bridge);
  const { container } = render(App, { juice });
  await juice.start();
  const screens = { firstrun: 'phase-firstrun', locked: 'phase-locked' } as Partial<Record<Scene, string>>;
  await screen.findByTestId(screens[scene] ?? 'phase-open');
  return { bridge, juice, user: userEvent.setup(), container };
}

export function row(name: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[role="treeitem"][data-name="${name}"]`);
  if (!found) throw new Error(`no row for ${name}`);
  return found;
}

export async function openConversation(window: OpenWindow, name: string): Promise<void> {
  await window.user.click(row(name));
  await screen.findByTestId('conversation');
  await waitFor(() => expect(screen.getByTestId('messages').getAttribute('aria-busy')).toBe('false'));
}

/** Colours need a real renderer; they are looked at elsewhere. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    rules: { 'color-contrast': { enabled: false } },
    resultTypes: ['violations'],
    preload: false,
  });
  const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join('\n   ')}`);
  expect(told).toEqual([]);
}

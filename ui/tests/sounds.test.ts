import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { preferences } from '../src/shared/preferences.svelte';

/** How often something was played, and faded out at once. */
const heard = { notes: 0, hushed: 0 };

const param = {
  setValueAtTime: () => undefined,
  linearRampToValueAtTime: () => undefined,
  exponentialRampToValueAtTime: () => undefined,
  setTargetAtTime: () => (heard.hushed += 1),
};

class Context {
  currentTime = 0;
  destination = {};
  resume(): Promise<void> {
    return Promise.resolve();
  }
  createGain(): unknown {
    return { gain: param, connect: (to: unknown) => to, disconnect: () => undefined };
  }
  createOscillator(): unknown {
    const start = (): number => (heard.notes += 1);
    return { frequency: param, connect: (to: unknown) => to, start, stop: () => undefined };
  }
}

beforeEach(() => {
  heard.notes = 0;
  heard.hushed = 0;
  vi.useFakeTimers();
  vi.stubGlobal('AudioContext', Context);
});

afterEach(() => {
  vi.useRealTimers();
  preferences.sounds = true;
});

test.each(['ring', 'ringBack'] as const)(
  '%s goes on until it is stopped, and then at once',
  async (which) => {
    const { [which]: begin } = await import('../src/shared/sounds');
    const stop = begin();
    const first = heard.notes;
    expect(first).toBeGreaterThan(0);
    vi.advanceTimersByTime(4000);
    expect(heard.notes).toBeGreaterThan(first);
    const hushed = heard.hushed;
    stop();
    expect(heard.hushed).toBe(hushed + 1);
    const last = heard.notes;
    vi.advanceTimersByTime(20_000);
    expect(heard.notes).toBe(last);
  },
);

test('who wants no sounds hears no ring, and does from the next one on when that changes', async () => {
  const { ring } = await import('../src/shared/sounds');
  preferences.sounds = false;
  const stop = ring();
  vi.advanceTimersByTime(10_000);
  expect(heard.notes).toBe(0);
  preferences.sounds = true;
  vi.advanceTimersByTime(2600);
  expect(heard.notes).toBeGreaterThan(0);
  stop();
});

test.each(['joined', 'left'] as const)('%s is two notes, and none for who wants no sounds', async (which) => {
  const { [which]: play } = await import('../src/shared/sounds');
  play();
  expect(heard.notes).toBe(2);
  preferences.sounds = false;
  play();
  expect(heard.notes).toBe(2);
});

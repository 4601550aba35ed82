import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { preferences } from '../src/shared/preferences.svelte';
import { doorCloses, doorOpens, drop } from '../src/shared/sounds';

/** How many notes were played. */
let notes = 0;

const param = {
  setValueAtTime: () => undefined,
  linearRampToValueAtTime: () => undefined,
  exponentialRampToValueAtTime: () => undefined,
  value: 0,
};

class Context {
  currentTime = 0;
  sampleRate = 8000;
  destination = {};
  resume(): Promise<void> {
    return Promise.resolve();
  }
  createGain(): unknown {
    return { gain: param, connect: (to: unknown) => to };
  }
  createOscillator(): unknown {
    const start = (): number => (notes += 1);
    return { frequency: param, connect: (to: unknown) => to, start, stop: () => undefined };
  }
  createBuffer(_: number, frames: number): unknown {
    return { getChannelData: () => new Float32Array(frames) };
  }
  createBiquadFilter(): unknown {
    return { frequency: param, connect: (to: unknown) => to };
  }
  createBufferSource(): unknown {
    return { connect: (to: unknown) => to, start: () => undefined };
  }
}

beforeEach(() => {
  notes = 0;
  vi.stubGlobal('AudioContext', Context);
});
afterEach(() => {
  preferences.sounds = true;
});

test.each([doorOpens, doorCloses, drop])('$name is heard, and not by who wants no sounds', (sound) => {
  preferences.sounds = false;
  sound();
  expect(notes).toBe(0);
  preferences.sounds = true;
  sound();
  expect(notes).toBeGreaterThan(0);
});

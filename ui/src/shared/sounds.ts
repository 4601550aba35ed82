// Sounds made on the spot: a door that opens, a door that closes, a drop for a message, one of several who joins or
// leaves a call, and two that go on until they
// are stopped: the ring of a call, and the ring at the other end.
//
// Synthesised rather than played from files, so nothing has to be fetched.

import { preferences } from './preferences.svelte';

let context: AudioContext | null = null;

function audio(): AudioContext | null {
  if (!preferences.sounds || typeof AudioContext === 'undefined') return null;
  context ??= new AudioContext();
  void context.resume();
  return context;
}

/** One soft tone, sliding from one pitch to another. */
function tone(
  at: AudioContext,
  from: number,
  to: number,
  delay: number,
  length: number,
  loudness: number,
  into: AudioNode = at.destination,
): void {
  const start = at.currentTime + delay;
  const oscillator = at.createOscillator();
  const gain = at.createGain();
  oscillator.type = 'sine';
  oscillator.frequency.setValueAtTime(from, start);
  oscillator.frequency.exponentialRampToValueAtTime(to, start + length * 0.6);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loudness, start + 0.008);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + length);
  oscillator.connect(gain).connect(into);
  oscillator.start(start);
  oscillator.stop(start + length);
}

/** The latch: a click of filtered noise. */
function latch(at: AudioContext, delay: number, pitch: number, loudness: number): void {
  const frames = Math.floor(at.sampleRate * 0.05);
  const buffer = at.createBuffer(1, frames, at.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let n = 0; n < frames; n++) samples[n] = (Math.random() * 2 - 1) * (1 - n / frames) ** 4;
  const source = at.createBufferSource();
  const filter = at.createBiquadFilter();
  const gain = at.createGain();
  filter.type = 'bandpass';
  filter.frequency.value = pitch;
  gain.gain.value = loudness;
  source.buffer = buffer;
  source.connect(filter).connect(gain).connect(at.destination);
  source.start(at.currentTime + delay);
}

export function doorOpens(): void {
  const at = audio();
  if (!at) return;
  latch(at, 0, 1800, 0.25);
  tone(at, 220, 330, 0.03, 0.2, 0.08);
  tone(at, 330, 494, 0.12, 0.28, 0.07);
}

export function doorCloses(): void {
  const at = audio();
  if (!at) return;
  tone(at, 330, 220, 0, 0.22, 0.06);
  latch(at, 0.14, 700, 0.4);
}

export function drop(): void {
  const at = audio();
  if (!at) return;
  tone(at, 520, 1040, 0, 0.14, 0.1);
  tone(at, 780, 1170, 0.07, 0.18, 0.05);
}

/** One more is in a call of several: a fifth upwards, under what is being said. */
export function joined(): void {
  const at = audio();
  if (!at) return;
  tone(at, 440, 440, 0, 0.16, 0.05);
  tone(at, 659, 659, 0.09, 0.26, 0.05);
}

/** One of several has left: the same fifth downwards. */
export function left(): void {
  const at = audio();
  if (!at) return;
  tone(at, 659, 659, 0, 0.16, 0.045);
  tone(at, 440, 440, 0.09, 0.28, 0.045);
}

/** A ring comes again after so long, in ms. */
const RING_EVERY = 2600;
const RING_BACK_EVERY = 4000;
/** How fast it falls silent, as a time constant in seconds: at once to the ear, and without a click. */
const STOPPED = 0.005;

/** Somebody calls: two rising thirds as on a marimba, softer where one is talking. Returns how to stop it. */
export function ring(loudness = 1): () => void {
  return again(RING_EVERY, loudness, (at, into) => {
    const notes = [659, 784, 988, 784, 659, 784, 988, 1319];
    notes.forEach((note, n) => {
      const delay = n * 0.13 + (n > 3 ? 0.22 : 0);
      tone(at, note, note, delay, 0.34, 0.13, into);
      tone(at, note * 4, note * 4, delay, 0.09, 0.02, into);
    });
  });
}

/** It rings at the other end: one low, soft breath. Returns how to stop it. */
export function ringBack(): () => void {
  return again(RING_BACK_EVERY, 1, (at, into) => {
    for (const [n, delay] of [0, 0.34].entries()) {
      tone(at, 392, 392, delay, 0.5 + n * 0.3, 0.05, into);
      tone(at, 494, 494, delay, 0.5 + n * 0.3, 0.04, into);
    }
  });
}

function again(
  every: number,
  loudness: number,
  play: (at: AudioContext, into: AudioNode) => void,
): () => void {
  let out: { at: AudioContext; gain: GainNode } | null = null;
  const hush = (): void => {
    out?.gain.gain.setTargetAtTime(0, out.at.currentTime, STOPPED);
    const gone = out?.gain;
    setTimeout(() => gone?.disconnect(), 100);
    out = null;
  };
  const once = (): void => {
    hush();
    const at = audio();
    if (!at) return;
    const gain = at.createGain();
    gain.gain.setValueAtTime(loudness, at.currentTime);
    gain.connect(at.destination);
    out = { at, gain };
    play(at, gain);
  };
  once();
  const timer = setInterval(once, every);
  return () => {
    clearInterval(timer);
    hush();
  };
}

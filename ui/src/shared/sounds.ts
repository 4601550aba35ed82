// Sounds made on the spot: a door that opens, a door that closes, and a drop for a message.
//
// Synthesised rather than played from files, so nothing has to be fetched. Calls ring from the engine, window or not.

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
  oscillator.connect(gain).connect(at.destination);
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

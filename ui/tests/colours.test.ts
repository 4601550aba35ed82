// Contrast, computed from the tokens: WCAG 2.1's formula on colours that are given in hex or OKLCH.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const tokens = readFileSync('src/shared/tokens.css', 'utf8');
const [light = '', dark = ''] = tokens.split(":root[data-theme='dark']");
const themes = { light, dark };

function token(theme: string, name: string): string {
  const found = new RegExp(`--${name}: ([^;]+);`).exec(theme)?.[1];
  if (found === undefined) throw new Error(`no token --${name}`);
  return found;
}

type Linear = [red: number, green: number, blue: number];

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

function ofHex(hex: string): Linear {
  const part = (at: number): number => linear(parseInt(hex.slice(at, at + 2), 16) / 255);
  return [part(1), part(3), part(5)];
}

/** Björn Ottosson's OKLab to linear sRGB, cut off at the edges of the gamut. */
function ofOklch(lightness: number, chroma: number, hue: number): Linear {
  const [a, b] = [chroma * Math.cos((hue * Math.PI) / 180), chroma * Math.sin((hue * Math.PI) / 180)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (part: number): number => Math.min(1, Math.max(0, part));
  return [
    cut(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    cut(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    cut(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const luminance = ([red, green, blue]: Linear): number => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

function contrast(one: Linear, other: Linear): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** A colour with an alpha over another, as `rgb(r g b / p%)` gives it. */
function over(veil: string, ground: string): Linear {
  const [red = 0, green = 0, blue = 0, percent = 0] = (veil.match(/[\d.]+/g) ?? []).map(Number);
  const mixed = [red, green, blue].map((part, n) => {
    const below = parseInt(ground.slice(1 + n * 2, 3 + n * 2), 16);
    return linear((part * (percent / 100) + below * (1 - percent / 100)) / 255);
  });
  return [mixed[0] ?? 0, mixed[1] ?? 0, mixed[2] ?? 0];
}

describe.each(Object.entries(themes))('in the %s', (_, theme) => {
  const grounds = ['mine', 'theirs'].flatMap((name) => {
    const bubble = token(theme, name);
    return [ofHex(bubble), over(token(theme, 'inset'), bubble)];
  });

  test('every author’s name can be read, in a message and in a quote', () => {
    const [lightness = 0, chroma = 0] = token(theme, 'name-ink').split(' ').map(Number);
    for (let hue = 0; hue < 360; hue += 15) {
      for (const ground of grounds) {
        expect(contrast(ofOklch(lightness, chroma, hue), ground), `hue ${hue}`).toBeGreaterThan(4.5);
      }
    }
  });

  test('soft words, links and warnings can be read in a message', () => {
    for (const ink of ['ink-soft', 'ink-link', 'berry-ink']) {
      for (const ground of grounds.slice(0, 1).concat(grounds.slice(2, 3))) {
        expect(contrast(ofHex(token(theme, ink)), ground), ink).toBeGreaterThan(4.5);
      }
    }
  });

  test('a call can be read: its bar, its buttons, its warnings', () => {
    const pairs = [
      ['ink', 'orange-soft'],
      ['amber-ink', 'orange-soft'],
      ['leaf-ink', 'orange-soft'],
      ['berry-ink', 'orange-soft'],
      ['on-berry', 'berry'],
      ['on-orange', 'amber'],
      ['paper', 'ink'],
    ] as const;
    for (const [ink, ground] of pairs)
      expect(contrast(ofHex(token(theme, ink)), ofHex(token(theme, ground))), ink).toBeGreaterThan(4.5);
  });

  test('what is found can be read', () => {
    expect(contrast(ofHex(token(theme, 'on-found')), ofHex(token(theme, 'found')))).toBeGreaterThan(4.5);
  });
});

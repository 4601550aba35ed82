// A moving picture for the fake's cameras and screens: colour bars, a ball that wanders, a clock of stripes.
//
// Drawn straight into I420's planes (BT.601, limited range), so that what a browser shows has been through the same
// shader as what the core sends.

import type { Picture } from '../bridge';

type Colour = readonly [y: number, u: number, v: number];

/** White, yellow, cyan, green, magenta, red, blue at three quarters, as BT.601 has them. */
const BARS: readonly Colour[] = [
  [180, 128, 128],
  [162, 44, 142],
  [131, 156, 44],
  [112, 72, 58],
  [84, 184, 198],
  [65, 100, 212],
  [35, 212, 114],
];
const PAPER: Colour = [225, 122, 134];
const INK: Colour = [60, 126, 130];
const SKIN: readonly Colour[] = [
  [150, 108, 156],
  [96, 116, 146],
  [188, 112, 146],
];

interface Canvas {
  picture: Picture;
  rect: (x: number, y: number, width: number, height: number, colour: Colour) => void;
  ball: (x: number, y: number, radius: number, colour: Colour) => void;
}

function blank(captured: number, width: number, height: number): Canvas {
  const [y, u, v] = [
    new Uint8Array(width * height),
    new Uint8Array((width * height) / 4),
    new Uint8Array((width * height) / 4),
  ];
  const row = (line: number, from: number, to: number, [bright, blue, red]: Colour): void => {
    if (line < 0 || line >= height) return;
    const [a, b] = [Math.max(0, Math.round(from)), Math.min(width, Math.round(to))];
    if (b <= a) return;
    y.fill(bright, line * width + a, line * width + b);
    if (line % 2 !== 0) return;
    const start = (line / 2) * (width / 2);
    u.fill(blue, start + (a >> 1), start + (b >> 1));
    v.fill(red, start + (a >> 1), start + (b >> 1));
  };
  return {
    picture: { captured, width, height, y, u, v },
    rect: (left, top, wide, high, colour) => {
      for (let line = Math.round(top); line < top + high; line++) row(line, left, left + wide, colour);
    },
    ball: (x, top, radius, colour) => {
      for (let line = -radius; line <= radius; line++) {
        const half = Math.sqrt(radius * radius - line * line);
        row(Math.round(top + line), x - half, x + half, colour);
      }
    },
  };
}

/** Somebody before their camera, by a number of theirs, so many ms after the beginning. */
export function face(captured: number, ms: number, who: number, width = 640, height = 480): Picture {
  const { picture, rect, ball } = blank(captured, width, height);
  const unit = height / 48;
  const wall = BARS[who % BARS.length] ?? PAPER;
  rect(0, 0, width, height, [Math.round(wall[0] * 0.45 + 90), (wall[1] + 256) / 3, (wall[2] + 256) / 3]);
  for (const [n, bar] of BARS.entries()) rect(((n + 0.5) * width) / 8, 2 * unit, width / 8, 5 * unit, bar);
  const x = width / 2 + Math.sin(ms / 1300 + who) * 4 * unit;
  const y = height * 0.47 + Math.cos(ms / 900 + who) * unit;
  const skin = SKIN[who % SKIN.length] ?? INK;
  ball(x, height * 1.06, 19 * unit, BARS[(who + 3) % BARS.length] ?? INK);
  ball(x, y, 12 * unit, skin);
  for (const side of [-1, 1]) ball(x + side * 4.4 * unit, y - 2 * unit, 1.3 * unit, [22, 128, 128]);
  const mouth = (1 + Math.abs(Math.sin(ms / 170)) * 2) * unit;
  rect(x - 4 * unit, y + 4.5 * unit, 8 * unit, mouth, [50, 118, 168]);
  clock(rect, ms, width, height);
  return picture;
}

/** A screen that is shared: a page with lines of text, one of them being written. */
export function screen(captured: number, ms: number, width = 1280, height = 720): Picture {
  const { picture, rect } = blank(captured, width, height);
  rect(0, 0, width, height, [44, 130, 126]);
  rect(width * 0.06, height * 0.08, width * 0.88, height * 0.84, PAPER);
  rect(width * 0.06, height * 0.08, width * 0.88, height * 0.06, [180, 124, 132]);
  for (let line = 0; line < 14; line++) {
    const long = 0.3 + ((line * 37) % 50) / 100;
    const written = line === 13 ? (ms % 4000) / 4000 : 1;
    rect(width * 0.1, height * (0.19 + line * 0.048), width * long * written, height * 0.014, INK);
  }
  clock(rect, ms, width, height);
  return picture;
}

/** A stripe along the bottom that fills once a second, orange on ink. */
function clock(rect: Canvas['rect'], ms: number, width: number, height: number): void {
  rect(0, height - 8, width, 8, [30, 128, 128]);
  rect(0, height - 8, (width * (ms % 1000)) / 1000, 8, [160, 60, 190]);
}

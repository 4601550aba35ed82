// Pictures of calls without a window: where they go, how they are asked for, what colours they have.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Picture } from '../src/bridge/bridge';
import { face } from '../src/bridge/fake/testcard';
import { buddy } from '../src/bridge/fake/cast';
import { qualityOf } from '../src/bridge/fake/sounds';
import { parsePicture } from '../src/bridge/picture';
import { Asking } from '../src/call/video/asking';
import { arranged, backing, cornerAt, cornerFrom, placed, type Box } from '../src/call/video/layout';
import { Painter } from '../src/call/video/painter';
import { toRgba } from '../src/call/video/plain';
import { videoFigures, videoInWords, whyNoVideo } from '../src/call/video/wording';

const VGA = { width: 640, height: 480 };

describe('a picture in its frame', () => {
  test('is seen in full with a margin, or fills the frame and is cut', () => {
    const frame = { width: 800, height: 300 };
    expect(placed(VGA, frame, false)).toEqual({ x: 200, y: 0, width: 400, height: 300 });
    expect(placed(VGA, frame, true)).toEqual({ x: 0, y: -150, width: 800, height: 600 });
  });

  test('is drawn with the screen’s px, but never with more than it has', () => {
    expect(backing({ width: 320, height: 240 }, VGA, 1, false)).toEqual({ width: 320, height: 240 });
    expect(backing({ width: 320, height: 240 }, VGA, 2, false)).toEqual({ width: 640, height: 480 });
    expect(backing({ width: 1280, height: 960 }, VGA, 2, false)).toEqual({ width: 640, height: 480 });
    // Fitted into a wide frame it is as high as itself; filling one, as wide.
    expect(backing({ width: 2000, height: 960 }, VGA, 1, false)).toEqual({ width: 1000, height: 480 });
    expect(backing({ width: 1280, height: 480 }, VGA, 1, true)).toEqual({ width: 640, height: 240 });
    expect(backing({ width: 0.4, height: 0.4 }, VGA, 1, false)).toEqual({ width: 1, height: 1 });
  });
});

describe('frames in a room', () => {
  const overlap = (a: Box, b: Box): boolean =>
    a.x < b.x + b.width - 0.01 &&
    b.x < a.x + a.width - 0.01 &&
    a.y < b.y + b.height - 0.01 &&
    b.y < a.y + a.height - 0.01;
  const rooms = [
    { width: 932, height: 360 },
    { width: 352, height: 200 },
    { width: 352, height: 700 },
    { width: 1272, height: 728 },
  ];

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    '%d of them neither overlap nor stick out, with and without a large one',
    (count) => {
      for (const room of rooms) {
        for (const main of [null, 0, count - 1]) {
          const boxes = arranged(count, room, main);
          expect(boxes).toHaveLength(count);
          for (const [n, box] of boxes.entries()) {
            expect(box.width).toBeGreaterThan(20);
            expect(box.height).toBeGreaterThan(20);
            expect(box.x).toBeGreaterThanOrEqual(-0.01);
            expect(box.y).toBeGreaterThanOrEqual(-0.01);
            expect(box.x + box.width).toBeLessThanOrEqual(room.width + 0.01);
            expect(box.y + box.height).toBeLessThanOrEqual(room.height + 0.01);
            for (const other of boxes.slice(n + 1)) expect(overlap(box, other)).toBe(false);
          }
        }
      }
    },
  );

  test('stand side by side in a wide room and on top of each other in a high one', () => {
    const [a, b] = arranged(2, { width: 900, height: 300 });
    expect(a?.y).toBe(b?.y);
    const [c, d] = arranged(2, { width: 300, height: 900 });
    expect(c?.x).toBe(d?.x);
    const four = arranged(4, { width: 800, height: 600 });
    expect(new Set(four.map((box) => box.x)).size).toBe(2);
    expect(new Set(four.map((box) => box.y)).size).toBe(2);
  });

  test('a shared screen has most of the room, in its own place of the order', () => {
    const boxes = arranged(3, { width: 1000, height: 500 }, 1);
    const areas = boxes.map((box) => box.width * box.height);
    expect(Math.max(...areas)).toBe(areas[1]);
    expect(areas[1]).toBeGreaterThan(0.7 * 1000 * 500);
  });

  test('there are none in no room', () => {
    expect(arranged(3, { width: 0, height: 100 })).toEqual([]);
    expect(arranged(0, { width: 100, height: 100 })).toEqual([]);
  });

  test('what is let go of lies in the nearest corner, and arrows lead from one to another', () => {
    const room = { width: 400, height: 300 };
    expect(cornerAt(10, 10, room)).toBe('topLeft');
    expect(cornerAt(390, 140, room)).toBe('topRight');
    expect(cornerAt(10, 290, room)).toBe('bottomLeft');
    expect(cornerFrom('bottomRight', 'ArrowUp')).toBe('topRight');
    expect(cornerFrom('topRight', 'ArrowLeft')).toBe('topLeft');
    expect(cornerFrom('topLeft', 'ArrowLeft')).toBe('topLeft');
    expect(cornerFrom('topLeft', 'ArrowDown')).toBe('bottomLeft');
    expect(cornerFrom('bottomLeft', 'ArrowRight')).toBe('bottomRight');
  });
});

describe('asking for pictures', () => {
  /** Frames of the screen, given by hand. */
  let frames: FrameRequestCallback[] = [];
  beforeEach(() => {
    frames = [];
    vi.stubGlobal('requestAnimationFrame', (run: FrameRequestCallback) => frames.push(run));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const turn = (): Promise<void> => new Promise((done) => setTimeout(done));
  async function screenFrame(): Promise<void> {
    await turn();
    for (const run of frames.splice(0)) run(0);
    await turn();
  }

  function asked(): {
    asking: Asking;
    questions: { after: number | null; answer: (picture: Picture | null) => void; fail: () => void }[];
    painted: number[];
    still: boolean[];
    eyes: { open: boolean };
  } {
    const questions: ReturnType<typeof asked>['questions'] = [];
    const painted: number[] = [];
    const still: boolean[] = [];
    const eyes = { open: true };
    const asking = new Asking({
      next: (after) =>
        new Promise((answer, fail) => questions.push({ after, answer, fail: () => fail(new Error('no')) })),
      paint: (picture) => painted.push(picture.captured),
      seen: () => eyes.open,
      stands: (one) => still.push(one),
    });
    return { asking, questions, painted, still, eyes };
  }

  test('the next one is asked for when the last has been painted, and never two at a time', async () => {
    const { questions, painted } = asked();
    expect(questions.map((one) => one.after)).toEqual([null]);
    questions[0]?.answer(face(7, 0, 0, 32, 32));
    await turn();
    expect(painted).toEqual([]);
    expect(questions).toHaveLength(1);
    await screenFrame();
    expect(painted).toEqual([7]);
    expect(questions.map((one) => one.after)).toEqual([null, 7]);
  });

  test('nothing is asked while nobody could see it, and at once when somebody can', async () => {
    const { asking, questions, eyes } = asked();
    eyes.open = false;
    questions[0]?.answer(face(7, 0, 0, 32, 32));
    await screenFrame();
    expect(questions).toHaveLength(1);
    asking.look();
    await turn();
    expect(questions).toHaveLength(1);
    eyes.open = true;
    asking.look();
    await turn();
    expect(questions.map((one) => one.after)).toEqual([null, 7]);
  });

  test('what comes after the end is not painted, and nothing more is asked', async () => {
    const { asking, questions, painted } = asked();
    asking.end();
    questions[0]?.answer(face(7, 0, 0, 32, 32));
    await screenFrame();
    expect(painted).toEqual([]);
    expect(questions).toHaveLength(1);
  });

  test('the end wakes what sleeps', async () => {
    const { asking, questions, eyes } = asked();
    eyes.open = false;
    questions[0]?.answer(null);
    await screenFrame();
    asking.end();
    eyes.open = true;
    asking.look();
    await turn();
    expect(questions).toHaveLength(1);
  });

  test('one that stays away stands still until it comes again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    const { questions, still, painted } = asked();
    const answer = async (n: number, picture: Picture | null, after: number): Promise<void> => {
      await vi.advanceTimersByTimeAsync(after);
      questions[n]?.answer(picture);
      await vi.advanceTimersByTimeAsync(0);
      for (const run of frames.splice(0)) run(0);
      await vi.advanceTimersByTimeAsync(0);
    };
    await answer(0, face(1, 0, 0, 32, 32), 30);
    await answer(1, null, 1000);
    expect(still).toEqual([]);
    await answer(2, null, 1000);
    await answer(3, null, 1000);
    expect(still).toEqual([true]);
    await answer(4, face(2, 0, 0, 32, 32), 30);
    expect(still).toEqual([true, false]);
    expect(painted).toEqual([1, 2]);
    expect(questions.map((one) => one.after)).toEqual([null, 1, 1, 1, 1, 2]);
  });

  test('one that there isn’t yet, or that fails, is asked for again after a pause', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    const { questions } = asked();
    questions[0]?.answer(null);
    await vi.advanceTimersByTimeAsync(99);
    expect(questions).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(questions).toHaveLength(2);
    questions[1]?.fail();
    await vi.advanceTimersByTimeAsync(499);
    expect(questions).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(questions).toHaveLength(3);
  });
});

describe('painting', () => {
  /** A canvas whose 2D context notes what is drawn; it has no WebGL. */
  function easel(): { canvas: HTMLCanvasElement; drawn: number[][]; turned: number[][] } {
    const drawn: number[][] = [];
    const turned: number[][] = [];
    const context = {
      setTransform: (...to: number[]) => turned.push(to),
      fillRect: () => undefined,
      drawImage: (_: unknown, ...where: number[]) => drawn.push(where),
      createImageData: (width: number, height: number) => ({
        width,
        height,
        data: new Uint8ClampedArray(width * height * 4),
      }),
      putImageData: () => undefined,
    };
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(((kind: string) =>
      kind === '2d' ? context : null) as never);
    return { canvas: document.createElement('canvas'), drawn, turned };
  }
  afterEach(() => vi.restoreAllMocks());

  test('goes by hand where there is no WebGL, counts, and paints again what a new size has wiped away', () => {
    const { canvas, drawn, turned } = easel();
    const painter = new Painter(canvas);
    expect(painter.way).toBe('2d');
    expect(painter.paint(face(1, 0, 0))).toBe(false);
    expect(drawn).toEqual([]);
    painter.resize({ width: 400, height: 300 }, 1);
    expect(drawn).toEqual([[0, 0, 400, 300]]);
    expect(painter.paint(face(2, 0, 0))).toBe(true);
    expect(painter.painted).toBe(1);
    painter.dress({ fill: true, mirrored: true });
    expect(turned.at(-1)).toEqual([-1, 0, 0, 1, 400, 0]);
    painter.resize({ width: 400, height: 200 }, 1);
    expect([canvas.width, canvas.height]).toEqual([400, 200]);
    expect(drawn.at(-1)).toEqual([0, -50, 400, 300]);
    expect(painter.painted).toBe(1);
    painter.end();
    expect(painter.last).toBeNull();
    expect(painter.paint(face(3, 0, 0))).toBe(false);
  });

  test('a context that is taken away comes back with the last picture', () => {
    const { canvas, drawn } = easel();
    const painter = new Painter(canvas);
    painter.resize({ width: 400, height: 300 }, 1);
    painter.paint(face(1, 0, 0));
    const lost = new Event('webglcontextlost', { cancelable: true });
    canvas.dispatchEvent(lost);
    expect(lost.defaultPrevented).toBe(true);
    expect(painter.way).toBe('none');
    expect(painter.paint(face(2, 0, 0))).toBe(false);
    expect(drawn).toHaveLength(1);
    canvas.dispatchEvent(new Event('webglcontextrestored'));
    expect(drawn).toHaveLength(2);
  });

  test('black, white and the bars have their colours', () => {
    const plain = (bright: number, blue: number, red: number): number[] => {
      const picture = {
        captured: 0,
        width: 2,
        height: 2,
        y: new Uint8Array(4).fill(bright),
        u: Uint8Array.of(blue),
        v: Uint8Array.of(red),
      };
      const into = new Uint8ClampedArray(16);
      toRgba(picture, into);
      return [...into.slice(12)];
    };
    expect(plain(16, 128, 128)).toEqual([0, 0, 0, 255]);
    expect(plain(235, 128, 128)).toEqual([255, 255, 255, 255]);
    // Red and blue at three quarters, as a generator of colour bars has them.
    expect(plain(65, 100, 212)).toEqual([191, 0, 1, 255]);
    expect(plain(35, 212, 114)).toEqual([0, 1, 191, 255]);
  });

  test('a test picture is what it says, and moves', () => {
    const [one, other] = [face(1, 0, 0), face(2, 900, 0)];
    expect(one.y).toHaveLength(640 * 480);
    expect(one.u).toHaveLength(320 * 240);
    expect(other.y).not.toEqual(one.y);
    const head = new ArrayBuffer(16 + 640 * 480 * 1.5);
    new DataView(head).setBigUint64(0, 5n, true);
    new DataView(head).setUint32(8, 640, true);
    new DataView(head).setUint32(12, 480, true);
    expect(parsePicture(head)).toMatchObject({ captured: 5, width: 640, height: 480 });
    expect(parsePicture(head.slice(1))).toBeNull();
  });
});

describe('pictures in words', () => {
  const shape = (width: number, fps: number) => ({ width, height: (width * 3) / 4, fps, kbitS: 96 });
  const told = (from: [number, number] | null, to: [number, number] | null): string =>
    videoInWords([
      {
        name: 'Ann',
        quality: qualityOf('p', {
          verdict: 'good',
          fromThem: from && shape(...from),
          toThem: to && shape(...to),
        }),
      },
    ]);

  test('only what is not well is said, theirs first', () => {
    expect(told(null, null)).toBe('');
    expect(told([640, 30], [480, 20])).toBe('');
    expect(told([320, 15], null)).toBe('Ann’s picture is small because the line is narrow.');
    expect(told([320, 5], [320, 5])).toBe('Ann’s picture jerks because the line is narrow.');
    expect(told([320, 0], null)).toContain('Ann’s picture waits');
    expect(told([640, 30], [320, 15])).toBe('Your picture is small at Ann’s because the line is narrow.');
    // A shared screen on which little happens.
    expect(told([1280, 2], [640, 2])).toBe('');
  });

  test('figures are there for either way', () => {
    const quality = qualityOf('p', { verdict: 'good', fromThem: shape(640, 29.6), toThem: shape(320, 15) });
    expect(videoFigures(quality, 'Ann')).toEqual([
      ['Ann’s picture', '640 × 480, 30/s, 96 kbit/s'],
      ['Your picture', '320 × 240, 15/s, 96 kbit/s'],
    ]);
  });

  test('who has no camera is said', () => {
    const camera = [{ id: 'c', name: 'C' }];
    expect(whyNoVideo(buddy('Ann'), camera)).toContain('Ann has no camera');
    expect(whyNoVideo(buddy('Ann', { canVideo: true }), [])).toContain('You have no camera');
    expect(whyNoVideo(buddy('Ann', { canVideo: true }), camera)).toBeNull();
    expect(whyNoVideo(buddy('Ann', { canVideo: true }), null)).toBeNull();
  });
});

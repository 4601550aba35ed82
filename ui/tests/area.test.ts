import { expect, test } from 'vitest';
import { between, GRIPS, LEAST, middleOf, moved, pulled, within } from '../src/call/video/area';

const SCREEN = { width: 1921, height: 1081 };

test('the middle of a screen is even and on it', () => {
  expect(middleOf(SCREEN)).toEqual({ x: 480, y: 270, width: 960, height: 540 });
  expect(middleOf({ width: 100, height: 90 })).toEqual({ x: 25, y: 23, width: 64, height: 64 });
});

test('drawn in any direction it lies between the points', () => {
  const drawn = { x: 100, y: 50, width: 300, height: 200 };
  expect(between({ x: 100, y: 50 }, { x: 400, y: 250 }, SCREEN)).toEqual(drawn);
  expect(between({ x: 400, y: 250 }, { x: 100, y: 50 }, SCREEN)).toEqual(drawn);
  expect(between({ x: 400, y: 50 }, { x: 100, y: 250 }, SCREEN)).toEqual(drawn);
  expect(between({ x: 1900, y: 1070 }, { x: 5000, y: 5000 }, SCREEN)).toEqual({
    x: 1857,
    y: 1017,
    width: LEAST,
    height: LEAST,
  });
});

test('it is moved no further than the edge', () => {
  const area = { x: 100, y: 50, width: 300, height: 200 };
  expect(moved(area, { x: 3, y: -60 }, SCREEN)).toEqual({ ...area, x: 103, y: 0 });
  expect(moved(area, { x: 9999, y: 9999 }, SCREEN)).toEqual({ ...area, x: 1621, y: 881 });
});

test('the edge that is not pulled stays where it is', () => {
  const area = { x: 100, y: 50, width: 300, height: 200 };
  expect(pulled(area, { across: -1, down: 0 }, { x: -41, y: 99 }, SCREEN)).toEqual({
    ...area,
    x: 60,
    width: 340,
  });
  expect(pulled(area, { across: 0, down: 1 }, { x: 99, y: 21 }, SCREEN)).toEqual({ ...area, height: 220 });
  expect(pulled(area, { across: 1, down: -1 }, { x: -9999, y: 9999 }, SCREEN)).toEqual({
    x: 100,
    y: 186,
    width: LEAST,
    height: LEAST,
  });
});

test('whatever is done to it, it is whole, even, large enough and on the screen', () => {
  let seed = 7;
  const any = (most: number): number => {
    seed = (seed * 48271) % 2147483647;
    return (seed / 2147483647) * most;
  };
  let area = middleOf(SCREEN);
  for (let n = 0; n < 4000; n++) {
    const by = { x: any(4000) - 2000, y: any(2000) - 1000 };
    const grip = GRIPS[n % GRIPS.length] ?? { across: 0, down: 0 };
    if (n % 3 === 0) area = pulled(area, grip, by, SCREEN);
    else if (n % 3 === 1) area = moved(area, by, SCREEN);
    else area = between({ x: any(1921), y: any(1081) }, { x: any(4000) - 1000, y: any(3000) - 1000 }, SCREEN);
    for (const [at, length, most] of [
      [area.x, area.width, SCREEN.width],
      [area.y, area.height, SCREEN.height],
    ] as const) {
      expect(Number.isInteger(at) && at >= 0, `${at}`).toBe(true);
      expect(length % 2, `${length}`).toBe(0);
      expect(length).toBeGreaterThanOrEqual(LEAST);
      expect(at + length).toBeLessThanOrEqual(most);
    }
    expect(within(area, SCREEN)).toEqual(area);
  }
});

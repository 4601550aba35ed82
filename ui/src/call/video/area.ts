// A part of a screen while somebody chooses it, in the screen's pixels. Numbers in, numbers out.

import type { ScreenArea } from '../../bridge/generated/ScreenArea';
import type { Size } from './layout';

/** No part has a shorter side. */
export const LEAST = 64;

/** Which edges follow the pointer: -1 the left or upper one, 1 the right or lower one, 0 neither. */
export interface Grip {
  across: -1 | 0 | 1;
  down: -1 | 0 | 1;
}

/** The corners and the middles of the edges. */
export const GRIPS: readonly Grip[] = ([-1, 0, 1] as const)
  .flatMap((down) => ([-1, 0, 1] as const).map((across) => ({ across, down })))
  .filter(({ across, down }) => across !== 0 || down !== 0);

interface Point {
  x: number;
  y: number;
}

/** The middle of a screen, half as wide and half as high. */
export function middleOf(screen: Size): ScreenArea {
  return within(
    { x: screen.width / 4, y: screen.height / 4, width: screen.width / 2, height: screen.height / 2 },
    screen,
  );
}

/** What lies between two points. */
export function between(from: Point, to: Point, screen: Size): ScreenArea {
  const [x, width] = span(from.x, to.x, screen.width);
  const [y, height] = span(from.y, to.y, screen.height);
  return { x, y, width, height };
}

/** The same elsewhere. */
export function moved(area: ScreenArea, by: Point, screen: Size): ScreenArea {
  return within({ ...area, x: area.x + by.x, y: area.y + by.y }, screen);
}

/** With some of its edges elsewhere; the others stay. */
export function pulled(area: ScreenArea, grip: Grip, by: Point, screen: Size): ScreenArea {
  const [x, width] = pull(area.x, area.width, grip.across, by.x, screen.width);
  const [y, height] = pull(area.y, area.height, grip.down, by.y, screen.height);
  return { x, y, width, height };
}

/** The nearest one that is whole, even, large enough and on the screen. */
export function within(area: ScreenArea, screen: Size): ScreenArea {
  const side = (at: number, length: number, most: number): [number, number] => {
    const fits = clamp(even(length), LEAST, even(most));
    return [clamp(Math.round(at), 0, Math.max(0, most - fits)), fits];
  };
  const [x, width] = side(area.x, area.width, screen.width);
  const [y, height] = side(area.y, area.height, screen.height);
  return { x, y, width, height };
}

/** From a pressed point to another, which may be before it. */
function span(from: number, to: number, most: number): [number, number] {
  const [a, b] = [clamp(Math.round(from), 0, most), clamp(Math.round(to), 0, most)];
  const length = clamp(even(Math.abs(b - a)), LEAST, even(most));
  const begin = b < a ? a - length : a;
  return [clamp(begin, 0, Math.max(0, most - length)), length];
}

function pull(at: number, length: number, edge: -1 | 0 | 1, by: number, most: number): [number, number] {
  if (edge === 0) return [at, length];
  const end = at + length;
  const room = even(edge < 0 ? end : most - at);
  const fits = clamp(even(length + edge * by), LEAST, Math.max(LEAST, room));
  return [edge < 0 ? end - fits : at, fits];
}

const even = (length: number): number => 2 * Math.round(Math.floor(length) / 2 - 0.25);
const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

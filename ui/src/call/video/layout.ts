// Where pictures go: a picture in its frame, frames in their room. Numbers in, numbers out.

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

/** The shape that frames come as near to as they can: most cameras are 4:3 or 16:9. */
const SHAPE = 1.45;
/** Between two frames, in CSS px. */
const GAP = 4;
/** Of the longer side, for those who are not shared: beside a screen or below it. */
const STRIP = 0.22;

/** Where a picture lies in its frame: all of it with a margin, or as large as the frame and cut. */
export function placed(picture: Size, frame: Size, fill: boolean): Box {
  const across = frame.width / picture.width;
  const down = frame.height / picture.height;
  const scale = fill ? Math.max(across, down) : Math.min(across, down);
  const [width, height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  return {
    x: Math.round((frame.width - width) / 2),
    y: Math.round((frame.height - height) / 2),
    width,
    height,
  };
}

/** How many px a frame is drawn with: as many as the screen has, but never more than the picture has to give. */
export function backing(frame: Size, picture: Size, ratio: number, fill: boolean): Size {
  const across = picture.width / frame.width;
  const down = picture.height / frame.height;
  const own = fill ? Math.min(across, down) : Math.max(across, down);
  const scale = Math.min(ratio, own);
  return {
    width: Math.max(1, Math.round(frame.width * scale)),
    height: Math.max(1, Math.round(frame.height * scale)),
  };
}

/** So many frames in a room, as large as they can be; the last row is in the middle. `main` is larger than all others. */
export function arranged(count: number, room: Size, main: number | null = null): Box[] {
  if (count === 0 || room.width <= 0 || room.height <= 0) return [];
  return main === null || count === 1 ? grid(count, room) : aroundOne(count, room, main);
}

function grid(count: number, room: Size): Box[] {
  let best = { columns: 1, worth: -1 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const { width, height } = cell(room, columns, rows);
    // What counts is the largest picture of a usual shape that a frame holds.
    const worth = Math.min(width, height * SHAPE);
    if (worth > best.worth + 0.5) best = { columns, worth };
  }
  const rows = Math.ceil(count / best.columns);
  const { width, height } = cell(room, best.columns, rows);
  return Array.from({ length: count }, (_, n) => {
    const row = Math.floor(n / best.columns);
    const inRow = row === rows - 1 ? count - row * best.columns : best.columns;
    const margin = (room.width - inRow * width - (inRow - 1) * GAP) / 2;
    return {
      x: margin + (n % best.columns) * (width + GAP),
      y: row * (height + GAP),
      width,
      height,
    };
  });
}

function cell(room: Size, columns: number, rows: number): Size {
  return {
    width: (room.width - (columns - 1) * GAP) / columns,
    height: (room.height - (rows - 1) * GAP) / rows,
  };
}

function aroundOne(count: number, room: Size, main: number): Box[] {
  const beside = room.width >= room.height * SHAPE;
  const strip = Math.round((beside ? room.width : room.height) * STRIP);
  const rest: Size = beside ? { width: strip, height: room.height } : { width: room.width, height: strip };
  const large: Box = beside
    ? { x: 0, y: 0, width: room.width - strip - GAP, height: room.height }
    : { x: 0, y: 0, width: room.width, height: room.height - strip - GAP };
  const [x, y] = beside ? [room.width - strip, 0] : [0, room.height - strip];
  const small = grid(count - 1, rest).map((one) => ({ ...one, x: one.x + x, y: one.y + y }));
  return [...small.slice(0, main), large, ...small.slice(main)];
}

/** Whom one picture of many is of: who speaks, as long as they do; else who was shown, and at first who shows something. */
export function whoIsShown(
  people: { id: string; shows: string }[],
  speaking: { id: string }[],
  before: string | null,
): string | null {
  const is = (one: { id: string }): boolean => one.id === before;
  if (!speaking.some(is) && speaking[0]) return speaking[0].id;
  if (people.some(is)) return before;
  return (people.find((one) => one.shows !== 'nothing') ?? people[0])?.id ?? null;
}

export const CORNERS = ['topLeft', 'topRight', 'bottomLeft', 'bottomRight'] as const;
export type Corner = (typeof CORNERS)[number];

/** The corner that something in a room is nearest to, by its middle. */
export function cornerAt(x: number, y: number, room: Size): Corner {
  const left = x < room.width / 2;
  if (y < room.height / 2) return left ? 'topLeft' : 'topRight';
  return left ? 'bottomLeft' : 'bottomRight';
}

/** The corner that an arrow key leads to. */
export function cornerFrom(corner: Corner, key: string): Corner {
  const top = key === 'ArrowUp' || (key !== 'ArrowDown' && corner.startsWith('top'));
  const left = key === 'ArrowLeft' || (key !== 'ArrowRight' && corner.endsWith('Left'));
  if (top) return left ? 'topLeft' : 'topRight';
  return left ? 'bottomLeft' : 'bottomRight';
}

// A picture as it crosses from the core: its head, then three planes.

import type { Picture } from './bridge';

const HEAD = 16;

/** Null for what is empty, or not as long as it says. */
export function parsePicture(bytes: ArrayBuffer): Picture | null {
  if (bytes.byteLength < HEAD) return null;
  const head = new DataView(bytes);
  const captured = Number(head.getBigUint64(0, true));
  const [width, height] = [head.getUint32(8, true), head.getUint32(12, true)];
  const [bright, colour] = [width * height, (width / 2) * (height / 2)];
  if (bytes.byteLength !== HEAD + bright + 2 * colour) return null;
  return {
    captured,
    width,
    height,
    y: new Uint8Array(bytes, HEAD, bright),
    u: new Uint8Array(bytes, HEAD + bright, colour),
    v: new Uint8Array(bytes, HEAD + bright + colour, colour),
  };
}

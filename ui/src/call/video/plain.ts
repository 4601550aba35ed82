// Paints by hand, where there is no WebGL; and makes a file of a picture.

import type { Picture } from '../../bridge/bridge';
import { placed, type Size } from './layout';
import type { Brush } from './painter';

/** I420 to RGBA by ITU-R BT.601 in limited range, in whole numbers as its text has them (8 bits after the point). */
export function toRgba({ width, height, y, u, v }: Picture, into: Uint8ClampedArray): void {
  const half = width >> 1;
  let at = 0;
  for (let line = 0; line < height; line++) {
    const colours = (line >> 1) * half;
    for (let x = 0; x < width; x++, at += 4) {
      const bright = 298 * ((y[line * width + x] ?? 16) - 16);
      const blue = (u[colours + (x >> 1)] ?? 128) - 128;
      const red = (v[colours + (x >> 1)] ?? 128) - 128;
      into[at] = (bright + 409 * red + 128) >> 8;
      into[at + 1] = (bright - 100 * blue - 208 * red + 128) >> 8;
      into[at + 2] = (bright + 516 * blue + 128) >> 8;
      into[at + 3] = 255;
    }
  }
}

/** A sheet as large as the picture, with the picture on it. */
class Sheet {
  #pixels: ImageData | null = null;

  constructor(readonly canvas = document.createElement('canvas')) {}

  draw(picture: Picture): HTMLCanvasElement {
    const { width, height } = picture;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const context = this.canvas.getContext('2d');
    if (!context) return this.canvas;
    if (this.#pixels?.width !== width || this.#pixels.height !== height)
      this.#pixels = context.createImageData(width, height);
    toRgba(picture, this.#pixels.data);
    context.putImageData(this.#pixels, 0, 0);
    return this.canvas;
  }
}

export class PlainBrush implements Brush {
  readonly way = '2d';
  readonly #context: CanvasRenderingContext2D;
  readonly #sheet = new Sheet();

  static on(canvas: HTMLCanvasElement): PlainBrush | null {
    const context = canvas.getContext('2d', { alpha: false });
    return context && new PlainBrush(context);
  }

  private constructor(context: CanvasRenderingContext2D) {
    this.#context = context;
  }

  paint(picture: Picture, canvas: Size, fill: boolean, mirrored: boolean): void {
    const place = placed(picture, canvas, fill);
    const context = this.#context;
    context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? canvas.width : 0, 0);
    // The stylesheet's `--room`.
    context.fillStyle = '#0d0b09';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.#sheet.draw(picture), place.x, place.y, place.width, place.height);
  }

  end(): void {}
}

/** One picture on a canvas, which gets its size. */
export function drawPicture(canvas: HTMLCanvasElement, picture: Picture): void {
  new Sheet(canvas).draw(picture);
}

/** A picture as PNG, in its own size. */
export function asPng(picture: Picture): Promise<Blob> {
  const canvas = new Sheet().draw(picture);
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no picture was made'))), 'image/png');
  });
}

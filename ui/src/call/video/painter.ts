// Paints I420 pictures on a canvas: in a shader where there is WebGL, by hand where there isn't.
//
// A canvas has one painter for as long as it is there. Nothing is made per picture: textures and buffers stay until a
// picture has another size. A context that the system takes away is made anew, and the last picture is painted again.

import type { Picture } from '../../bridge/bridge';
import { backing, type Size } from './layout';
import { GlBrush } from './gl';
import { PlainBrush } from './plain';

export interface Brush {
  readonly way: 'webgl' | '2d';
  /** Onto a canvas of so many px; what the picture doesn't reach stays dark. */
  paint: (picture: Picture, canvas: Size, fill: boolean, mirrored: boolean) => void;
  end: () => void;
}

export interface Manner {
  fill: boolean;
  mirrored: boolean;
}

export class Painter {
  /** Pictures that were painted, all in all. */
  painted = 0;
  last: Picture | null = null;
  readonly #canvas: HTMLCanvasElement;
  #brush: Brush | null;
  #frame: Size = { width: 0, height: 0 };
  #ratio = 1;
  #manner: Manner = { fill: false, mirrored: false };

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#brush = brushFor(canvas);
    canvas.addEventListener('webglcontextlost', this.#lost);
    canvas.addEventListener('webglcontextrestored', this.#restored);
  }

  get way(): Brush['way'] | 'none' {
    return this.#brush?.way ?? 'none';
  }

  /** The size of the frame in CSS px, and how many px of the screen one of those is. */
  resize(frame: Size, ratio: number): void {
    this.#frame = frame;
    this.#ratio = ratio;
    this.#again();
  }

  dress(manner: Manner): void {
    this.#manner = manner;
    this.#again();
  }

  /** True where it is on the canvas. */
  paint(picture: Picture): boolean {
    this.last = picture;
    if (!this.#draw(picture)) return false;
    this.painted += 1;
    return true;
  }

  end(): void {
    this.#canvas.removeEventListener('webglcontextlost', this.#lost);
    this.#canvas.removeEventListener('webglcontextrestored', this.#restored);
    this.#brush?.end();
    this.#brush = null;
    this.last = null;
  }

  #again(): void {
    if (this.last) this.#draw(this.last);
  }

  #draw(picture: Picture): boolean {
    if (!this.#brush || this.#frame.width < 1 || this.#frame.height < 1) return false;
    const { fill, mirrored } = this.#manner;
    const { width, height } = backing(this.#frame, picture, this.#ratio, fill);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#brush.paint(picture, { width, height }, fill, mirrored);
    return true;
  }

  #lost = (event: Event): void => {
    // Without this it would never come back.
    event.preventDefault();
    this.#brush = null;
  };

  #restored = (): void => {
    this.#brush = brushFor(this.#canvas);
    this.#again();
  };
}

function brushFor(canvas: HTMLCanvasElement): Brush | null {
  return GlBrush.on(canvas) ?? PlainBrush.on(canvas);
}

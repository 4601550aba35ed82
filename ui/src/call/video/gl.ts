// Paints in a shader: three planes as three textures, BT.601 in limited range to RGB.

import type { Picture } from '../../bridge/bridge';
import { placed, type Size } from './layout';
import type { Brush } from './painter';

const CORNERS = `
attribute vec2 corner;
uniform float side;
varying vec2 at;
void main() {
  at = vec2(0.5 + side * (corner.x - 0.5), 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

// The matrix is ITU-R BT.601's for 8 bits, where black is 16 and white 235.
const COLOURS = `
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif
varying vec2 at;
uniform sampler2D bright;
uniform sampler2D blue;
uniform sampler2D red;
void main() {
  float y = 1.16438 * (texture2D(bright, at).r - 0.0627451);
  float u = texture2D(blue, at).r - 0.5019608;
  float v = texture2D(red, at).r - 0.5019608;
  gl_FragColor = vec4(y + 1.59603 * v, y - 0.39176 * u - 0.81297 * v, y + 2.01723 * u, 1.0);
}`;

/** What is around a picture: the stylesheet's `--room`. */
const ROOM = [0x0d / 255, 0x0b / 255, 0x09 / 255, 1] as const;
const PLANES = ['bright', 'blue', 'red'] as const;

export class GlBrush implements Brush {
  readonly way = 'webgl';
  readonly #gl: WebGLRenderingContext;
  readonly #side: WebGLUniformLocation | null;
  readonly #textures: (WebGLTexture | null)[];
  #size: Size = { width: 0, height: 0 };

  /** Null where there is no WebGL. */
  static on(canvas: HTMLCanvasElement): GlBrush | null {
    // Kept, so that what is on the screen can be read back at any time.
    const wants = {
      alpha: false,
      antialias: false,
      depth: false,
      stencil: false,
      preserveDrawingBuffer: true,
    };
    const gl = canvas.getContext('webgl', wants);
    if (!gl || !('createProgram' in gl) || gl.isContextLost()) return null;
    const program = programOn(gl);
    return program ? new GlBrush(gl, program) : null;
  }

  private constructor(gl: WebGLRenderingContext, program: WebGLProgram) {
    this.#gl = gl;
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, 'corner');
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    this.#side = gl.getUniformLocation(program, 'side');
    // Half a plane may have an odd width.
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.clearColor(...ROOM);
    this.#textures = PLANES.map((name, n) => {
      gl.uniform1i(gl.getUniformLocation(program, name), n);
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      for (const edge of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
        gl.texParameteri(gl.TEXTURE_2D, edge, gl.CLAMP_TO_EDGE);
      for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
        gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
      return texture;
    });
  }

  paint(picture: Picture, canvas: Size, fill: boolean, mirrored: boolean): void {
    const gl = this.#gl;
    const { width, height } = picture;
    const fresh = width !== this.#size.width || height !== this.#size.height;
    this.#size = { width, height };
    this.#load(0, width, height, picture.y, fresh);
    this.#load(1, width >> 1, height >> 1, picture.u, fresh);
    this.#load(2, width >> 1, height >> 1, picture.v, fresh);
    const place = placed(picture, canvas, fill);
    gl.viewport(place.x, canvas.height - place.y - place.height, place.width, place.height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform1f(this.#side, mirrored ? -1 : 1);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  end(): void {
    // A page may have few contexts at a time.
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  #load(n: number, width: number, height: number, plane: Uint8Array, fresh: boolean): void {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + n);
    gl.bindTexture(gl.TEXTURE_2D, this.#textures[n] ?? null);
    const { LUMINANCE, TEXTURE_2D, UNSIGNED_BYTE } = gl;
    if (fresh) gl.texImage2D(TEXTURE_2D, 0, LUMINANCE, width, height, 0, LUMINANCE, UNSIGNED_BYTE, plane);
    else gl.texSubImage2D(TEXTURE_2D, 0, 0, 0, width, height, LUMINANCE, UNSIGNED_BYTE, plane);
  }
}

function programOn(gl: WebGLRenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, CORNERS],
    [gl.FRAGMENT_SHADER, COLOURS],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!program || !shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

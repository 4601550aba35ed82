// Pictures for the fake, drawn on the spot: an orange over hills, in a few lights.

import type { PictureView } from '../generated/PictureView';

const LIGHTS = [
  ['#ffd9a0', '#ff8f1f', '#3f7d4a', '#2c5b3a'],
  ['#bfe0f2', '#ffb23e', '#7aa05a', '#4d7a45'],
  ['#2b2540', '#ff9a36', '#3a3157', '#241d38'],
] as const;

/** The drawing as SVG. */
export function drawing(width: number, height: number, light: number): string {
  const [sky, sun, near, far] = LIGHTS[light % LIGHTS.length] ?? LIGHTS[0];
  const hill = (y: number, swing: number): string =>
    `M0 ${height * y} Q${width * 0.3} ${height * (y - swing)} ${width * 0.6} ${height * y} T${width} ${height * (y - swing * 0.4)} V${height} H0Z`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<rect width="100%" height="100%" fill="${sky}"/>` +
    `<circle cx="${width * 0.68}" cy="${height * 0.36}" r="${Math.min(width, height) * 0.17}" fill="${sun}"/>` +
    `<path d="${hill(0.66, 0.2)}" fill="${far}"/><path d="${hill(0.8, -0.14)}" fill="${near}"/></svg>`
  );
}

export function pictureOf(width: number, height: number, light: number): PictureView {
  const small = drawing(32, Math.max(8, Math.round((32 * height) / width)), light);
  return { width, height, thumbnail: `data:image/svg+xml,${encodeURIComponent(small)}` };
}

// Something that looks like a QR code, for the fake: finders in three corners and noise between. Not scannable.

const SIZE = 33;

export function fakeQr(text: string): { path: string; size: number } {
  let state = [...text].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0, 7);
  let path = '';
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (finder(x, y) ?? state >>> 31 === 1) path += `M${x} ${y}h1v1h-1z`;
    }
  }
  return { path, size: SIZE };
}

function finder(x: number, y: number): boolean | null {
  const cornerX = x < 8 ? x : x >= SIZE - 8 && y < 8 ? SIZE - 1 - x : null;
  const cornerY = y < 8 ? y : y >= SIZE - 8 && x < 8 ? SIZE - 1 - y : null;
  if (cornerX === null || cornerY === null) return null;
  const ring = Math.max(Math.abs(cornerX - 3), Math.abs(cornerY - 3));
  return ring === 3 || ring <= 1;
}

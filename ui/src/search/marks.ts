// Marks what is looked for in the messages on screen, without touching them: by the web view's own highlights, where
// it has them.

const NAME = 'found';
/** More than this nobody sees. */
const MOST = 500;

/** Marks all words of a query below an element; an empty one takes the marks away. */
export function mark(root: HTMLElement | null, query: string): void {
  if (typeof Highlight === 'undefined' || !CSS.highlights) return;
  const wanted = query
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  if (!root || wanted.length === 0) {
    CSS.highlights.delete(NAME);
    return;
  }
  CSS.highlights.set(NAME, new Highlight(...places(root, wanted)));
}

function places(root: HTMLElement, wanted: string[]): Range[] {
  const found: Range[] = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text && found.length < MOST; text = texts.nextNode()) {
    if (!text.parentElement?.closest('.text')) continue;
    const said = text.textContent ?? '';
    for (const [at, length] of placesIn(said, wanted)) {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + length);
      found.push(range);
    }
  }
  return found;
}

/** Where the words begin, each at the beginning of a word, and how long they are. */
export function placesIn(said: string, wanted: string[]): [number, number][] {
  const low = said.toLowerCase();
  // Some letters grow when they are made small; then places in the one aren't places in the other.
  if (low.length !== said.length) return [];
  const found: [number, number][] = [];
  for (const word of wanted) {
    for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + word.length)) {
      if (at === 0 || !/[\p{L}\p{N}]/u.test(low.charAt(at - 1))) found.push([at, word.length]);
    }
  }
  return found;
}

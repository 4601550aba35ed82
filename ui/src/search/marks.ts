// Marks what is looked for in the messages on screen, without touching them: by the web view's own highlights, where
// it has them.

const NAME = 'found';
/** More than this nobody sees. */
const MOST = 500;

/** Marks all places below an element; an empty query takes the marks away. */
export function mark(root: HTMLElement | null, query: string): void {
  if (typeof Highlight === 'undefined' || !CSS.highlights) return;
  const wanted = query.trim().toLowerCase();
  if (!root || wanted === '') {
    CSS.highlights.delete(NAME);
    return;
  }
  CSS.highlights.set(NAME, new Highlight(...places(root, wanted)));
}

function places(root: HTMLElement, wanted: string): Range[] {
  const found: Range[] = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text && found.length < MOST; text = texts.nextNode()) {
    if (!text.parentElement?.closest('.text')) continue;
    const said = (text.textContent ?? '').toLowerCase();
    for (let at = said.indexOf(wanted); at >= 0 && at + wanted.length <= (text.textContent ?? '').length;) {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + wanted.length);
      found.push(range);
      at = said.indexOf(wanted, at + wanted.length);
    }
  }
  return found;
}

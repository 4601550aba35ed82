// What a link in a message shows of where it leads. A message may call its links what it likes.

import type { Block } from '../bridge/generated/Block';
import type { Inline } from '../bridge/generated/Inline';

const SCHEMES = ['http:', 'https:', 'mailto:', 'juice:'];
/** Characters of an address that are shown behind a link's words. */
const LONGEST = 64;

/** The letters in a piece. */
export function flat(words: Inline[]): string {
  return words
    .map((piece) => {
      switch (piece.type) {
        case 'text':
        case 'code':
          return piece.text;
        case 'break':
          return '\n';
        case 'strong':
        case 'emphasis':
        case 'struck':
        case 'link':
          return flat(piece.words);
      }
    })
    .join('');
}

/** All letters of a message, without its looks, in one line. */
export function flatly(body: Block[]): string {
  const lines = body.map((block) => {
    switch (block.type) {
      case 'paragraph':
        return flat(block.words);
      case 'quote':
        return flatly(block.blocks);
      case 'code':
        return block.text;
      case 'list':
        return block.items.map(flatly).join(' · ');
    }
  });
  return lines.join(' ').replace(/\s+/gu, ' ').trim();
}

/** Whether it may be opened. The core makes no other links; this is asked all the same. */
export function openable(href: string): boolean {
  try {
    return SCHEMES.includes(new URL(href).protocol);
  } catch {
    return false;
  }
}

/** The address to show behind a link's words; none where the words are the address. The host is never cut off. */
export function addressBehind(href: string, words: string): string | null {
  const bare = (text: string): string => text.replace(/^(?:https?:\/\/|mailto:)/i, '').replace(/\/$/, '');
  if (words === href || bare(words) === bare(href)) return null;
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return href;
  }
  const shown = url.host === '' ? url.pathname : `${url.host}${url.pathname === '/' ? '' : url.pathname}`;
  return shown.length > LONGEST ? `${shown.slice(0, Math.max(LONGEST, url.host.length))}…` : shown;
}

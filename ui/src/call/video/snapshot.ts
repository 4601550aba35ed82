// Puts a picture of a call where it can be pasted from, as PNG in its own size.

import type { Picture } from '../../bridge/bridge';
import { asPng } from './plain';

/** Whether it is there. */
export async function copyPicture(picture: Picture): Promise<boolean> {
  try {
    // Some web views take the promise of a picture alone: what is made after the click's end they refuse.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': asPng(picture) })]);
    return true;
  } catch {
    return false;
  }
}

// Keeps a picture of a call, as PNG in its own size: where it can be pasted from, or in a file.

import type { Bridge, Picture } from '../../bridge/bridge';
import { asPng } from './plain';

/** Whether it is there to be pasted. */
export async function copyPicture(picture: Picture): Promise<boolean> {
  try {
    // Some web views take the promise of a picture alone: what is made after the click's end they refuse.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': asPng(picture) })]);
    return true;
  } catch {
    return false;
  }
}

/** In a file that the person chooses; `cancelled` where they thought better of it. */
export async function savePicture(
  bridge: Bridge,
  picture: Picture,
  of: string,
): Promise<'saved' | 'cancelled' | 'failed'> {
  try {
    return (await bridge.savePicture(await asPng(picture), of)) ? 'saved' : 'cancelled';
  } catch {
    return 'failed';
  }
}

// One switch for all sounds: the window makes the small ones, the engine rings.

import { preferences } from '../shared/preferences.svelte';
import type { Calls } from './call.svelte';

/** The engine rings, or doesn't, as this window makes sounds. */
export async function ringAsChosen(calls: Calls): Promise<void> {
  const { sounds } = preferences;
  await calls.lookForDevices();
  if (calls.devices && calls.devices.settings.sounds !== sounds) calls.setSound({ sounds });
}

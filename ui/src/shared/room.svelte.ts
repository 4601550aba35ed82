// How much room the window has: the one width at which list and conversation stop standing side by side.

import { MediaQuery } from 'svelte/reactivity';

const narrow = new MediaQuery('max-width: 719px');

export const room = {
  /** List and conversation take each other's place. */
  get narrow(): boolean {
    return narrow.current;
  },
};

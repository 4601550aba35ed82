// Starts the window: the large one, or with `?small` the small one of a call.

import '@fontsource-variable/inter/wght.css';
import './shared/tokens.css';
import './shared/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { openBridge } from './bridge/bridge';
import { Juice } from './juice.svelte';
import './shared/preferences.svelte';
import { words } from './shared/words';

document.documentElement.lang = words.tag;

const target = document.getElementById('app');
if (target) {
  if (new URLSearchParams(location.search).has('small')) {
    const [{ default: Page }, { Small }] = await Promise.all([
      import('./Small.svelte'),
      import('./small.svelte'),
    ]);
    const small = new Small(await openBridge('small'));
    mount(Page, { target, props: { small } });
    await small.start();
  } else {
    const juice = new Juice(await openBridge());
    mount(App, { target, props: { juice } });
    await juice.start();
  }
}

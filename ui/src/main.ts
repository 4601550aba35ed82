// Starts the window.

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
  const juice = new Juice(await openBridge());
  mount(App, { target, props: { juice } });
  await juice.start();
}

// The two things this window keeps for itself, in localStorage: how it looks and whether it makes sounds.

export type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly string[] = ['system', 'light', 'dark'];

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A profile without storage just forgets these two.
  }
}

class Preferences {
  #theme = $state<Theme>('system');
  #sounds = $state(true);
  #night = $state(false);

  constructor() {
    const theme = kept('theme');
    if (theme !== null && THEMES.includes(theme)) this.#theme = theme as Theme;
    this.#sounds = kept('sounds') !== 'off';
    const system = window.matchMedia?.('(prefers-color-scheme: dark)');
    this.#night = system?.matches ?? false;
    system?.addEventListener('change', (change) => {
      this.#night = change.matches;
      this.#show();
    });
    this.#show();
  }

  get theme(): Theme {
    return this.#theme;
  }

  set theme(theme: Theme) {
    this.#theme = theme;
    keep('theme', theme);
    this.#show();
  }

  get sounds(): boolean {
    return this.#sounds;
  }

  set sounds(on: boolean) {
    this.#sounds = on;
    keep('sounds', on ? 'on' : 'off');
  }

  #show(): void {
    const dark = this.#theme === 'dark' || (this.#theme === 'system' && this.#night);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  }
}

export const preferences = new Preferences();

// What this window keeps for itself, in localStorage: how it looks, whether it makes sounds, which emoji one likes, and how
// one looks at pictures of calls.

export type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly string[] = ['system', 'light', 'dark'];
/** Two rows of the picker. */
const RECENT = 18;

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
    // A profile without storage just forgets these.
  }
}

class Preferences {
  #theme = $state<Theme>('system');
  #sounds = $state(true);
  #night = $state(false);
  #tone = $state(0);
  #recent = $state.raw<string[]>([]);
  #corner = $state<string | null>(kept('corner'));
  #fill = $state<boolean | null>(null);
  #hasCalledWithVideo = $state(kept('video') !== null);

  constructor() {
    const theme = kept('theme');
    if (theme !== null && THEMES.includes(theme)) this.#theme = theme as Theme;
    this.#sounds = kept('sounds') !== 'off';
    this.#tone = Math.min(5, Math.max(0, Number(kept('tone') ?? 0) || 0));
    this.#recent = (kept('emoji') ?? '')
      .split(' ')
      .filter((emoji) => emoji !== '')
      .slice(0, RECENT);
    const fill = kept('fill');
    if (fill !== null) this.#fill = fill === 'on';
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

  /** The skin tone of hands and people: 0 for none, 1 (light) to 5 (dark). */
  get tone(): number {
    return this.#tone;
  }

  set tone(tone: number) {
    this.#tone = tone;
    keep('tone', String(tone));
  }

  /** What was chosen last, newest first, without skin tones. */
  get recentEmoji(): readonly string[] {
    return this.#recent;
  }

  usedEmoji(emoji: string): void {
    this.#recent = [emoji, ...this.#recent.filter((known) => known !== emoji)].slice(0, RECENT);
    keep('emoji', this.#recent.join(' '));
  }

  /** The corner of a call's pictures that my own is in; null where nobody has chosen. */
  get corner(): string | null {
    return this.#corner;
  }

  set corner(corner: string) {
    this.#corner = corner;
    keep('corner', corner);
  }

  /** Whether pictures of a call fill their frames; null where nobody has chosen. */
  get fill(): boolean | null {
    return this.#fill;
  }

  set fill(fill: boolean) {
    this.#fill = fill;
    keep('fill', fill ? 'on' : 'off');
  }

  /** Somebody knows how they are seen. */
  get hasCalledWithVideo(): boolean {
    return this.#hasCalledWithVideo;
  }

  set hasCalledWithVideo(has: true) {
    this.#hasCalledWithVideo = has;
    keep('video', 'on');
  }

  #show(): void {
    const dark = this.#theme === 'dark' || (this.#theme === 'system' && this.#night);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  }
}

export const preferences = new Preferences();

// What is being written to a buddy: its draft is kept, and they are told that it is being typed.

import type { Session } from '../session/session.svelte';
import { isTalk } from './commands';

/** How long after the last key a draft is kept, in ms. */
const DRAFT_AFTER = 500;
/** How long typing is believed without another key, in ms; it is told again half as often. */
const TYPING_FOR = 5000;

export class Composing {
  text = $state('');
  /** Kept while another text is in the field, to come back to. */
  #aside: string | null = null;
  #kept = '';
  #touched = false;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #typingTold = 0;
  #session: Session;
  #buddy: string;

  constructor(session: Session, buddy: string) {
    this.#session = session;
    this.#buddy = buddy;
  }

  /** The draft arrives with the first page; a person may have typed before that. True where it took its place. */
  begin(draft: string): boolean {
    if (this.#touched) return false;
    this.#touched = true;
    this.#kept = draft;
    if (this.text !== '') return false;
    this.text = draft;
    return true;
  }

  /** Something came back to be said again. */
  giveBack(text: string): void {
    if (this.#aside !== null) this.#aside = joined(text, this.#aside);
    else this.text = joined(text, this.text);
  }

  typed(): void {
    this.#touched = true;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.keep(), DRAFT_AFTER);
    // A command is not for the buddy.
    this.#tellTyping(isTalk(this.text));
  }

  /** Put another text into the field until `putBack`. */
  putAside(text: string): void {
    this.#aside ??= this.text;
    this.text = text;
  }

  putBack(): void {
    this.text = this.#aside ?? '';
    this.#aside = null;
    this.#tellTyping(false);
  }

  /** Keep what is written for the next time. */
  keep(): void {
    clearTimeout(this.#draftTimer);
    const draft = this.#aside ?? this.text;
    if (draft === this.#kept) return;
    this.#kept = draft;
    void this.#session.ask({ type: 'saveDraft', buddy: this.#buddy, text: draft });
  }

  /** It is on its way: the field is empty. Whether a draft of it is still kept. */
  sent(): boolean {
    clearTimeout(this.#draftTimer);
    this.#tellTyping(false);
    const drafted = this.#kept !== '';
    this.#kept = '';
    this.text = '';
    return drafted;
  }

  /** The draft of what was sent is needed no more. */
  forgetDraft(): void {
    if (this.text === '') void this.#session.ask({ type: 'saveDraft', buddy: this.#buddy, text: '' });
  }

  end(): void {
    this.#tellTyping(false);
    this.keep();
  }

  #tellTyping(active: boolean): void {
    clearTimeout(this.#typingTimer);
    if (active) {
      this.#typingTimer = setTimeout(() => this.#tellTyping(false), TYPING_FOR);
      if (Date.now() - this.#typingTold < TYPING_FOR / 2) return;
      this.#typingTold = Date.now();
    } else {
      if (this.#typingTold === 0) return;
      this.#typingTold = 0;
    }
    void this.#session.ask({ type: 'typing', buddy: this.#buddy, active });
  }
}

/** Both, one below the other, unless the one is in the other already. */
function joined(back: string, text: string): string {
  if (text.includes(back)) return text;
  return text === '' ? back : `${back}\n${text}`;
}

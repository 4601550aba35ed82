// What lies on the desk: which conversation is open, which dialog is up, which toasts are showing.
//
// One per window. It holds no facts about people, only where the person is looking.

import { createContext } from 'svelte';
import type { ChosenFile } from '../bridge/generated/ChosenFile';

export type AddWay = 'name' | 'link' | 'invite';

export type DialogState =
  | { kind: 'add'; way: AddWay; text: string }
  | { kind: 'rename' | 'remove' | 'block' | 'verify' | 'export' | 'forget' | 'firstVideo'; buddy: string }
  | { kind: 'password' | 'shortcuts' | 'about' | 'resume' | 'privacy' | 'backup' | 'sound' };

/** So many notices are shown; lasting ones beyond it wait their turn. */
const SHOWN = 2;

export interface Toast {
  id: number;
  text: string;
  /** Stays until dismissed. */
  lasting: boolean;
  /** What it is about: a later one about the same takes its place. */
  topic: string | null;
  action: { label: string; run: () => void } | null;
}

/** The topic of having asked somebody to be a buddy. */
export const asked = (name: string): string => `asked:${name.trim().toLowerCase()}`;

export class Desk {
  open = $state<string | null>(null);
  dialog = $state.raw<DialogState | null>(null);
  #toasts = $state.raw<Toast[]>([]);
  /** Counts up whenever the search field should take the focus. */
  searchCall = $state(0);
  /** Counts up whenever the open conversation should be searched. */
  findCall = $state(0);
  /** A message to be shown once its conversation is open. */
  target = $state.raw<{ buddy: string; message: string } | null>(null);
  /** Files are held over the window. */
  filesOver = $state(false);
  /** Files that were let go of over it, until a conversation takes them. */
  dropped = $state.raw<ChosenFile[]>([]);
  #next = 1;

  /** The notices before the eyes, the newest last. */
  get toasts(): Toast[] {
    return this.#toasts.slice(-SHOWN);
  }

  toast(text: string, more: Partial<Pick<Toast, 'lasting' | 'topic' | 'action'>> = {}): void {
    if (this.#toasts.some((known) => known.text === text)) return;
    const toast: Toast = { id: this.#next++, text, lasting: false, topic: null, action: null, ...more };
    const others = this.#toasts.filter((known) => known.topic === null || known.topic !== toast.topic);
    // What would go by itself gives way; what asks for a decision comes back when there is room.
    const crowded = others.length >= SHOWN;
    this.#toasts = [
      ...others.filter((known, n) => known.lasting || !crowded || n === others.length - 1),
      toast,
    ];
  }

  /** Something was not done: says why, and stays until it has been read. */
  trouble(text: string): void {
    this.toast(text, { lasting: true });
  }

  dismiss(id: number): void {
    this.#toasts = this.#toasts.filter((toast) => toast.id !== id);
  }

  add(way: AddWay, text = ''): void {
    this.dialog = { kind: 'add', way, text };
  }

  search(): void {
    this.searchCall += 1;
  }

  find(): void {
    this.findCall += 1;
  }

  /** Open a conversation at a message. */
  show(buddy: string, message: string): void {
    this.target = { buddy, message };
    this.open = buddy;
  }

  clear(): void {
    this.open = null;
    this.dialog = null;
    this.#toasts = [];
    this.target = null;
    this.dropped = [];
    this.filesOver = false;
  }
}

export const [useDesk, provideDesk] = createContext<Desk>();

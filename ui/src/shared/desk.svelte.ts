// What lies on the desk: which conversation is open, which dialog is up, which toasts are showing.
//
// One per window. It holds no facts about people, only where the person is looking.

import { createContext } from 'svelte';

export type AddWay = 'name' | 'link' | 'invite';

export type DialogState =
  | { kind: 'add'; way: AddWay; text: string }
  | { kind: 'rename' | 'remove' | 'block' | 'verify'; buddy: string }
  | { kind: 'password' | 'shortcuts' | 'about' | 'resume' };

export interface Toast {
  id: number;
  text: string;
  /** Stays until dismissed. */
  lasting: boolean;
  action: { label: string; run: () => void } | null;
}

export class Desk {
  open = $state<string | null>(null);
  dialog = $state.raw<DialogState | null>(null);
  toasts = $state.raw<Toast[]>([]);
  /** Counts up whenever the search field should take the focus. */
  searchCall = $state(0);
  #next = 1;

  toast(text: string, more: Partial<Pick<Toast, 'lasting' | 'action'>> = {}): void {
    if (this.toasts.some((known) => known.text === text)) return;
    const toast: Toast = { id: this.#next++, text, lasting: false, action: null, ...more };
    this.toasts = [...this.toasts.slice(-3), toast];
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  add(way: AddWay, text = ''): void {
    this.dialog = { kind: 'add', way, text };
  }

  search(): void {
    this.searchCall += 1;
  }

  clear(): void {
    this.open = null;
    this.dialog = null;
  }
}

export const [useDesk, provideDesk] = createContext<Desk>();

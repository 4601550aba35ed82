// The one door between the window and the engine, as an interface; `openBridge` picks who stands behind it.
//
// Nothing outside this folder knows whether that is the real app or the in-memory fake. The fake is loaded only
// where it is needed, so that the app's first paint does not wait for it.

import type { Command } from './generated/Command';
import type { CommandError } from './generated/CommandError';
import type { Event } from './generated/Event';
import type { HistoryPage } from './generated/HistoryPage';
import type { Reply } from './generated/Reply';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { Snapshot } from './generated/Snapshot';
import type { WindowNews } from './generated/WindowNews';

export interface Bridge {
  /** Rejects with a `CommandError`. */
  command(command: Command): Promise<Reply>;
  snapshot(): Promise<Snapshot>;
  /** `before` is `order:id` of the oldest known message, or null for the newest page. */
  history(buddy: string, before: string | null, limit: number): Promise<HistoryPage>;
  safetyNumber(buddy: string): Promise<SafetyNumberView>;
  openLink(url: string): Promise<void>;
  /** Which conversation is before the person's eyes, so that toasts about it stay away. */
  looking(buddy: string | null): Promise<void>;
  /** Whether this computer has a keyring that can keep the password. */
  keyring(): Promise<boolean>;
  /** Keep the password in it. Rejects with a `CommandError`. */
  remember(password: string): Promise<void>;
  /** Keep it no more. */
  forget(): Promise<void>;
  /** How the window is dressed: dark, light, or as the system says (null). */
  dress(dark: boolean | null): Promise<void>;
  /** Say goodbye to everybody and end JUICE. */
  quit(): Promise<void>;
  onEvent(hear: (event: Event) => void): Promise<() => void>;
  onWindowNews(hear: (news: WindowNews) => void): Promise<() => void>;
}

export async function openBridge(): Promise<Bridge> {
  if ('__TAURI_INTERNALS__' in window) {
    const { TauriBridge } = await import('./tauri');
    return new TauriBridge();
  }
  const { fakeFromAddress } = await import('./fake');
  return fakeFromAddress(new URL(location.href));
}

/** What was refused, whatever shape it came in. */
export function refusal(error: unknown): CommandError {
  if (typeof error === 'object' && error !== null && 'code' in error && 'message' in error) {
    return error as CommandError;
  }
  return { code: 'internal', message: String(error) };
}

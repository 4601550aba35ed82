// The one door between the window and the engine, as an interface; `openBridge` picks who stands behind it.
//
// Nothing outside this folder knows whether that is the real app or the in-memory fake. The fake is loaded only
// where it is needed, so that the app's first paint does not wait for it.

import type { ChosenFile } from './generated/ChosenFile';
import type { Command } from './generated/Command';
import type { CommandError } from './generated/CommandError';
import type { EditView } from './generated/EditView';
import type { Event } from './generated/Event';
import type { ExportFormat } from './generated/ExportFormat';
import type { HistoryPage } from './generated/HistoryPage';
import type { PageAt } from './generated/PageAt';
import type { Reply } from './generated/Reply';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { SearchPage } from './generated/SearchPage';
import type { SmallWish } from './generated/SmallWish';
import type { Snapshot } from './generated/Snapshot';
import type { SoundDevices } from './generated/SoundDevices';
import type { VideoDevices } from './generated/VideoDevices';
import type { WindowNews } from './generated/WindowNews';

/** A picture in a call, as I420: a plane of brightness, and two of colour with half the width and height. */
export interface Picture {
  /** When it was taken, in microseconds of the sender's clock. */
  captured: number;
  width: number;
  height: number;
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
}

export interface Bridge {
  /** Rejects with a `CommandError`. */
  command(command: Command): Promise<Reply>;
  snapshot(): Promise<Snapshot>;
  history(buddy: string, at: PageAt, limit: number): Promise<HistoryPage>;
  /** With one buddy or with all (null), newest first; `before` is `order:id` of the last hit known. */
  search(query: string, buddy: string | null, before: string | null, limit: number): Promise<SearchPage>;
  /** The texts a message has had, oldest first; the last is the one it has. */
  edits(buddy: string, message: string): Promise<EditView[]>;
  /** Asks where to, and writes it there; false where the person thought better of it. */
  exportConversation(buddy: string, format: ExportFormat): Promise<boolean>;
  /** Asks where to, and writes everything there, locked with this password; false as above. */
  backUp(password: string): Promise<boolean>;
  /** Asks for a backup and brings it back, where there is no account yet. False as above. */
  restore(password: string): Promise<boolean>;
  /** Asks which files to send; none where the person thought better of it. */
  pickFiles(): Promise<ChosenFile[]>;
  /** Makes a file of what was pasted. */
  pasteFile(bytes: Blob, name: string): Promise<ChosenFile[]>;
  /** A picture that is here, its longest side at most so many pixels. */
  pictureOf(buddy: string, message: string, side: number): Promise<Blob>;
  /** Opens a file in its own program; never a program. */
  openFile(buddy: string, message: string): Promise<void>;
  showInFolder(buddy: string, message: string): Promise<void>;
  safetyNumber(buddy: string): Promise<SafetyNumberView>;
  /** What there is to speak into and to hear with. */
  soundDevices(): Promise<SoundDevices>;
  /** Which cameras there are. */
  videoDevices(): Promise<VideoDevices>;
  /** The next picture of a person in a call (or of me, `'me'`) after the one taken at `after`; null where none comes within a second. */
  nextPicture(person: string, after: number | null): Promise<Picture | null>;
  /** What is to be seen now of a monitor or a window that can be shown, fitted into 16:9 of this width; null where it is gone. */
  screenPicture(screen: string, width: number): Promise<Picture | null>;
  /** Asks where to, and writes a picture of somebody there; false where the person thought better of it. */
  savePicture(png: Blob, of: string): Promise<boolean>;
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
  /** The small window of a call: to be opened, closed, moved. */
  small(wish: SmallWish): Promise<void>;
  /** Say goodbye to everybody and end JUICE. */
  quit(): Promise<void>;
  onEvent(hear: (event: Event) => void): Promise<() => void>;
  onWindowNews(hear: (news: WindowNews) => void): Promise<() => void>;
}

export async function openBridge(page: 'large' | 'small' = 'large'): Promise<Bridge> {
  if ('__TAURI_INTERNALS__' in window) {
    const { SmallTauriBridge, TauriBridge } = await import('./tauri');
    return page === 'small' ? new SmallTauriBridge() : new TauriBridge();
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

// The real bridge: Tauri commands and the two event channels, and nothing else.

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWebviewWindow } from '@tauri-apps/api/webviewWindow';
import type { Bridge, Picture } from './bridge';
import type { ChosenFile } from './generated/ChosenFile';
import type { Command } from './generated/Command';
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
import { parsePicture } from './picture';

export class TauriBridge implements Bridge {
  command(command: Command): Promise<Reply> {
    return invoke('command', { command });
  }

  snapshot(): Promise<Snapshot> {
    return invoke('snapshot');
  }

  history(buddy: string, at: PageAt, limit: number): Promise<HistoryPage> {
    return invoke('history', { buddy, at, limit });
  }

  search(query: string, buddy: string | null, before: string | null, limit: number): Promise<SearchPage> {
    return invoke('search', { query, buddy, before, limit });
  }

  edits(buddy: string, message: string): Promise<EditView[]> {
    return invoke('edits', { buddy, message });
  }

  exportConversation(buddy: string, format: ExportFormat): Promise<boolean> {
    return invoke('export_conversation', { buddy, format });
  }

  backUp(password: string): Promise<boolean> {
    return invoke('back_up', { password });
  }

  restore(password: string): Promise<boolean> {
    return invoke('restore', { password });
  }

  pickFiles(): Promise<ChosenFile[]> {
    return invoke('pick_files');
  }

  pasteFile(bytes: Blob, name: string): Promise<ChosenFile[]> {
    return send('paste_file', bytes, name);
  }

  async pictureOf(buddy: string, message: string, side: number): Promise<Blob> {
    return new Blob([await invoke<ArrayBuffer>('picture_of', { buddy, message, side })]);
  }

  openFile(buddy: string, message: string): Promise<void> {
    return invoke('open_file', { buddy, message });
  }

  showInFolder(buddy: string, message: string): Promise<void> {
    return invoke('show_in_folder', { buddy, message });
  }

  safetyNumber(buddy: string): Promise<SafetyNumberView> {
    return invoke('safety_number', { buddy });
  }

  soundDevices(): Promise<SoundDevices> {
    return invoke('sound_devices');
  }

  videoDevices(): Promise<VideoDevices> {
    return invoke('video_devices');
  }

  async nextPicture(person: string, after: number | null): Promise<Picture | null> {
    return parsePicture(await invoke<ArrayBuffer>('next_picture', { person, after }));
  }

  async screenPicture(screen: string, width: number): Promise<Picture | null> {
    return parsePicture(await invoke<ArrayBuffer>('screen_picture', { screen, width }));
  }

  savePicture(png: Blob, of: string): Promise<boolean> {
    return send('save_picture', png, of);
  }

  openLink(url: string): Promise<void> {
    return invoke('open_link', { url });
  }

  looking(buddy: string | null): Promise<void> {
    return invoke('looking', { buddy });
  }

  keyring(): Promise<boolean> {
    return invoke('keyring');
  }

  remember(password: string): Promise<void> {
    return invoke('remember', { password });
  }

  forget(): Promise<void> {
    return invoke('forget');
  }

  dress(dark: boolean | null): Promise<void> {
    return invoke('dress', { dark });
  }

  small(wish: SmallWish): Promise<void> {
    return invoke('small', { wish });
  }

  quit(): Promise<void> {
    return invoke('quit');
  }

  onEvent(hear: (event: Event) => void): Promise<() => void> {
    return listen<Event>('event', (message) => hear(message.payload), mine());
  }

  onWindowNews(hear: (news: WindowNews) => void): Promise<() => void> {
    return listen<WindowNews>('window', (message) => hear(message.payload), mine());
  }
}

/** In the small window, to which less is open. */
export class SmallTauriBridge extends TauriBridge {
  override command(command: Command): Promise<Reply> {
    return invoke('call_command', { command });
  }

  override snapshot(): Promise<Snapshot> {
    return invoke('call_snapshot');
  }
}

/** Bytes as they are, and a name for them. */
async function send<T>(command: string, bytes: Blob, name: string): Promise<T> {
  // Headers hold ASCII alone.
  const headers = { 'juice-name': encodeURIComponent(name) };
  return invoke<T>(command, new Uint8Array(await bytes.arrayBuffer()), { headers });
}

/** What is told to this window, and not to the other. */
const mine = (): { target: string } => ({ target: getCurrentWebviewWindow().label });

// The real bridge: Tauri commands and the two event channels, and nothing else.

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Bridge } from './bridge';
import type { Command } from './generated/Command';
import type { Event } from './generated/Event';
import type { HistoryPage } from './generated/HistoryPage';
import type { Reply } from './generated/Reply';
import type { SafetyNumberView } from './generated/SafetyNumberView';
import type { Snapshot } from './generated/Snapshot';
import type { WindowNews } from './generated/WindowNews';

export class TauriBridge implements Bridge {
  command(command: Command): Promise<Reply> {
    return invoke('command', { command });
  }

  snapshot(): Promise<Snapshot> {
    return invoke('snapshot');
  }

  history(buddy: string, before: string | null, limit: number): Promise<HistoryPage> {
    return invoke('history', { buddy, before, limit });
  }

  safetyNumber(buddy: string): Promise<SafetyNumberView> {
    return invoke('safety_number', { buddy });
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

  quit(): Promise<void> {
    return invoke('quit');
  }

  onEvent(hear: (event: Event) => void): Promise<() => void> {
    return listen<Event>('event', (message) => hear(message.payload));
  }

  onWindowNews(hear: (news: WindowNews) => void): Promise<() => void> {
    return listen<WindowNews>('window', (message) => hear(message.payload));
  }
}

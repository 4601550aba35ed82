// Sizes, speeds and what is left of a file, in the system's way; and which files are programs.

import type { FileView } from '../bridge/generated/FileView';
import { localeFor, words } from '../shared/words';

const locale = localeFor(navigator.language);
const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

const formats = UNITS.map(
  (unit) =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit,
      unitDisplay: unit === 'byte' ? 'long' : 'short',
      maximumSignificantDigits: 3,
    }),
);

/** What starts something when it is opened, on one system or another. The frame of the window has the same list. */
const PROGRAMS = new Set(
  (
    'exe msi msix bat cmd com scr pif cpl ps1 psm1 vbs vbe js jse mjs ws wsf wsh hta msc reg lnk inf dll jar jnlp ' +
    'sh bash zsh fish csh ksh run bin appimage desktop deb rpm flatpakref snap apk app command dmg pkg mpkg scpt ' +
    'workflow action terminal url webloc py pyw pl rb php lua xpi crx iso img vhd'
  ).split(' '),
);

export function size(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return formats[step]?.format(bytes / 1000 ** step) ?? String(bytes);
}

/** The end of the name from its last dot; empty for none. */
export function ending(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 && name.length - dot <= 12 ? name.slice(dot) : '';
}

export const isProgram = (name: string): boolean => PROGRAMS.has(ending(name).slice(1).toLowerCase());

/** How much is there, from 0 to 1. */
export const share = (file: FileView): number => (file.size > 0 ? Math.min(1, file.done / file.size) : 1);

/** "3 of 18 MB", "11 MB/s", "2 minutes left": what is known while it is not whole. */
export function progress(file: FileView): string[] {
  const parts = [file.done > 0 ? words.sizeOf(size(file.done), size(file.size)) : size(file.size)];
  if (file.stage.type !== 'moving' || file.speed === null || file.speed <= 0) return parts;
  const seconds = Math.ceil((file.size - file.done) / file.speed);
  return [...parts, words.perSecond(size(file.speed)), left(seconds)];
}

function left(seconds: number): string {
  if (seconds < 60) return words.secondsLeft(Math.max(1, seconds));
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? words.minutesLeft(minutes) : words.hoursLeft(Math.round(minutes / 60));
}

/** What a file is doing, and why it waits. */
export function situation(file: FileView, mine: boolean, online: boolean, name: string): string {
  switch (file.stage.type) {
    case 'offered':
      if (!mine) return online ? '' : words.fileComesWhen(name);
      return online ? words.fileUntaken(name) : words.fileWaitsFor(name);
    case 'waiting':
      return online ? words.fileSoon : words.fileWaitsFor(name);
    case 'moving':
      return '';
    case 'paused':
      return words.filePaused;
    case 'done':
      return mine ? words.fileThere(name) : '';
    case 'cancelled':
      return words.fileCancelled;
    case 'failed':
      return words.fileTroubles[file.stage.why](mine ? words.yourself : name);
  }
}

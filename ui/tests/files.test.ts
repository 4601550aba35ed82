import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { idFor } from '../src/bridge/fake/cast';
import { fileOf } from '../src/bridge/fake/files';
import { ending, isProgram, progress, share, situation, size } from '../src/files/measures';
import { expectAccessible, openConversation, openWindow, type OpenWindow } from './window';

const photo = {
  id: 'chosen:1',
  name: 'photo.jpg',
  size: 2_400_000,
  thumbnail: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=',
};
const notes = { id: 'chosen:2', name: 'notes.txt', size: 120, thumbnail: '' };

const rowOf = (name: string): HTMLElement => {
  const found = screen.getAllByTestId('file').find((row) => row.textContent?.includes(name));
  if (!found) throw new Error(`no row for ${name}`);
  return found;
};

async function rich(): Promise<OpenWindow> {
  const window = await openWindow('rich');
  await openConversation(window, 'mira');
  return window;
}

describe('measures', () => {
  test('sizes are in the units people know', () => {
    expect(size(0)).toBe('0 bytes');
    expect(size(999)).toBe('999 bytes');
    expect(size(18_400_000)).toBe('18.4 MB');
    expect(size(1_500_000_000)).toBe('1.5 GB');
  });

  test('a moving file says how far, how fast and how long', () => {
    const file = fileOf('a.mp4', 100_000_000, { type: 'moving' }, { done: 40_000_000, speed: 1_000_000 });
    expect(progress(file)).toEqual(['40 MB of 100 MB', '1 MB/s', '1 minute left']);
    expect(share(file)).toBe(0.4);
    expect(share(fileOf('empty', 0, { type: 'done' }))).toBe(1);
  });

  test('why it waits is said with the name', () => {
    const file = fileOf('a.mp4', 1, { type: 'waiting' });
    expect(situation(file, true, false, 'Bob')).toBe('waits until Bob is online');
    expect(situation(file, true, true, 'Bob')).toBe('goes on in a moment');
  });

  test('what starts something is told from what is only looked at', () => {
    expect(['a.exe', 'A.SCR', 'x.desktop', 'photo.jpg.exe', 'run.sh', 'a.ps1'].every(isProgram)).toBe(true);
    expect(['a.pdf', 'photo.jpg', 'README', '.profile', 'film.mp4'].some(isProgram)).toBe(false);
    expect(ending('photo.jpg.exe')).toBe('.exe');
  });
});

describe('sending', () => {
  test('what is dropped goes out from a sheet, with words to the first', async () => {
    const window = await rich();
    window.bridge.files.willPick = [photo, notes];
    await window.bridge.pickFiles();
    window.bridge.tellWindow({ type: 'filesOver', over: true });
    expect((await screen.findByTestId('drop-veil')).textContent).toContain('Mira Okonkwo');
    window.bridge.tellWindow({ type: 'filesDropped', files: [photo, notes] });
    await screen.findByTestId('chosen-files');
    expect(screen.queryByTestId('drop-veil')).toBeNull();
    await expectAccessible();
    await window.user.type(screen.getByTestId('caption'), 'from today{Enter}');
    await waitFor(() => expect(rowOf('notes.txt')).toBeTruthy());
    expect(window.bridge.given.filter((command) => command.type === 'sendFile')).toEqual([
      { type: 'sendFile', buddy: idFor('mira'), path: 'chosen:1', caption: 'from today' },
      { type: 'sendFile', buddy: idFor('mira'), path: 'chosen:2', caption: '' },
    ]);
  });

  test('what is picked can be left out again', async () => {
    const window = await rich();
    window.bridge.files.willPick = [photo, notes];
    await window.user.click(screen.getByTestId('attach'));
    await screen.findByTestId('chosen-files');
    await window.user.click(screen.getByLabelText('Leave out: photo.jpg'));
    await window.user.click(screen.getByTestId('send-files'));
    await waitFor(() => {
      const sent = window.bridge.given.filter((command) => command.type === 'sendFile');
      expect(sent).toMatchObject([{ path: 'chosen:2' }]);
    });
  });

  test('a pasted picture opens the sheet, pasted text does not', async () => {
    const window = await rich();
    screen.getByTestId('composer').focus();
    const file = new File(['x'], 'image.png', { type: 'image/png' });
    const data = (types: string[], files: File[]) => ({ types, files, getData: () => 'words' }) as never;
    await window.user.paste(data(['text/plain', 'Files'], [file]));
    expect(screen.queryByTestId('chosen-files')).toBeNull();
    await window.user.paste(data(['Files'], [file]));
    expect((await screen.findByTestId('chosen-files')).textContent).toContain('image.png');
  });

  test('what is too large to be pasted is told how else it goes', async () => {
    await rich();
    const file = new File(['x'], 'film.mp4');
    Object.defineProperty(file, 'size', { value: 65 * 1024 * 1024 });
    const event = new Event('paste', { bubbles: true, cancelable: true });
    Object.assign(event, { clipboardData: { types: ['Files'], files: [file] } });
    screen.getByTestId('composer').dispatchEvent(event);
    expect((await screen.findByTestId('toast')).textContent).toContain('Drop the file here');
    expect(screen.queryByTestId('chosen-files')).toBeNull();
  });

  test('what can’t be sent is said with its name', async () => {
    const window = await rich();
    window.bridge.tellWindow({ type: 'filesDropped', files: [{ ...notes, id: 'chosen:99' }] });
    await screen.findByTestId('chosen-files');
    await window.user.click(screen.getByTestId('send-files'));
    expect((await screen.findByTestId('toast')).textContent).toContain('«notes.txt» was not sent');
  });

  test('dropped beside a conversation nothing goes out', async () => {
    const window = await openWindow('rich');
    window.bridge.tellWindow({ type: 'filesDropped', files: [notes] });
    expect((await screen.findByTestId('toast')).textContent).toContain('Open a conversation first');
    await openConversation(window, 'mira');
    expect(screen.queryByTestId('chosen-files')).toBeNull();
  });

  test('while a file is read it says how far', async () => {
    const window = await rich();
    const about = { buddy: idFor('mira'), name: 'film.mp4', size: 200 };
    window.bridge.tell({ type: 'filePreparing', ...about, done: 50, ready: false });
    expect((await screen.findByTestId('preparing')).textContent).toContain('Reading film.mp4: 25 %');
    window.bridge.tell({ type: 'filePreparing', ...about, done: 200, ready: true });
    await waitFor(() => expect(screen.queryByTestId('preparing')).toBeNull());
  });
});

describe('a file in a conversation', () => {
  test('is fetched, held and given up', async () => {
    const window = await rich();
    const row = () => within(rowOf('recipes'));
    await window.user.click(row().getByTestId('file-fetch'));
    await waitFor(() => expect(rowOf('recipes').dataset['stage']).toBe('moving'));
    await window.user.click(row().getByTestId('file-pause'));
    await waitFor(() => expect(row().getByTestId('file-state').textContent).toContain('paused'));
    await window.user.click(row().getByTestId('file-fetch'));
    await window.user.click(row().getByTestId('file-cancel'));
    await waitFor(() => expect(rowOf('recipes').dataset['stage']).toBe('cancelled'));
  });

  test('waits until the buddy is online, and says so', async () => {
    const window = await rich();
    window.bridge.change(idFor('mira'), { state: 'offline', route: null });
    await waitFor(() =>
      expect(within(rowOf('songs')).getByTestId('file-state').textContent).toContain(
        'waits until Mira Okonkwo is online',
      ),
    );
  });

  test('a program is never opened, only shown, and warned of', async () => {
    const window = await rich();
    expect(rowOf('peeler-2').textContent).toContain('This is a program');
    expect(within(rowOf('peeler-2')).queryByTestId('file-open')).toBeNull();
    await window.user.click(within(rowOf('peeler-2')).getByTestId('file-show'));
    expect(window.bridge.opened).toEqual(['folder peeler-2.exe']);
  });

  test('why it can’t be had is said', async () => {
    await rich();
    expect(within(rowOf('notes')).getByTestId('file-state').textContent).toContain('isn’t where it was');
  });
});

describe('pictures', () => {
  test('stand in the room they will take before they are here', async () => {
    await rich();
    const frame = screen.getAllByTestId('picture')[0];
    expect(frame?.style.aspectRatio).toBe('400 / 267');
    await waitFor(() => expect(frame?.dataset['loaded']).toBe('true'));
  });

  test('open in full, go closer, on and back, and close by keyboard', async () => {
    const window = await rich();
    await window.user.click(screen.getAllByTestId('picture')[0] as HTMLElement);
    expect(screen.getByTestId('viewer').getAttribute('aria-label')).toBe('stall at noon.jpg');
    const picture = await screen.findByTestId('viewer-picture');
    await expectAccessible();
    await window.user.keyboard('+');
    await waitFor(() => expect(picture.style.transform).toContain('scale(1.4)'));
    await window.user.keyboard('0');
    await waitFor(() => expect(picture.style.transform).toContain('scale(1)'));
    await window.user.keyboard('{ArrowRight}');
    await waitFor(() => expect(screen.getByTestId('viewer').getAttribute('aria-label')).toBe('tall one.png'));
    await window.user.click(screen.getByTestId('viewer-show'));
    expect(window.bridge.opened).toEqual(['folder tall one.png']);
    await window.user.keyboard('{Escape}');
    await waitFor(() => expect(screen.queryByTestId('viewer')).toBeNull());
    expect(screen.getByTestId('conversation')).toBeTruthy();
  });
});

import { clearMocks, mockIPC, mockWindows } from '@tauri-apps/api/mocks';
import { afterEach, expect, test } from 'vitest';
import { openBridge, refusal } from '../src/bridge/bridge';
import { FakeBridge } from '../src/bridge/fake';
import { TauriBridge } from '../src/bridge/tauri';

afterEach(() => {
  clearMocks();
  Reflect.deleteProperty(window, '__TAURI_INTERNALS__');
});

test('in a plain browser the fake answers', async () => {
  expect(await openBridge()).toBeInstanceOf(FakeBridge);
});

test('in the app every question goes out under its agreed name', async () => {
  const asked: [string, unknown][] = [];
  mockIPC((name, given) => {
    asked.push([name, given]);
  });
  const bridge = await openBridge();
  expect(bridge).toBeInstanceOf(TauriBridge);
  await bridge.command({ type: 'signOut' });
  await bridge.snapshot();
  await bridge.history('b', { type: 'before', place: '00:1' }, 50);
  await bridge.search('q', null, '00:1', 30);
  await bridge.edits('b', 'm');
  await bridge.exportConversation('b', 'html');
  await bridge.backUp('four orange words');
  await bridge.restore('four orange words');
  await bridge.pickFiles();
  await bridge.pasteFile(new Blob(['abc']), 'Büro.png');
  await bridge.pictureOf('b', 'm', 800);
  await bridge.openFile('b', 'm');
  await bridge.showInFolder('b', 'm');
  await bridge.safetyNumber('b');
  await bridge.soundDevices();
  await bridge.openLink('https://a.example');
  await bridge.looking(null);
  await bridge.keyring();
  await bridge.remember('four orange words');
  await bridge.forget();
  await bridge.dress(true);
  await bridge.small('open');
  await bridge.quit();
  expect(asked).toEqual([
    ['command', { command: { type: 'signOut' } }],
    ['snapshot', {}],
    ['history', { buddy: 'b', at: { type: 'before', place: '00:1' }, limit: 50 }],
    ['search', { query: 'q', buddy: null, before: '00:1', limit: 30 }],
    ['edits', { buddy: 'b', message: 'm' }],
    ['export_conversation', { buddy: 'b', format: 'html' }],
    ['back_up', { password: 'four orange words' }],
    ['restore', { password: 'four orange words' }],
    ['pick_files', {}],
    ['paste_file', new Uint8Array([97, 98, 99])],
    ['picture_of', { buddy: 'b', message: 'm', side: 800 }],
    ['open_file', { buddy: 'b', message: 'm' }],
    ['show_in_folder', { buddy: 'b', message: 'm' }],
    ['safety_number', { buddy: 'b' }],
    ['sound_devices', {}],
    ['open_link', { url: 'https://a.example' }],
    ['looking', { buddy: null }],
    ['keyring', {}],
    ['remember', { password: 'four orange words' }],
    ['forget', {}],
    ['dress', { dark: true }],
    ['small', { wish: 'open' }],
    ['quit', {}],
  ]);
});

test('the small window asks less, by names of its own', async () => {
  const asked: [string, unknown][] = [];
  mockIPC((name, given) => {
    asked.push([name, given]);
  });
  const bridge = await openBridge('small');
  await bridge.snapshot();
  await bridge.command({ type: 'mute', on: true });
  expect(asked).toEqual([
    ['call_snapshot', {}],
    ['call_command', { command: { type: 'mute', on: true } }],
  ]);
});

test.each(['main', 'small'])('in the app events and news that are for %s are listened for', async (label) => {
  const heard: unknown[] = [];
  mockIPC((name, given) => {
    if (name !== 'plugin:event|listen') return;
    const { event, target } = given as { event: string; target: { label: string } };
    heard.push([event, target.label]);
  });
  mockWindows(label);
  const bridge = await openBridge();
  await bridge.onEvent(() => undefined);
  await bridge.onWindowNews(() => undefined);
  expect(heard).toEqual([
    ['event', label],
    ['window', label],
  ]);
});

test('a refusal without a code is a defect, not a crash', () => {
  expect(refusal('boom')).toEqual({ code: 'internal', message: 'boom' });
  expect(refusal({ code: 'nameTaken', message: 'x' }).code).toBe('nameTaken');
});

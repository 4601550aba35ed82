import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
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
  await bridge.history('b', '00:1', 50);
  await bridge.safetyNumber('b');
  await bridge.openLink('https://a.example');
  await bridge.looking(null);
  await bridge.keyring();
  await bridge.remember('four orange words');
  await bridge.forget();
  await bridge.dress(true);
  await bridge.quit();
  expect(asked).toEqual([
    ['command', { command: { type: 'signOut' } }],
    ['snapshot', {}],
    ['history', { buddy: 'b', before: '00:1', limit: 50 }],
    ['safety_number', { buddy: 'b' }],
    ['open_link', { url: 'https://a.example' }],
    ['looking', { buddy: null }],
    ['keyring', {}],
    ['remember', { password: 'four orange words' }],
    ['forget', {}],
    ['dress', { dark: true }],
    ['quit', {}],
  ]);
});

test('in the app events and window news are listened for', async () => {
  const heard: unknown[] = [];
  mockIPC((name, given) => {
    if (name === 'plugin:event|listen') heard.push((given as { event: string }).event);
  });
  const bridge = await openBridge();
  await bridge.onEvent(() => undefined);
  await bridge.onWindowNews(() => undefined);
  expect(heard).toEqual(['event', 'window']);
});

test('a refusal without a code is a defect, not a crash', () => {
  expect(refusal('boom')).toEqual({ code: 'internal', message: 'boom' });
  expect(refusal({ code: 'nameTaken', message: 'x' }).code).toBe('nameTaken');
});

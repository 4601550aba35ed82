// Builds the window's page, serves it in a browser with the in-memory fake, and runs the tests.

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { emojiTables } from './emoji.ts';

// The same policy as the app's window, so that a breach shows in the browser first.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  'connect-src ipc: http://ipc.localhost',
].join('; ');

export default defineConfig({
  base: './',
  plugins: [svelte(), svelteTesting(), emojiTables()],
  build: { target: ['es2022', 'safari16'], outDir: 'dist', emptyOutDir: true },
  server: { port: 1420, strictPort: true },
  preview: { port: 1421, strictPort: true, headers: { 'Content-Security-Policy': policy } },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    // The accessibility rules take seconds on a busy machine, and nothing else here waits for a clock.
    testTimeout: 30_000,
  },
});

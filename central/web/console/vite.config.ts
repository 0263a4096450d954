import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { finish } from './build/finish.ts';
import { unused } from './build/unused.ts';

export default defineConfig({
  plugins: [react(), unused(), finish()],
  // The server writes each page's own nonce here; its policy takes no other style.
  html: { cspNonce: 'LOA-NONCE' },
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: 'dist',
    manifest: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the Content-Security-Policy takes no data: but for images
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000, // build/finish.ts judges sizes
    modulePreload: { polyfill: false },
    // rrule's default export is asked for only where there is one.
    rolldownOptions: { checks: { importIsUndefined: false } },
  },
  // `npm run dev` beside a server that runs: LOA=http://127.0.0.1:PORT npm run dev
  server: { proxy: { '/api': { target: process.env.LOA ?? 'http://127.0.0.1:8080', changeOrigin: true } } },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/test/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}', 'build/*.test.ts'],
    restoreMocks: true,
    // A busy machine is slow; nothing here waits by a clock.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

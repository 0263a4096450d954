import { defineConfig } from '@playwright/test';
import stories from './playwright.config';

// What a person waits for, measured in the same browser as the stories are told
// in: see scripts/bench.
export default defineConfig(stories, {
  testMatch: '*.bench.ts',
  globalSetup: './e2e/clone.ts',
  timeout: 600_000,
  reporter: [['dot']],
});

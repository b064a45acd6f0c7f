import { defineConfig } from '@playwright/test';
import { browserFlags, chromiumPath } from './e2e/support/browser.ts';

export default defineConfig<object, { shell: 'double' | 'electron' }>({
  testDir: 'e2e',
  outputDir: '../test-results',
  forbidOnly: true,
  retries: 0,
  workers: 1, // Two cores: a browser beside a practice system of seven processes would make every wait a gamble.
  timeout: 60_000,
  reporter: [['list'], ['./e2e/support/tally.ts']],
  use: {
    launchOptions: { executablePath: chromiumPath(), args: browserFlags },
    viewport: { width: 1280, height: 800 },
  },
  projects: [
    { name: 'web', testMatch: '*.web.spec.ts' },
    { name: 'desktop-double', testMatch: '*.desktop.spec.ts', use: { shell: 'double' } },
    { name: 'desktop-electron', testMatch: '*.desktop.spec.ts', use: { shell: 'electron' } },
  ],
});

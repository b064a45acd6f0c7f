/** The browser that tests drive: the one that CHROMIUM names, or the system's. */
import { existsSync } from 'node:fs';

const known = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const findChromium = (): string | undefined => process.env['CHROMIUM'] ?? known.find((file) => existsSync(file));

/** For Playwright, whose sentence about a missing file is clear enough. */
export const chromiumPath = (): string => findChromium() ?? known[0]!;

/** Without a sandbox, because CI runs as root; without what calls home. */
export const browserFlags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** From the start of the process to the first painted Overview, warm, as a person waits for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { browserFlags, chromiumPath } from '../e2e/support/browser.ts';
import { serve } from '../e2e/support/serve.ts';
import type { BenchRow } from './row.ts';

const runs = 7;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

export async function benchStart(): Promise<readonly BenchRow[]> {
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: browserFlags });
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const listening: number[] = [];
  const painted: number[] = [];
  // The first run fills the data folder and the caches.
  for (let run = 0; run <= runs; run++) {
    const startedMs = performance.now();
    const host = await serve({ dataDir });
    const upMs = performance.now() - startedMs;
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(host.url, { waitUntil: 'commit' });
    // A value of the engine is on the screen, and the frame that shows it has been drawn.
    await page.getByText('Are users affected?').waitFor();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const paintedMs = performance.now() - startedMs;
    await page.close();
    await host.stop();
    if (run === 0) continue;
    listening.push(upMs);
    painted.push(paintedMs);
  }
  await browser.close();
  rmSync(dataDir, { recursive: true, force: true });
  return [
    { name: 'process start to engine up', value: median(listening), unit: 'ms' },
    { name: 'process start to first painted Overview', value: median(painted), unit: 'ms', goal: '< 1000' },
  ];
}

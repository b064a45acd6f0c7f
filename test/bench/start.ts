/** From the start of the process to the first painted Overview, warm, as a person waits for it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { browserFlags, chromiumPath } from '../e2e/support/browser.ts';
import type { BenchRow } from './row.ts';

const runs = 7;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const cli = join(import.meta.dirname, '../../out/main/cli.js');

/** The address that the process prints for a person, as soon as it does. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    child.stdout!.on('data', (part) => {
      const found = /http:\S+/.exec(String(part));
      if (found !== null) done(found[0]);
    });
    child.once('exit', (code) => fail(new Error(`serve ended with exit code ${code}`)));
  });
}

export async function benchStart(): Promise<readonly BenchRow[]> {
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: browserFlags });
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const listening: number[] = [];
  const painted: number[] = [];
  // The first run fills the data folder and the caches.
  for (let run = 0; run <= runs; run++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const startedMs = performance.now();
    const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--no-open', '--data', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await addressOf(child);
    const listeningMs = performance.now() - startedMs;
    await page.goto(url, { waitUntil: 'commit' });
    // A value of the engine is on the screen, and the frame that shows it has been drawn.
    await page.getByText('Are users affected?').waitFor();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const paintedMs = performance.now() - startedMs;
    await page.close();
    child.kill('SIGTERM');
    await new Promise((done) => child.once('exit', done));
    if (run === 0) continue;
    listening.push(listeningMs);
    painted.push(paintedMs);
  }
  await browser.close();
  rmSync(dataDir, { recursive: true, force: true });
  return [
    { name: 'process start to listening', value: median(listening), unit: 'ms' },
    { name: 'process start to first painted Overview', value: median(painted), unit: 'ms', goal: '< 1000' },
  ];
}

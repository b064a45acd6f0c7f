/**
 * Log lines on the screen over a store of a million lines, `--long` for ten million: first paint, scrolling over pages that are loaded on the
 * way, and a search, in a real browser. Tasks are counted by the browser's own performance API, and by the processor time of their thread,
 * which does not grow when others use the machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { measureLogs, measureSearch, type LogFigures } from '../renderer/support/log-paint.ts';
import { LoggedEngine } from '../renderer/support/logged-engine.ts';
import { buildScreen, hostScreen } from '../renderer/support/screen-host.ts';
import { busyTasks } from './busy-tasks.ts';
import type { BenchOptions, BenchRow } from './row.ts';

const link = '#/explore/logs?from=all';
const searches = ['item:4999', 'payment', '"slow query"'];

export async function benchLogscreen({ long }: BenchOptions): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags] });
  const engine = new LoggedEngine(join(folder, 'data'));
  try {
    await buildScreen(join(folder, 'screen'));
    await engine.fill(long ? 10_000_000 : 1_000_000);
    const host = await hostScreen(join(folder, 'screen'), engine);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    // The views' code is loaded once, and the engine's is warm.
    await page.goto(host.url);
    await measureLogs(page, link);
    await page.evaluate(() => (location.hash = '#/explore'));
    await page.getByText('Ask the metrics').waitFor();
    const rows = await benchPage(browser, page, long ? '10 M lines' : '1 M lines');
    await page.close();
    await host.close();
    return rows;
  } finally {
    await browser.close();
    await engine.logs.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchPage(browser: Browser, page: Page, what: string): Promise<BenchRow[]> {
  const { result, busyTasksMs } = await busyTasks(browser, () => measureLogs(page, link));
  const rows = [...rowsOf(what, result, busyTasksMs)];
  for (const words of searches) {
    const { result: searchMs, busyTasksMs: busyMs } = await busyTasks(browser, () => measureSearch(page, words));
    rows.push({
      name: `${what}, search for ${words}, from Enter to its lines (tasks of > 50 ms processor time: ${busyMs.join(', ') || 'none'})`,
      value: searchMs,
      unit: 'ms',
      goal: '< 300',
    });
  }
  return rows;
}

function rowsOf(what: string, figures: LogFigures, busyTasksMs: readonly number[]): BenchRow[] {
  const opening = figures.openingTasksMs.join(', ') || 'none';
  return [
    { name: `${what}, first paint (tasks > 50 ms: ${opening})`, value: figures.firstPaintMs, unit: 'ms', goal: '< 300' },
    {
      name: `${what}, tasks > 50 ms in ${figures.scrollFrames} frames of scrolling over ${figures.loadedLines} lines`,
      value: figures.scrollTasksMs.length,
      unit: 'tasks',
      goal: '0',
    },
    {
      name: `${what}, tasks of > 50 ms processor time, opening and scrolling (${busyTasksMs.join(', ') || 'none'} ms)`,
      value: busyTasksMs.length,
      unit: 'tasks',
      goal: '0',
    },
  ];
}

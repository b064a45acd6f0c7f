/**
 * Large traces on the screen: first paint and scrolling in a real browser, tasks counted by its own performance API. On a machine that others
 * use too a task also lasts while it waits for a processor, so tasks are counted by the processor time of their thread as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from '@playwright/test';
import type { Span } from '#core/model/index.ts';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { buildScreen, hostScreen } from '../renderer/support/screen-host.ts';
import { measurePaint, type PaintFigures } from '../renderer/support/trace-paint.ts';
import { TracedEngine } from '../renderer/support/traced-engine.ts';
import { busyTasks } from './busy-tasks.ts';
import type { BenchRow } from './row.ts';
import { SpanMaker } from './span-data.ts';

/** Spans, and the goal for their first paint in ms. */
const sizes = [
  [10_000, 500],
  [100_000, 2_000],
  [250_000, 4_000],
] as const;

export async function benchWaterfall(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags] });
  try {
    await buildScreen(join(folder, 'screen'));
    return await benchSizes(folder, browser);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchSizes(folder: string, browser: Browser): Promise<BenchRow[]> {
  const made: Span[][] = sizes.map(([count]) => new SpanMaker(count).trace(count, count, 0));
  const engine = new TracedEngine(join(folder, 'data'), made);
  await engine.traces.flush();
  const host = await hostScreen(join(folder, 'screen'), engine);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const rows: BenchRow[] = [];
  // The views' code is loaded once, and the engine's is warm.
  await page.goto(host.url);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  await measurePaint(page, `#/explore/traces/${made[0]![0]!.traceId}`);
  for (const [i, [count, goalMs]] of sizes.entries()) {
    await page.evaluate(() => (location.hash = '#/explore'));
    await page.getByText('Ask the metrics').waitFor();
    const link = `#/explore/traces/${made[i]![0]!.traceId}`;
    const { result: figures, busyTasksMs } = await busyTasks(browser, () => measurePaint(page, link));
    rows.push(...rowsOf(`${count.toLocaleString('en')} spans`, goalMs, figures, busyTasksMs));
  }
  await page.close();
  await host.close();
  await engine.traces.close();
  return rows;
}

function rowsOf(what: string, goalMs: number, figures: PaintFigures, busyTasksMs: readonly number[]): BenchRow[] {
  return [
    {
      name: `${what}, first paint (tasks > 50 ms: ${figures.openingTasksMs.join(', ') || 'none'})`,
      value: figures.firstPaintMs,
      unit: 'ms',
      goal: `< ${goalMs}`,
    },
    {
      name: `${what}, tasks > 50 ms in ${figures.scrollFrames} frames of scrolling`,
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

/**
 * Large traces on the screen: first paint and scrolling in a real browser, tasks counted by its own performance API. On a machine that others
 * use too a task also lasts while it waits for a processor, so tasks are counted by the processor time of their thread as well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import type { Span } from '#core/model/index.ts';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { buildScreen, hostScreen } from '../renderer/support/screen-host.ts';
import { measurePaint, type PaintFigures } from '../renderer/support/trace-paint.ts';
import { TracedEngine } from '../renderer/support/traced-engine.ts';
import type { BenchRow } from './row.ts';
import { SpanMaker } from './span-data.ts';

/** Spans, and the goal for their first paint in ms. */
const sizes = [
  [10_000, 500],
  [100_000, 2_000],
  [250_000, 4_000],
] as const;
const longMs = 50;

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
    const { figures, busyTasksMs } = await traced(browser, page, `#/explore/traces/${made[i]![0]!.traceId}`);
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

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Paints and scrolls under the browser's tracing, which knows the processor time of every task of the page's thread. */
async function traced(browser: Browser, page: Page, link: string): Promise<{ figures: PaintFigures; busyTasksMs: number[] }> {
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Tracing.start', { traceConfig: { includedCategories: ['toplevel'] }, transferMode: 'ReportEvents' });
  const figures = await measurePaint(page, link);
  const ended = new Promise((done) => session.once('Tracing.tracingComplete', done));
  await session.send('Tracing.end');
  await ended;
  await session.detach();
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const pages = new Set(events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(threadOf));
  const tasks = events.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && pages.has(threadOf(event)));
  return { figures, busyTasksMs: tasks.map(({ tdur = 0 }) => Math.round(tdur / 1000)).filter((ms) => ms > longMs) };
}

/** The log explorer in a real browser, over a real store of 100,000 lines: it scrolls over many pages, and finds what is asked for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect as expectWith, type Browser, type Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { measureLogs, measureSearch } from './support/log-paint.ts';
import { LoggedEngine } from './support/logged-engine.ts';
import { buildScreen, hostScreen, type ScreenHost } from './support/screen-host.ts';

/** Generous, since the machine may be busy; what holds is seen at once. */
const expectPage = expectWith.configure({ timeout: 20_000 });
const folder = mkdtempSync(join(tmpdir(), 'signalbox-logs-'));
let browser: Browser;
let engine: LoggedEngine;
let host: ScreenHost;
let page: Page;
const complaints: string[] = [];

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

beforeAll(async () => {
  engine = new LoggedEngine(join(folder, 'data'));
  await engine.fill(100_000);
  await buildScreen(join(folder, 'screen'));
  host = await hostScreen(join(folder, 'screen'), engine);
  browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags] });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(host.url);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
});

afterAll(async () => {
  await browser?.close();
  await host?.close();
  await engine?.logs.close();
  rmSync(folder, { recursive: true, force: true });
});

test('scrolling down loads page after page, and every line stays where it was', async () => {
  const figures = await measureLogs(page, '#/explore/logs?from=all');
  process.stdout.write(
    `100,000 lines: first paint ${Math.round(figures.firstPaintMs)} ms, tasks over 50 ms: ${figures.openingTasksMs.length} before it, ${figures.scrollTasksMs.length} while scrolling over ${figures.loadedLines} lines\n`,
  );
  expect(figures.loadedLines).toBeGreaterThan(1000);
  await expectPage(page.getByText('100,000 lines in this range')).toBeVisible();
  const stamps = await page.locator('[aria-label="Log lines"] .time').allTextContents();
  expect(stamps.length).toBeGreaterThan(20);
  expect(stamps.toSorted().toReversed()).toEqual(stamps);
});

test('a search shows the lines that hold it, and only those', async () => {
  await measureSearch(page, '"slow query"');
  await expectPage(page.locator('[aria-label="Log lines"] [role=listitem]').first()).toContainText('slow query');
  expect(await page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('q'))).toBe('"slow query"');
  await measureSearch(page, 'item:4999');
  await expectPage(page.locator('[aria-label="Log lines"] [role=listitem]').first()).toContainText('key=item:4999');
  expect(complaints).toEqual([]);
});

/** From a pushed span to the waterfall, on Signalbox as it is started, and what the browser says of a large trace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { writeOtlpJson } from '#core/formats/index.ts';
import type { Span } from '#core/model/index.ts';
import { SpanMaker } from '../bench/span-data.ts';
import { measurePaint } from '../renderer/support/trace-paint.ts';
import { serve, type Served } from './support/serve.ts';

let dataDir: string;
let served: Served;

test.beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-traces-'));
  served = await serve({ dataDir });
});

test.afterEach(async () => {
  await served.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const spansPerPush = 5_000;

async function push(spans: readonly Span[]): Promise<void> {
  for (let at = 0; at < spans.length; at += spansPerPush) {
    const answer = await fetch(`http://127.0.0.1:${served.otlpPort}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: writeOtlpJson(spans.slice(at, at + spansPerPush)),
    });
    expect(answer.status).toBe(200);
  }
}

test('a pushed trace is found, read, found again by its link, and survives a restart', async ({ page }) => {
  const maker = new SpanMaker(3, BigInt(Date.now() - 60_000) * 1_000_000n);
  const spans = maker.trace(7, 40, 0);
  await push(spans);
  const { traceId, name } = spans[0]!;
  await page.goto(served.url);
  await page.goto(`${served.origin}/#/explore/traces?q=${encodeURIComponent(`service="${spans[0]!.resource.service}"`)}`);
  await page.getByRole('list', { name: 'Traces' }).getByRole('link').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  await expect(page.getByRole('treeitem')).not.toHaveCount(0);
  await page.keyboard.press('j');
  await expect(page.getByRole('complementary', { name: 'Span' })).toContainText(spans[0]!.spanId);
  const link = page.url();
  expect(link).toContain(traceId);
  await page.goto(`${served.origin}/#/`);
  await page.goto(link);
  await expect(page.getByRole('complementary', { name: 'Span' })).toContainText(spans[0]!.spanId);

  await served.stop();
  served = await serve({ dataDir });
  await page.goto(served.url);
  await page.goto(link.replace(/^http:\/\/[^/]+/, served.origin));
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
});

test('a trace of 20,000 spans is painted and scrolls', async ({ page }) => {
  const spans = new SpanMaker(5, BigInt(Date.now() - 60_000) * 1_000_000n).trace(8, 20_000, 0);
  await push(spans);
  await page.goto(served.url);
  await expect(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
  const { rowCount, firstPaintMs, openingTasksMs, scrollTasksMs } = await measurePaint(page, `#/explore/traces/${spans[0]!.traceId}`);
  expect(rowCount).toBe(20_000);
  process.stdout.write(
    `20,000 spans: first paint ${Math.round(firstPaintMs)} ms, tasks over 50 ms: ${openingTasksMs.length} before it, ${scrollTasksMs.length} while scrolling\n`,
  );
});

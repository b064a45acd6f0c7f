/** The ways between the signals, walked end to end on Signalbox as it is started: nothing is configured, all of it was pushed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { serve, type Served } from './support/serve.ts';

let dataDir: string;
let served: Served;

const nowMs = Math.floor(Date.now() / 15_000) * 15_000;
const spikeMs = nowMs - 120_000;
const traceId = 'c0ffee'.padEnd(32, '7');
const [rootId, slowId] = ['1'.repeat(16), '2'.repeat(16)];
const ns = (ms: number): string => `${ms}000000`;
const attribute = (key: string, value: string): object => ({ key, value: { stringValue: value } });
const resourceOf = (service: string, instance: string): object => ({
  attributes: [attribute('service.name', service), attribute('service.instance.id', instance), attribute('host.name', 'n1')],
});

async function push(path: string, body: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${served.otlpPort}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

/** Ten minutes of a duration that jumps two minutes ago, with an exemplar of the slow trace there, and the load of the host. */
async function pushMetrics(): Promise<void> {
  const times = Array.from({ length: 40 }, (_, i) => nowMs - (39 - i) * 15_000);
  const durations = times.map((timeMs, i) => {
    const slow = times.filter((time) => time >= spikeMs && time <= timeMs).length * 10;
    const fast = (i + 1) * 10 - slow;
    const exemplars = timeMs === spikeMs ? [{ timeUnixNano: ns(timeMs), asDouble: 1.8, traceId, spanId: slowId }] : [];
    return {
      startTimeUnixNano: ns(times[0]! - 15_000),
      timeUnixNano: ns(timeMs),
      count: String(fast + slow),
      sum: fast * 0.05 + slow * 1.8,
      explicitBounds: [0.1, 1, 2],
      bucketCounts: [String(fast), '0', String(slow), '0'],
      exemplars,
    };
  });
  const loads = times.map((timeMs) => ({ timeUnixNano: ns(timeMs), asDouble: timeMs >= spikeMs ? 9 : 1 }));
  await push('/v1/metrics', {
    resourceMetrics: [
      {
        resource: resourceOf('checkout', 'checkout-1'),
        scopeMetrics: [{ metrics: [{ name: 'checkout.duration', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: durations } }] }],
      },
      { resource: resourceOf('node', 'n1:9100'), scopeMetrics: [{ metrics: [{ name: 'node_load1', gauge: { dataPoints: loads } }] }] },
    ],
  });
}

async function pushTrace(): Promise<void> {
  const span = { traceId, kind: 2, startTimeUnixNano: ns(spikeMs) };
  const spans = (service: string, list: object[]): object => ({ resource: resourceOf(service, `${service}-1`), scopeSpans: [{ spans: list }] });
  await push('/v1/traces', {
    resourceSpans: [
      spans('web', [{ ...span, spanId: rootId, name: 'POST /order', endTimeUnixNano: ns(spikeMs + 1_850) }]),
      spans('checkout', [{ ...span, spanId: slowId, parentSpanId: rootId, name: 'reserve stock', endTimeUnixNano: ns(spikeMs + 1_800) }]),
    ],
  });
}

async function pushLogs(): Promise<void> {
  const line = (ms: number, text: string, named: object): object => ({
    timeUnixNano: ns(ms),
    severityNumber: 17,
    body: { stringValue: text },
    ...named,
  });
  await push('/v1/logs', {
    resourceLogs: [
      {
        resource: resourceOf('checkout', 'checkout-1'),
        scopeLogs: [
          {
            logRecords: [
              line(spikeMs + 900, 'lock timeout on stock', { traceId, spanId: slowId }),
              line(spikeMs + 5_000, JSON.stringify({ msg: 'gave up', correlation: traceId }), {}),
            ],
          },
        ],
      },
    ],
  });
}

test.beforeEach(async ({ page }) => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-ways-'));
  served = await serve({ dataDir });
  await pushMetrics();
  await pushTrace();
  await pushLogs();
  await page.goto(served.url);
  await expect(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
});

test.afterEach(async () => {
  await served.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const quantile = 'histogram_quantile(0.99, sum by (le) (rate(checkout_duration_seconds_bucket{job="checkout"}[1m])))';
const range = `from=${new Date(nowMs - 600_000).toISOString()}&to=${new Date(nowMs + 60_000).toISOString()}`;

async function explore(page: Page, expr: string): Promise<void> {
  await page.goto(`${served.origin}/#/explore?g0.expr=${encodeURIComponent(expr)}&${range}`);
  await expect(page.locator('.chart canvas')).toBeVisible();
}

test('from a spike by its exemplar to the guilty span and to its log line, in three clicks, and back', async ({ page }) => {
  await explore(page, quantile);
  const spike = page.url();
  await page.locator('a.dot').click();
  const panel = page.getByRole('complementary', { name: 'Span' });
  await expect(panel).toContainText('reserve stock');
  await panel.getByRole('link', { name: /^Logs of this trace/ }).click();
  await page.getByRole('button', { name: /lock timeout on stock/ }).click();
  const line = page.getByRole('complementary', { name: 'The chosen line' });
  await expect(line).toContainText(traceId);
  await line.getByRole('link', { name: 'Trace', exact: true }).click();
  await expect(panel).toContainText('reserve stock');
  await page.goBack();
  await page.goBack();
  await expect(panel).toContainText('reserve stock');
  await page.goBack();
  await expect.poll(() => page.url()).toBe(spike);
});

test('a series leads to the logs and traces of its service in the same range, though the query took its labels away', async ({ page }) => {
  await explore(page, quantile);
  await page.getByRole('button', { name: 'Logs and traces' }).click();
  const ways = page.getByRole('navigation', { name: 'From this series' });
  await expect(ways.getByRole('link', { name: 'Spans of service checkout' })).toBeVisible();
  await ways.getByRole('link', { name: 'Logs of service checkout' }).click();
  await expect(page.getByRole('button', { name: /lock timeout on stock/ })).toBeVisible();
  expect(page.url()).toContain(`from=${encodeURIComponent(new Date(nowMs - 600_000).toISOString().replace('.000', ''))}`);
});

test("a span leads to its host's metrics", async ({ page }) => {
  await page.goto(`${served.origin}/#/explore/traces/${traceId}?span=${slowId}`);
  const panel = page.getByRole('complementary', { name: 'Span' });
  await panel.getByRole('link', { name: 'Metrics of host n1' }).first().click();
  await expect(page.locator('.chart canvas')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Series' })).toContainText('node_load1');
});

test('a trace id under a key of its own leads to the trace once the key is named', async ({ page }) => {
  await page.goto(`${served.origin}/#/explore/logs?q=${encodeURIComponent('"gave up"')}&${range}`);
  await page.getByRole('button', { name: /gave up/ }).click();
  const line = page.getByRole('complementary', { name: 'The chosen line' });
  await expect(line.getByRole('link', { name: /^Metrics of service checkout/ }).first()).toBeVisible();
  await expect(line.getByRole('link', { name: 'Trace', exact: true })).toHaveCount(0);
  await page.goto(`${served.origin}/#/settings/attributes`);
  await page.getByRole('textbox', { name: 'A further key of Trace id' }).fill('correlation');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.goto(`${served.origin}/#/explore/logs?q=${encodeURIComponent('"gave up"')}&${range}`);
  await page.getByRole('button', { name: /gave up/ }).click();
  await line.getByRole('link', { name: 'Trace', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('POST /order');
});

test('a pasted trace id opens from the palette; the window on the screen is compared with what lies before it', async ({ page }) => {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /^Search/ }).fill(traceId);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('POST /order');
  const window = `from=${new Date(spikeMs).toISOString()}&to=${new Date(nowMs).toISOString()}`;
  await page.goto(`${served.origin}/#/explore?g0.expr=node_load1&${window}`);
  await page.getByRole('link', { name: /^What changed in this window/ }).click();
  const row = page.getByRole('table', { name: 'What changed' }).getByRole('row', { name: /node_load1/ });
  await expect(row).toContainText('rose from 1 to 9');
  await row.getByRole('link', { name: 'Open' }).click();
  await expect(page.locator('.chart canvas')).toBeVisible();
});

test('files dropped on the window become a case that answers', async ({ page }) => {
  const rows = Array.from({ length: 200 }, (_, i) => `${1_670_000_000 + i},${i < 150 ? 1 : 9},2,3,4`).join('\n');
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'simple_data.csv'));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
  }, `time,carts_cpu,carts_mem,user_cpu,user_mem\n${rows}\n`);
  await page
    .getByRole('dialog', { name: /^Import 1 file/ })
    .getByRole('button', { name: 'Import' })
    .click();
  await expect(page.getByRole('region', { name: 'What was imported into simple_data' })).toContainText('1 file, all understood', { timeout: 20_000 });
  await expect(page.getByRole('row', { name: /simple_data/ })).toContainText('800');
  await page.goto(`${served.origin}/#/explore/changes?dataset=simple_data&show=suspects&from=2022-12-02T16:55:50Z&to=2022-12-02T16:56:40Z`);
  await expect(page.getByRole('region', { name: '1. carts' })).toContainText('rose from 1 to 9');
});

/** The screens of traces in a real browser, over a real span store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, expect as expectWith, type Browser, type Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Span } from '#core/model/index.ts';
import { SpanMaker } from '../bench/span-data.ts';
import { hex, int, service, span, text } from '../core/traces/support/spans.ts';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { buildScreen, hostScreen, type ScreenHost } from './support/screen-host.ts';
import { measurePaint } from './support/trace-paint.ts';
import { TracedEngine } from './support/traced-engine.ts';

/** Generous, since the machine may be busy; what holds is seen at once. */
const expectPage = expectWith.configure({ timeout: 20_000 });
const folder = mkdtempSync(join(tmpdir(), 'signalbox-traces-'));
const fromNs = BigInt(Date.now() - 20 * 60_000) * 1_000_000n;
let browser: Browser;
let engine: TracedEngine;
let host: ScreenHost;
let page: Page;
let complaints: string[] = [];

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });

/** A trace of a shop, `number` seconds after the start of the data: a loop of queries, and an error below the cart. */
function shop(number: number, slow = 1): Span[] {
  const at = (ms: number, takes: number): { startNs: bigint; endNs: bigint } => {
    const startNs = fromNs + BigInt(number) * 1_000_000_000n + BigInt(Math.round(ms * 1e6));
    return { startNs, endNs: startNs + BigInt(Math.round(takes * 1e6)) };
  };
  const failed = number % 3 === 0;
  return [
    span({
      trace: number,
      id: 1,
      of: 'front',
      name: 'GET /cart',
      kind: 'server',
      ...at(0, 900 * slow),
      attributes: [text('http.route', '/cart'), int('n', number)],
    }),
    span({
      trace: number,
      id: 2,
      parent: 1,
      name: 'GetCart',
      kind: 'server',
      resource: service('cart', text('k8s.pod.name', 'cart-7')),
      ...at(5, 700 * slow),
      status: failed ? 'error' : 'unset',
      statusText: failed ? 'deadline exceeded' : '',
      events: failed ? [{ timeNs: at(50, 0).startNs, name: 'exception', attributes: [text('exception.type', 'Timeout')], droppedCount: 0 }] : [],
    }),
    ...Array.from({ length: 412 }, (_, i) =>
      span({ trace: number, id: 100 + i, parent: 2, of: 'db', name: 'SELECT carts', kind: 'client', ...at(10 + i * 1.5, 1.4) }),
    ),
    span({ trace: number, id: 3, parent: 1, of: 'front', name: 'render', ...at(720 * slow, 150) }),
  ];
}

const broken: readonly Span[] = [
  span({ trace: 900, id: 1, parent: 77, of: 'lost', name: 'orphan', startNs: fromNs, endNs: fromNs + 5_000_000n }),
  span({ trace: 900, id: 2, parent: 3, of: 'lost', name: 'circle a', startNs: fromNs, endNs: fromNs + 5_000_000n }),
  span({ trace: 900, id: 3, parent: 2, of: 'lost', name: 'circle b', startNs: fromNs + 1n, endNs: fromNs + 5_000_000n }),
  span({ trace: 900, id: 4, parent: 1, of: 'lost', name: '<img src=x onerror=alert(1)>', startNs: fromNs + 10n, endNs: fromNs }),
];
const large = new SpanMaker(4, fromNs).trace(901, 10_000, 60_000);

beforeAll(async () => {
  await buildScreen(join(folder, 'screen'));
  engine = new TracedEngine(join(folder, 'data'), [...Array.from({ length: 12 }, (_, i) => shop(i + 1, i === 11 ? 1.6 : 1)), broken, large]);
  await engine.traces.flush();
  host = await hostScreen(join(folder, 'screen'), engine);
  browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags] });
});

afterAll(async () => {
  await browser.close();
  await host.close();
  await engine.traces.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  complaints = [];
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

async function open(hash: string, colorScheme: 'dark' | 'light' = 'dark'): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme, timezoneId: 'Europe/Berlin' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(host.url);
  await expectPage(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
  await page.evaluate((to) => (location.hash = to), hash);
}

const hash = (): Promise<string> => page.evaluate(() => decodeURIComponent(location.hash.replaceAll('+', ' ')));
const trace = (number: number, params = ''): string => `#/explore/traces/${hex(number, 16)}${params}`;
const row = (name: string | RegExp): ReturnType<Page['locator']> => page.getByRole('treeitem', { name });

describe('the search', () => {
  test('completes what is typed, finds, and opens a trace by keyboard', async () => {
    await open('#/explore/traces');
    await expectPage(page.getByText('14 traces, newest first')).toBeVisible();
    await page.keyboard.press('/');
    const suggestions = page.getByRole('listbox', { name: 'Suggestions' });
    await page.keyboard.type('serv');
    await expectPage(suggestions.getByRole('option').first()).toBeVisible();
    await page.keyboard.press('Tab');
    await page.keyboard.type('ca');
    await expectPage(suggestions.getByRole('option', { name: 'cart', exact: true })).toBeVisible();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('error');
    await page.keyboard.press('Enter');
    await expectPage(page.getByText('4 traces, newest first')).toBeVisible();
    expect(await hash()).toContain('q=service=cart error');
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await expectPage(page.getByRole('heading', { level: 1 })).toContainText('GET /cart');
    expect(await hash()).toContain(hex(12, 16));
  });

  test('says what is wrong with a search, and opens a pasted id', async () => {
    await open('#/explore/traces?q=duration>soon');
    await expectPage(page.getByRole('alert')).toContainText('a duration is compared with one like 100ms');
    await page.getByRole('combobox', { name: 'Search traces' }).fill(hex(3, 16));
    await page.keyboard.press('Enter');
    await expectPage(page.getByRole('heading', { level: 1 })).toContainText('GET /cart');
  });

  test('a brush over the scatter chooses, and stands in the address', async () => {
    await open('#/explore/traces?q=service=front');
    const scatter = page.getByRole('img', { name: /12 traces by start and duration, 4 with errors/ });
    const box = (await scatter.boundingBox())!;
    await page.mouse.move(box.x + 70, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 25, box.y + 90);
    await page.mouse.up();
    await expectPage(page.getByText(/of 12, brushed/)).toBeVisible();
    expect(await hash()).toMatch(/brush=\d+~\d+~\d+~\d+/);
    await page.keyboard.press('Escape');
    await expectPage(page.getByText('12 traces, newest first')).toBeVisible();
  });

  test('operations lead to their traces, the map to its services', async () => {
    await open('#/explore/traces?show=operations');
    const operation = page.getByRole('row').filter({ hasText: 'GetCart' });
    await expectPage(operation).toContainText('33.3 %');
    await operation.getByRole('button', { name: '33.3 %' }).click();
    await expectPage(page.getByText('4 traces, newest first')).toBeVisible();
    await page.evaluate(() => (location.hash = '#/explore/traces?show=map'));
    const cart = page.getByRole('button', { name: /^cart: / });
    await expectPage(cart).toHaveAccessibleName(/33\.3 % errors/);
    await cart.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Its errors' }).click();
    await expectPage(page.getByText('4 traces, newest first')).toBeVisible();
  });

  test('two traces are compared', async () => {
    await open('#/explore/traces?q=service=front');
    await expectPage(page.getByText('12 traces, newest first')).toBeVisible();
    for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
    await page.getByRole('button', { name: 'Compare the two' }).click();
    await expectPage(page.getByRole('listitem').filter({ hasText: 'GetCart' })).toContainText('slower');
    await page.keyboard.press('m');
    await expectPage(page.getByRole('listitem').filter({ hasText: 'render' })).toHaveCount(0);
    expect(await hash()).toContain(`${hex(11, 16)}...${hex(12, 16)}`);
  });
});

describe('the waterfall', () => {
  test('folds repeated spans, collapses with counts, and rolls errors up', async () => {
    await open(trace(3));
    await expectPage(row(/^db SELECT carts, 412 times, together 577 ms/)).toBeVisible();
    await page.keyboard.press('j');
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowLeft');
    await expectPage(row(/^front GET \/cart/)).toContainText('+414');
    await expectPage(row(/1 error$/)).toHaveCount(1);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowRight');
    await expectPage(page.getByRole('tree', { name: '415 rows of spans' })).toBeVisible();
    await page.keyboard.press('ArrowLeft');
    await expectPage(page.getByRole('tree', { name: '4 rows of spans' })).toBeVisible();
  });

  test('finds by key, steps through the hits, and shows only them', async () => {
    await open(trace(3));
    await expectPage(row(/GetCart/)).toBeVisible();
    await page.keyboard.press('/');
    await page.keyboard.type('name="SELECT carts"');
    await expectPage(page.getByText('412 hits')).toBeVisible();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expectPage(page.getByText('2 of 412 hits')).toBeVisible();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('timeout');
    await expectPage(page.getByText('1 hit', { exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Matches only' }).click();
    await expectPage(page.getByRole('tree', { name: '2 rows of spans' })).toBeVisible();
    expect(await hash()).toContain('find=timeout&only=1');
  });

  test('a span tells all that was sent, and leads on', async () => {
    await open(trace(3, `?span=${hex(2, 8)}`));
    const panel = page.getByRole('complementary', { name: 'Span' });
    await expectPage(panel.getByText('deadline exceeded')).toBeVisible();
    await expectPage(panel.getByText('cart-7', { exact: true })).toBeVisible();
    await panel.getByRole('tab', { name: /Events/ }).click();
    await expectPage(panel.getByText('Timeout')).toBeVisible();
    await panel.getByRole('tab', { name: 'JSON' }).click();
    await panel.getByTitle('Copy the span as JSON').click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('"name": "GetCart"');
    await expectPage(panel.getByRole('link', { name: /Logs of this trace/ })).toHaveAttribute(
      'href',
      new RegExp(`^#/explore/logs\\?q=.*${hex(3, 16)}`),
    );
    await expectPage(panel.getByRole('link', { name: 'Metrics of pod cart-7' })).toHaveAttribute('href', /g0\.expr=%7Bpod%3D%22cart-7%22%7D/);
    await page.keyboard.press('Escape');
    await expectPage(panel).toHaveCount(0);
  });

  test('statistics, flame graph and zoom go by keys and stand in the address', async () => {
    await open(trace(3));
    await expectPage(row(/GetCart/)).toBeVisible();
    await page.keyboard.press('s');
    await expectPage(page.getByRole('row').filter({ hasText: 'SELECT carts' })).toContainText('412');
    await page.getByLabel('Grouped by').selectOption('k8s.pod.name');
    await expectPage(page.getByRole('row').filter({ hasText: 'cart-7' })).toBeVisible();
    await page.keyboard.press('f');
    await expectPage(page.getByRole('application', { name: /Flame graph, 4 frames/ })).toBeVisible();
    await page.keyboard.press('f');
    for (const key of ['j', 'j', 'z', 'c']) await page.keyboard.press(key);
    expect(await hash()).toMatch(/zoom=-?\d+~\d+/);
    expect(await hash()).toContain('critical=0');
    await page.keyboard.press('0');
    expect(await hash()).not.toContain('zoom');
  });

  test('a broken trace is shown as it is, and says so', async () => {
    await open(trace(900));
    await expectPage(page.getByText('1 span names a parent that is not here; it stands at the top level.')).toBeVisible();
    await expectPage(page.getByText('2 spans are their own ancestor')).toBeVisible();
    await expectPage(page.getByText('1 span ends before it starts')).toBeVisible();
    await expectPage(row(/<img src=x onerror=alert\(1\)>/)).toBeVisible();
    await expectPage(page.getByRole('treeitem')).toHaveCount(4);
  });

  test('a trace that is not there says so', async () => {
    await open(trace(12345));
    await expectPage(page.getByRole('alert')).toContainText(`there is no span of trace ${hex(12345, 16)}`);
    await page.evaluate(() => (location.hash = '#/explore/traces/what'));
    await expectPage(page.getByText('That is no trace id')).toBeVisible();
  });

  test('a large trace scrolls', async () => {
    await open('#/explore');
    const { rowCount, firstPaintMs, openingTasksMs, scrollTasksMs } = await measurePaint(page, `#/explore/traces/${large[0]!.traceId}`);
    expect(rowCount).toBe(10_000);
    process.stdout.write(
      `10,000 spans: first paint ${Math.round(firstPaintMs)} ms, tasks over 50 ms: ${openingTasksMs.length} before it, ${scrollTasksMs.length} while scrolling\n`,
    );
    await page.getByRole('tree').focus();
    await page.keyboard.press('End');
    await expectPage(page.locator('[role=treeitem][data-at="9999"]')).toHaveAttribute('aria-selected', 'true');
  });
});

test.each(['dark', 'light'] as const)('axe finds nothing serious, %s', async (colorScheme) => {
  const views = [
    '#/explore/traces',
    '#/explore/traces?show=operations',
    '#/explore/traces?show=map&service=cart',
    trace(3, `?span=${hex(2, 8)}&find=error`),
    trace(3, '?tab=flame'),
    trace(3, '?tab=statistics'),
    trace(900),
    `#/explore/traces/${hex(11, 16)}...${hex(12, 16)}`,
  ];
  await open('#/explore/traces', colorScheme);
  const found: string[] = [];
  for (const view of views) {
    await page.evaluate((to) => (location.hash = to), view);
    await page.waitForLoadState('networkidle');
    await expectPage(page.getByRole('main').getByRole('status').filter({ hasText: '…' })).toHaveCount(0);
    const { violations } = await new AxeBuilder({ page }).analyze();
    found.push(
      ...violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((node) => node.html).join(' ')}`),
    );
  }
  expect(found).toEqual([]);
});

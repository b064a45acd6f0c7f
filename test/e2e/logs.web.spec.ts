/** From a pushed line to its fields, its context and a bookmark, on Signalbox as it is started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { LineMaker } from '../bench/log-data.ts';
import { serve, type Served } from './support/serve.ts';

let dataDir: string;
let served: Served;

test.beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-logs-'));
  served = await serve({ dataDir });
});

test.afterEach(async () => {
  await served.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function push(lines: readonly string[]): Promise<void> {
  const values = lines.map((line) => [String(BigInt(Date.parse(line.slice(7, 31))) * 1_000_000n), line]);
  const answer = await fetch(`${served.origin}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams: [{ stream: { service_name: 'shop' }, values }] }),
  });
  expect(answer.status).toBe(204);
}

test('lines are found, read, filtered, bookmarked, and found again by their link', async ({ page }) => {
  await push(new LineMaker(1, Date.now() - 60_000).chunk(3000).toString().trimEnd().split('\n'));
  await page.goto(served.url);
  await page.goto(`${served.origin}/#/explore/logs?from=now-15m&to=now&q=failed`);
  const rows = page.getByRole('list', { name: 'Log lines' }).getByRole('button');
  await expect(rows.first()).toContainText('connection reset by peer');
  await expect(page.getByRole('group', { name: 'Levels' })).toContainText('Error');

  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  const detail = page.getByRole('complementary', { name: 'The chosen line' });
  await expect(detail).toContainText('trace_id');
  await expect(detail.getByRole('link', { name: 'Trace' })).toHaveAttribute('href', /#\/explore\/traces\/[0-9a-f]{32}/);
  await detail.getByRole('tab', { name: 'Context' }).click();
  await expect(detail.getByRole('listitem').nth(10)).toBeVisible();
  await detail.getByRole('tab', { name: 'Fields' }).click();
  await detail.getByRole('button', { name: /^Hide lines with attempt=/ }).click();
  await expect(page.getByRole('list', { name: 'Filters' })).toContainText(/attempt!=.*hides \d+/);

  await page.keyboard.press('m');
  await page.getByLabel('Note').fill('the first reset');
  await page.getByRole('button', { name: 'Bookmark', exact: true }).last().click();
  await page.getByLabel(/name/i).last().fill('Ada');
  await page.keyboard.press('Enter');
  await page.goto(`${served.origin}/#/explore/logs?show=bookmarks`);
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveValue('the first reset');

  await page.goto(`${served.origin}/#/explore/logs?from=now-15m&to=now&show=patterns`);
  await expect(page.getByRole('table', { name: 'Patterns' }).getByRole('row')).not.toHaveCount(1);
  await page.goto(
    `${served.origin}/#/explore/logs?from=now-15m&to=now&q=${encodeURIComponent('sum by (level) (count_over_time({service_name="shop"} | json [1m]))')}`,
  );
  await expect(page.getByText('4 series')).toBeVisible();
  await page.goto(`${served.origin}/#/explore/logs?from=now-15m&to=now`);
  await expect(rows.first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id)).toEqual([]);
});

test('a live tail shows what comes in', async ({ page }) => {
  await page.goto(served.url);
  await page.goto(`${served.origin}/#/explore/logs?tail=1`);
  await expect(page.getByText('Waiting for new lines')).toBeVisible();
  await push(new LineMaker(2, Date.now() - 1000).chunk(20).toString().trimEnd().split('\n'));
  await expect(page.getByText('20 lines since the tail began')).toBeVisible();
});

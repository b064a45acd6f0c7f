/**
 * The whole life of one alert on real input: a real exporter and a real service are scraped, a rule fires, the person is told,
 * takes it, declares, walks the runbook, resolves, and downloads the post-mortem. Time is the engine's own; the only waits
 * are for what the screen says.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { openShop, type Shop } from '../support/shop.ts';
import { serve, type Served } from './support/serve.ts';

const rules = `
groups:
  - name: shop
    rules:
      - alert: HighErrorRate
        expr: |
          sum by (job, service) (rate(http_requests_total{code=~"5.."}[10s]))
            / sum by (job, service) (rate(http_requests_total[10s])) > 0.1
        for: 2s
        labels: {severity: critical}
        annotations:
          summary: '{{ $value | humanizePercentage }} of requests to {{ $labels.service }} fail'
`;

const settings = (shop: string, node: string): string => `
global: {scrape_interval: 1s, evaluation_interval: 1s}
users_affected: sum(rate(http_requests_total{code=~"5.."}[10s])) / sum(rate(http_requests_total[10s]))
scrape_configs:
  - {job_name: shop, static_configs: [{targets: ['${shop}']}]}
  - {job_name: node, static_configs: [{targets: ['${node}']}]}
rule_files: ['rules/*.yml']
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

let dataDir: string;
let shop: Shop;
let exporter: ChildProcess;
let served: Served;

test.beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-life-'));
  shop = await openShop();
  const node = `127.0.0.1:${await freePort()}`;
  exporter = spawn('prometheus-node-exporter', [`--web.listen-address=${node}`], { stdio: 'ignore' });
  mkdirSync(join(dataDir, 'rules'));
  writeFileSync(join(dataDir, 'rules/shop.yml'), rules);
  writeFileSync(join(dataDir, 'signalbox.yml'), settings(shop.address, node));
  served = await serve({ dataDir });
});

test.afterEach(async () => {
  await served.stop();
  exporter.kill();
  await shop.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The notices that the page shows by the browser's Notification API, as it is granted. */
async function watchNotices(page: Page): Promise<void> {
  await page.context().grantPermissions(['notifications'], { origin: served.origin });
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(window, { seenNotices: seen });
    const Real = window.Notification;
    class Watched extends Real {
      constructor(title: string, options?: NotificationOptions) {
        super(title, options);
        seen.push(`${title}: ${options?.body ?? ''}`);
      }
    }
    window.Notification = Watched;
  });
}
const noticesSeen = (page: Page): Promise<string[]> => page.evaluate(() => (window as unknown as { seenNotices: string[] }).seenNotices);

test('an alert fires, is taken, becomes an incident, is walked through its runbook, resolved and written up', async ({ page }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await watchNotices(page);
  await page.goto(served.url);
  await expect(page.getByText('3 sources up')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('No incident is open', { exact: true })).toBeVisible();

  shop.fail(0.4);
  await expect(page.getByRole('button', { name: 'Take it' })).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => noticesSeen(page), { timeout: 20_000 }).toContainEqual(expect.stringContaining('HighErrorRate'));
  await page.getByRole('button', { name: 'Take it' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Ada');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Ada took it')).toBeVisible();

  await page.getByRole('link', { name: 'Declare' }).first().click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('radio', { name: /SEV-2/ })).toBeChecked();
  await expect(dialog.getByText(/of users affected/).first()).toBeVisible();
  await dialog.getByRole('button', { name: 'Declare SEV-2' }).click();
  await expect(page).toHaveURL(/#\/incidents\/1/);
  const timeline = page.getByRole('region', { name: 'Timeline' });
  await expect(timeline.getByText(/declared/i).first()).toBeVisible();
  await expect(timeline.getByText(/took/i).first()).toBeVisible();

  await page.getByRole('button', { name: 'Start the runbook' }).click();
  const runbook = page.getByRole('region', { name: 'Runbook' });
  await runbook
    .getByRole('button', { name: /^Check/ })
    .first()
    .click();
  await expect(runbook.getByText(/expected < 1/).first()).toBeVisible();
  await expect(timeline.getByText(/Do users still get errors/).first()).toBeVisible();

  await page.keyboard.press('n');
  await page.keyboard.type('Rolled the shop back');
  await page.keyboard.press('Enter');
  await expect(timeline.getByText('Rolled the shop back')).toBeVisible();
  shop.fail(0);
  await expect(timeline.getByText(/resolved/i).first()).toBeVisible({ timeout: 30_000 });

  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('dialog').getByRole('textbox').first().fill('Release 41 rolled back');
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await expect(page.getByRole('button', { name: 'Reopen' })).toBeVisible();

  await page.getByRole('link', { name: 'Post-mortem' }).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: /Download/ }).click();
  const markdown = readFileSync(await (await downloading).path(), 'utf8');
  for (const part of [
    '## Timeline',
    'HighErrorRate',
    'Rolled the shop back',
    'Release 41 rolled back',
    'Do users still get errors',
    '```csv',
    '## Action items',
  ]) {
    expect(markdown).toContain(part);
  }
  expect(problems).toEqual([]);
});

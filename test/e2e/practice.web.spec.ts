/** A newcomer's first minutes: one button, a system of real processes, a fault, and its traces on every screen; nothing left behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { serve, type Served } from './support/serve.ts';

let dataDir: string;
let served: Served;

test.beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-practice-'));
  served = await serve({ dataDir });
});

test.afterEach(async () => {
  await served.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('the practice system is watched, broken and mended', async ({ page }) => {
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Watch a practice system' }).click();
  const panel = page.getByRole('region', { name: 'Practice system' });
  await expect(panel.getByText('starting')).toHaveCount(0, { timeout: 30_000 });
  await expect(panel.getByRole('link')).toHaveCount(7);
  const processes = practiceProcesses(served.pid);
  expect(processes).toHaveLength(7);
  await expect.poll(() => value(page, 'sum(up{system="practice"})'), { timeout: 30_000 }).toBe(7);
  await expect.poll(() => value(page, 'sum(users_active)'), { timeout: 40_000 }).toBe(1000);

  await panel.getByRole('button', { name: 'Errors' }).click();
  await expect(panel.getByText('The timeline fails three of ten requests.')).toBeVisible();
  await expect.poll(() => value(page, 'sum(increase(http_requests_total{job="timeline", code="500"}[1m]))'), { timeout: 30_000 }).toBeGreaterThan(10);
  await expect.poll(() => value(page, 'sum(users_affected)'), { timeout: 30_000 }).toBeGreaterThan(10);

  const ended = processes.find((pid) => commandOf(pid).includes('practice-entry'))!;
  process.kill(ended, 'SIGKILL');
  await expect(panel.getByText('1 restart')).toBeVisible({ timeout: 15_000 });
  await expect.poll(() => practiceProcesses(served.pid).length, { timeout: 15_000 }).toBe(7);

  await panel.getByRole('button', { name: 'End it' }).click();
  await expect(page.getByRole('button', { name: 'Watch a practice system' })).toBeVisible();
  await expect.poll(() => practiceProcesses(served.pid).length).toBe(0);
});

test('it ends with the app', async ({ page }) => {
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Watch a practice system' }).click();
  await expect.poll(() => practiceProcesses(served.pid).length, { timeout: 15_000 }).toBe(7);
  const processes = practiceProcesses(served.pid);
  await served.stop();
  await expect.poll(() => processes.filter((pid) => commandOf(pid).includes('practice-entry'))).toEqual([]);
});

async function value(page: Page, query: string): Promise<number> {
  const answer = await page.request.get(`${served.origin}/api/v1/query`, {
    params: { query },
    headers: { authorization: `Bearer ${served.token}` },
  });
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? Number.NaN);
}

/** The children of a process that are part of the practice system (proc(5), task/[tid]/children). */
function practiceProcesses(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return children.filter((child) => commandOf(child).includes('practice-entry'));
}

const commandOf = (pid: number): string => (existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '');

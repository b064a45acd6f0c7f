/** Overload on the screen: the banner at survival, what it hides, hatched charts, fewer questions. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from 'vitest';
import { expectPage, useScreen } from './support/open-screen.ts';
import type { ScriptedEngine } from './support/scripted-engine.ts';

let engine: ScriptedEngine;
let page: Page;
const open = useScreen((opened) => ({ engine, page } = opened));

const parts = [
  { reason: 'push', source: '/v1/metrics', count: 120 },
  { reason: 'overload', source: 'scrape:a', count: 4000 },
  { reason: 'overload', source: 'remote_write', count: 1204 },
];

function strain(level: number): void {
  const memory = 'memory is at 96 % of its limit';
  const nowMs = Date.now();
  engine.strain(
    {
      level: 'failing',
      overloadLevel: level,
      reasons: [`overload, level ${level} of 5: ${memory}`],
      overloadReasons: [memory],
      leftOut: ['exemplars are not kept', 'pushes are told to come again'],
    },
    [{ startMs: nowMs - 20 * 60_000, endMs: nowMs - 8 * 60_000, level, causes: ['memory'], parts }],
  );
}

test.each(['dark', 'light'] as const)('a wrong file of the configuration is seen wherever one looks: %s', async (colorScheme) => {
  await open('calm', '', { colorScheme });
  await expectPage(page.getByRole('button', { name: 'Healthy' })).toBeVisible();
  const problem = 'alertmanager.yml:7: webhook_configs entry has no field "ur"; did you mean "url"? (everything goes to the desktop)';
  engine.misconfigure([problem]);
  await expectPage(page.getByRole('heading', { name: 'The configuration is not as it was meant' })).toBeVisible();
  await page.getByRole('button', { name: 'Misconfigured' }).click();
  await expectPage(page.getByRole('link', { name: 'Configuration' })).toBeVisible();
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.evaluate(() => (location.hash = '#/alerts/routes'));
  await expectPage(page.getByText(problem)).toBeVisible();
});

test.each(['dark', 'light'] as const)('survival is a banner over every view, which says what is not seen: %s', async (colorScheme) => {
  await open('busy', '', { colorScheme });
  await expectPage(page.getByRole('button', { name: 'Healthy' })).toBeVisible();
  await expectPage(page.getByRole('region', { name: 'Survival' })).toHaveCount(0);
  strain(5);
  const banner = page.getByRole('region', { name: 'Survival' });
  await expectPage(banner).toContainText('memory is at 96 % of its limit');
  const button = banner.getByRole('button', { name: 'What you are not seeing' });
  await button.press('Enter');
  await expectPage(banner.getByText('pushes are told to come again')).toBeVisible();
  await expectPage(page.getByText('slowed')).toBeVisible();
  await page.evaluate(() => (location.hash = '#/explore?g0.expr=up'));
  await expectPage(banner).toBeVisible();
  await page.keyboard.press('d');
  await page.keyboard.press('r');
  const hatch = page.getByRole('img', { name: /Not everything is here: .* 5,204 samples of new series refused/ });
  await expectPage(hatch.first()).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id)).toEqual([]);
  strain(4);
  await expectPage(banner).toHaveCount(0);
  await expectPage(page.getByRole('button', { name: 'Failing' })).toBeVisible();
});

test('charts ask again every few seconds although the status comes each second', async () => {
  // Of five minutes the steps are shorter than the refresh, so each refresh asks.
  await open('busy', '#/explore?g0.expr=up&from=now-5m&to=now');
  await page.getByLabel('Refresh every').selectOption('5000');
  const asked = (): number => engine.asked.filter((expr) => expr === 'up').length;
  await expect.poll(asked, { timeout: 20_000 }).toBeGreaterThan(0);
  const before = asked();
  const timer = setInterval(() => engine.strain(engine.overload, []), 500);
  try {
    await expect.poll(asked, { timeout: 20_000 }).toBeGreaterThan(before + 1);
  } finally {
    clearInterval(timer);
  }
});

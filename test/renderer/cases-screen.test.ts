/** Cases, and what changed in a window, on the screen. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from 'vitest';
import { expectPage, useScreen } from './support/open-screen.ts';

let page: Page;
const open = useScreen((opened) => ({ page } = opened));

test('a case is listed with its import, opened with all its data, and deleted after asking', async () => {
  await open('busy', '#/cases/checkout-outage');
  const row = page.getByRole('row', { name: /checkout-outage/ });
  await expectPage(row).toContainText('84,778');
  await expectPage(page.getByRole('region', { name: 'What was imported into checkout-outage' })).toContainText('3 files, 1 not understood');
  await expectPage(page.getByText('Line 17: "x" is no duration')).toBeVisible();
  await row.getByRole('link', { name: 'Explore' }).click();
  await expectPage(page.getByRole('combobox', { name: 'Dataset' })).toHaveValue('checkout-outage');
  expect(page.url()).toContain('from=all');
  await page.goBack();
  await row.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete case checkout-outage?' });
  await expectPage(dialog).toContainText('62,192 log lines');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expectPage(page.getByText('No cases yet')).toBeVisible();
});

test('without a case the screen says how one is made', async () => {
  await open('calm', '#/cases');
  await expectPage(page.getByText('signalbox import PATH... --case NAME')).toBeVisible();
});

test('what changed is one list with links to the evidence, and suspects stand beside it', async () => {
  await open('busy', '#/explore/changes?dataset=checkout-outage&from=all&to=now');
  const table = page.getByRole('table', { name: 'What changed' });
  await expectPage(table.getByRole('row')).toHaveCount(4);
  await expectPage(table.getByRole('row').nth(1)).toContainText('cpu{service="cart"}');
  await expectPage(table.getByRole('row').nth(1).getByRole('link', { name: 'Open' })).toHaveAttribute(
    'href',
    /#\/explore\?dataset=checkout-outage&g0\.expr=cpu/,
  );
  await page.getByRole('tab', { name: 'Where did it begin?' }).click();
  await expectPage(page.getByRole('region', { name: '1. cart' }).getByRole('link')).toHaveText(
    'own time of get rose from 1.4 to 119.8 ms (9 spans against 17)',
  );
});

test('g d leads to what changed, g c to the cases', async () => {
  await open('busy');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expectPage(page.getByRole('table', { name: 'What changed' })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expectPage(page.getByRole('table', { name: 'Cases' })).toBeVisible();
});

test.each(['dark', 'light'] as const)('axe finds nothing serious, %s', async (colorScheme) => {
  const views = [
    ['#/cases/checkout-outage', 'capture/LICENSE'],
    ['#/explore/changes', 'rose from 0.69'],
    ['#/explore/changes?show=suspects', 'own time of get'],
  ] as const;
  await open('busy', '', { colorScheme });
  for (const [hash, text] of views) {
    await page.evaluate((to) => (location.hash = to), hash);
    await expectPage(page.getByText(text).first()).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
    ).toEqual([]);
  }
});

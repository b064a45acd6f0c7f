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
    ['#/settings/attributes', 'Kept in'],
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

test('files are chosen, go into a case that the screen names, and what became of them is told', async () => {
  await open('calm', '#/cases');
  await page.locator('input[type=file][multiple]').setInputFiles([
    { name: 'app.log', mimeType: 'text/plain', buffer: Buffer.from('level=info msg=begun\n') },
    { name: 'LICENSE', mimeType: 'text/plain', buffer: Buffer.from('MIT License\n') },
  ]);
  const dialog = page.getByRole('dialog', { name: /^Import 2 files/ });
  await expectPage(dialog.getByRole('combobox', { name: 'Into the case' })).toHaveValue('app');
  await dialog.getByRole('combobox', { name: 'Into the case' }).fill('bad name');
  await expectPage(dialog.getByRole('button', { name: 'Import' })).toBeDisabled();
  await dialog.getByRole('combobox', { name: 'Into the case' }).fill('night');
  await dialog.getByRole('button', { name: 'Import' }).click();
  await expectPage(page.getByRole('region', { name: 'Import into night' })).toContainText('2 files read, 1 not understood');
  expect(page.url()).toContain('#/cases/night');
});

test('files dropped on any screen are asked about', async () => {
  await open('calm', '#/explore');
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['time,a_cpu,a_mem\n1,2,3\n'], 'simple_data.csv'));
    window.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, cancelable: true }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }));
  });
  const dialog = page.getByRole('dialog', { name: /^Import 1 file/ });
  await expectPage(dialog).toContainText('simple_data.csv');
  await expectPage(dialog.getByRole('combobox', { name: 'Into the case' })).toHaveValue('simple_data');
});

test('a drag on the chart of what changed sets the window, or the baseline, which the address keeps', async () => {
  await open('busy', '#/explore/changes?from=2023-01-29T08:53:20Z&to=2023-01-29T09:03:20Z');
  const chart = page.getByRole('slider', { name: /^cpu/ });
  await expectPage(chart).toBeVisible();
  const drag = async (from: number, to: number): Promise<void> => {
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + box.width * from, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 60, { steps: 4 });
    await page.mouse.up();
  };
  const before = page.url();
  await drag(0.6, 0.8);
  await expect.poll(() => page.url()).not.toBe(before);
  await page.getByRole('tab', { name: 'Baseline' }).click();
  await drag(0.15, 0.3);
  await expect.poll(() => page.url()).toMatch(/base=\d+%7E\d+|base=\d+~\d+/);
  await expectPage(page.getByRole('combobox', { name: 'Compare with' })).toHaveValue('own');
  await page.getByRole('combobox', { name: 'Compare with' }).selectOption('day');
  await expect.poll(() => page.url()).toContain('base=day');
  await page
    .getByRole('row', { name: /lookup failed/ })
    .getByRole('button', { name: 'Show it above' })
    .click();
  await expectPage(page.getByRole('region', { name: 'Window and baseline' })).toContainText('lookup failed');
});

test('keys that name a service are edited with clear refusals, and saved', async () => {
  await open('calm', '#/settings/attributes');
  const add = page.getByRole('textbox', { name: 'A further key of Service' });
  await add.fill('service_name');
  await add.press('Enter');
  await expectPage(page.getByText('A service has the key "service.name" twice')).toBeVisible();
  await expectPage(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await page.getByRole('button', { name: 'Take service_name away' }).click();
  await add.fill('team.service');
  await add.press('Enter');
  await page.getByRole('button', { name: 'Save' }).click();
  await expectPage(page.getByText('Saved; every way between the signals follows it from now on')).toBeVisible();
  await expectPage(page.getByRole('list', { name: 'Keys of Service' }).getByRole('listitem').first()).toContainText('team.service');
  await page.getByRole('region', { name: 'Service' }).getByRole('button', { name: 'Put the defaults back' }).click();
  await expectPage(page.getByRole('button', { name: 'Save' })).toBeEnabled();
});

test('a trace id in the palette opens its trace', async () => {
  await open('calm');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /^Search/ }).fill('00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.url()).toContain('#/explore/traces/4bf92f3577b34da6a3ce929d0e0e4736');
});

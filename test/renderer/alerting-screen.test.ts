/** The screens of alerting in a real browser: silences, why, routes, rules, noise, objectives. */
import type { Page } from '@playwright/test';
import { describe, expect, test } from 'vitest';
import { labelValue } from '#core/model/index.ts';
import type { AlertView } from '#core/contract/index.ts';
import { expectPage, useScreen } from './support/open-screen.ts';
import type { ScreenHost } from './support/screen-host.ts';
import type { ScriptedEngine } from './support/scripted-engine.ts';

let page: Page;
let engine: ScriptedEngine;
let host: ScreenHost;
const open = useScreen((opened) => ({ page, engine, host } = opened));
const hash = (): Promise<string> => page.evaluate(() => decodeURIComponent(location.hash.replaceAll('+', ' ')));
const firing = (count: number): ReturnType<Page['locator']> => page.getByRole('button', { name: `Firing ${count}` });
const editor = (): ReturnType<Page['locator']> => page.locator('.cm-content');

test('a filtered list follows each change of an alert, and what it missed while the engine was away', async () => {
  await open('busy', `#/alerts?by=name&filter=${encodeURIComponent('severity=page')}`);
  const list = page.getByRole('list', { name: 'Alerts' });
  const row = list.getByRole('listitem').filter({ hasText: 'ErrorRatioHigh' });
  await expectPage(row).toContainText('Firing');
  const change = (part: Partial<AlertView>): void => {
    engine.alerts = engine.alerts.map((one) => (labelValue(one.labels, 'alertname') === 'ErrorRatioHigh' ? { ...one, ...part } : one));
    engine.resolve('');
  };
  const names = async (): Promise<string[]> =>
    (await list.getByRole('listitem').allTextContents()).map((text) => /[A-Z][a-z]+[A-Z]\w+/.exec(text)?.[0] ?? text);
  const before = await names();
  change({ value: 41.5, ack: { by: 'Grace', atMs: Date.now() } });
  await expectPage(row).toContainText('41.5');
  await expectPage(row).toContainText('Grace');
  expect(await names()).toEqual(before);
  change({ ack: undefined });
  await expectPage(row).not.toContainText('Grace');
  host.kill('gone');
  change({ summary: 'changed while nobody looked' });
  host.revive();
  await expectPage(row).toContainText('changed while nobody looked');
  await page.getByRole('searchbox', { name: 'Filter' }).fill('nobody looked');
  await expectPage(list.getByRole('listitem')).toHaveCount(1);
  change({ summary: 'other words' });
  await expectPage(page.getByText('No alert passes the filter')).toBeVisible();
});

describe('silences', () => {
  test('one key from an alert: its effect is seen before it is set, and it is listed until it is ended', async () => {
    await open('busy', '#/alerts', { person: 'Ada' });
    await expectPage(firing(5)).toBeVisible();
    await page.keyboard.press('j');
    await expectPage(page.getByRole('heading', { level: 1, name: 'ErrorRatioHigh' })).toBeVisible();
    await page.keyboard.press('s');
    const dialog = page.getByRole('dialog', { name: 'New silence' });
    await expectPage(dialog.getByText('Matches 1')).toBeVisible();
    await dialog.getByRole('button', { name: 'alertname=ErrorRatioHigh' }).click();
    await expectPage(dialog.getByText('It names no alertname')).toBeVisible();
    await expectPage(dialog.getByText('Matches 2')).toBeVisible();
    await dialog.getByLabel('Matchers').fill('job=');
    await expectPage(dialog.getByText('bad matcher')).toBeVisible();
    await dialog.getByLabel('Matchers').fill('alertname="ErrorRatioHigh"');
    await expectPage(dialog.getByText('Matches 1')).toBeVisible();
    await dialog.getByRole('button', { name: '4h' }).click();
    await dialog.getByLabel('Why').fill('rollback is under way');
    await page.keyboard.press('Control+Enter');
    await expectPage(page.getByText('Silenced', { exact: true })).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('q');
    const row = page.getByRole('row').filter({ hasText: 'rollback is under way' });
    await expectPage(row.getByText('Active')).toBeVisible();
    await row.getByRole('button', { name: 'End now' }).click();
    await expectPage(row).toHaveCount(0);
    await page.getByRole('button', { name: 'Ended 2' }).click();
    await expectPage(row.getByText('Ended')).toBeVisible();
  });

  test('a similar one is pointed at', async () => {
    await open('busy', `#/alerts/silences?form=new&matchers=${encodeURIComponent('{alertname="TargetDown"}')}`);
    await expectPage(page.getByRole('dialog').getByText('A similar silence exists (the same matchers)')).toBeVisible();
  });
});

test('why was I paged: by name, and for an alert', async () => {
  await open('busy', '#/alerts/why');
  await page.getByRole('textbox', { name: 'Alert name or labels' }).fill('LatencyHigh');
  await page.keyboard.press('Enter');
  await expectPage(page.getByText('Paged: on-call was told')).toBeVisible();
  await expectPage(page.getByRole('list', { name: 'Steps' }).getByText('rules/shop.yml:4').first()).toBeVisible();
  expect(await hash()).toContain('labels=LatencyHigh');
  await page.getByRole('textbox', { name: 'At which time' }).fill('yesterday');
  await page.keyboard.press('Enter');
  await expectPage(page.getByText('yesterday is no time')).toBeVisible();
});

test('the route tree shows the way of labels', async () => {
  await open('busy', '#/alerts/routes');
  await page.keyboard.press('/');
  await page.getByRole('textbox', { name: 'Labels to try' }).fill('severity="page"');
  await expectPage(page.getByText('on-call is told (pagerduty, slack) after 30s')).toBeVisible();
  await expectPage(page.getByRole('listitem').filter({ hasText: '{severity="page"}' }).first().getByText('taken')).toBeVisible();
  expect(await hash()).toContain('labels=severity="page"');
});

describe('rules', () => {
  test('are edited with checks as one types, a preview, and the lab', async () => {
    await open('busy', '#/alerts/rules', { person: 'Ada' });
    await expectPage(page.getByText('5 of 5 rules are evaluated on what arrives.')).toBeVisible();
    await page.getByRole('button', { name: 'Edit and try ErrorRatioHigh' }).click();
    await expectPage(page.getByText('compare its rate')).toBeVisible();
    await expectPage(page.getByRole('button', { name: 'Save' })).toBeDisabled();
    await editor().press('Control+a');
    await page.keyboard.insertText('groups:\n  - name: shop\n    rules: [{alert: X, exprs: up}]\n');
    await expectPage(page.getByText('did you mean "expr"?')).toBeVisible();
    await expectPage(page.getByRole('button', { name: 'Save' })).toBeDisabled();
    await editor().press('Control+a');
    await page.keyboard.insertText('groups:\n  - name: shop\n    rules:\n      - alert: X\n        expr: rat');
    await page.keyboard.type('e(');
    await page.keyboard.type('http_');
    await expectPage(page.locator('.cm-tooltip-autocomplete li').first()).toContainText('http_');
    await expectPage(page.locator('.cm-lintRange-error').first()).toBeVisible();
    await editor().press('Control+a');
    await page.keyboard.insertText('groups:\n  - name: shop\n    rules: [{alert: X, expr: rate(up[5m]) > 1}]\n');
    await expectPage(page.getByText('Nothing to mend.')).toBeVisible();
    await page.getByRole('tab', { name: 'Gives now' }).click();
    await expectPage(page.getByText('holds for 1')).toBeVisible();
    await page.getByRole('tab', { name: 'Rule lab' }).click();
    await page.getByRole('button', { name: 'Try it' }).click();
    await expectPage(page.getByText('Pages 2 times instead of 5, first 11 min earlier')).toBeVisible();
    await page.getByRole('button', { name: 'Save' }).click();
    await expectPage(page.getByText('Saved: the rules are in force within seconds')).toBeVisible();
  });

  test('noise says what is loud and what cannot fire', async () => {
    await open('busy', '#/alerts/noise');
    await expectPage(page.getByRole('row').filter({ hasText: 'TargetDown' }).getByText('1 flap')).toBeVisible();
    await expectPage(page.getByText('finds nothing because of')).toBeVisible();
  });
});

test('objectives: the least budget first, one in detail, and a new one', async () => {
  await open('busy', '#/slos', { person: 'Ada' });
  await expectPage(page.getByRole('row').nth(1)).toContainText('Mails arrive');
  await page.getByRole('link', { name: 'Orders can be placed' }).click();
  await expectPage(page.getByText('At this pace the budget is gone in 12 h 16 min.')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog', { name: 'New objective' });
  await dialog.getByLabel('Service').fill('checkout');
  await dialog.getByLabel('Name', { exact: true }).fill('errors');
  await dialog.getByLabel('PromQL of the bad events').fill('bad_total');
  await expectPage(dialog.getByText('Still missing: all events.')).toBeVisible();
  await dialog.getByLabel('PromQL of all events').fill('all_total');
  await expectPage(dialog.getByText('of the budget would be left')).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expectPage(page.getByText('Saved: its rules are in force within seconds')).toBeVisible();
});

test('an objective is edited by the form or, where that would lose something, as text; and deleted', async () => {
  await open('busy', '#/slos/checkout-availability', { person: 'Ada' });
  await expectPage(page.getByRole('heading', { level: 1, name: 'Orders can be placed' })).toBeVisible();
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Edit Orders can be placed' });
  await expectPage(dialog.getByLabel('PromQL of the bad events')).toHaveValue('errors_total');
  await dialog.getByLabel('Target, %').fill('99');
  await expectPage(dialog.getByText(/of the budget would be left, now 31/)).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expectPage(page.getByText('Saved: its rules are in force within seconds')).toBeVisible();
  await page.getByRole('button', { name: 'Delete' }).click();
  const sure = page.getByRole('dialog', { name: 'Delete Orders can be placed?' });
  await expectPage(sure.getByText('1 that fire now end')).toBeVisible();
  await sure.getByRole('button', { name: 'Delete' }).click();
  await expectPage(page.getByText('Deleted: its rules end within seconds')).toBeVisible();
  await page.getByRole('link', { name: 'Mails arrive' }).click();
  await expectPage(page.getByText('it is edited as text, because its file is one of Sloth, not openslo/v1')).toBeVisible();
  await page.keyboard.press('e');
  await expectPage(page.getByText('Every objective asks and alerts as before.')).toBeVisible();
  await editor().press('Control+End');
  await page.keyboard.insertText('    objective: x\n');
  await expectPage(page.getByText('slos/mail.yml:5: x is no number')).toBeVisible();
  await expectPage(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await page.keyboard.press('Control+z');
  await page.keyboard.insertText('    # calmer\n');
  await expectPage(page.getByText(/mail-delivery is changed: 44.*of its budget left, now .12/)).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expectPage(page.getByText('Saved: its rules are in force within seconds').last()).toBeVisible();
});

/** The screen in a real browser, on the scripted engine: keyboard, links, lost lines, hostile text, storms, accessibility. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { describe, expect, test } from 'vitest';
import { expectPage, useScreen } from './support/open-screen.ts';
import type { ScreenHost } from './support/screen-host.ts';
import type { ScriptedEngine } from './support/scripted-engine.ts';

let host: ScreenHost;
let engine: ScriptedEngine;
let page: Page;
let complaints: string[];
const open = useScreen((opened) => ({ host, engine, page, complaints } = opened));

const hash = (): Promise<string> => page.evaluate(() => decodeURIComponent(location.hash.replaceAll('+', ' ')));
const firing = (count: number): ReturnType<Page['locator']> => page.getByRole('button', { name: `Firing ${count}` });
const editor = (): ReturnType<Page['locator']> => page.locator('.cm-content');

describe('the keyboard', () => {
  test('leads through every view and takes an alert', async () => {
    await open('busy');
    for (const [keys, view] of [
      ['g i', 'Incidents'],
      ['g a', 'Alerts'],
      ['g q', 'Silences'],
      ['g w', 'Why was I paged?'],
      ['g e', 'Explore'],
      ['g r', 'Runbooks'],
      ['g s', 'Sources'],
      ['g ,', 'Settings'],
      ['g o', 'Overview'],
    ] as const) {
      for (const key of keys.split(' ')) await page.keyboard.press(key);
      await expectPage(page.getByRole('main', { name: view })).toBeVisible();
    }
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await expectPage(firing(5)).toBeVisible();
    await page.keyboard.press('j');
    await expectPage(page.getByRole('heading', { level: 1, name: 'ErrorRatioHigh' })).toBeVisible();
    await page.keyboard.press('a');
    await page.getByRole('dialog').getByLabel('Name').fill('Ada');
    await page.keyboard.press('Enter');
    await expectPage(page.getByRole('article').getByText(/^Ada, /)).toBeVisible();
    await page.keyboard.press('Escape');
    expect(await hash()).toBe('#/alerts');
  });

  test('finds things in the palette, and keys in the help', async () => {
    await open('busy');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('requests are');
    await page.keyboard.press('Enter');
    await expectPage(page.getByRole('heading', { level: 1, name: 'Requests are slow' })).toBeVisible();
    await page.keyboard.press('?');
    await expectPage(page.getByRole('dialog', { name: 'Keys' }).getByText('Declare an incident')).toBeVisible();
    await page.keyboard.press('Escape');
    await expectPage(page.getByRole('dialog')).toHaveCount(0);
  });

  test('declares, notes and walks a runbook', async () => {
    await open('busy', '#/alerts?by=name', { person: 'Ada' });
    await expectPage(firing(5)).toBeVisible();
    await page.keyboard.press('j');
    await page.keyboard.press('i');
    const dialog = page.getByRole('dialog', { name: 'Declare an incident' });
    await expectPage(dialog.getByLabel('What is broken')).not.toHaveValue('');
    await expectPage(dialog.getByRole('radio', { name: /SEV-2/ })).toBeChecked();
    await page.keyboard.press('Control+Enter');
    await expectPage(page.getByText('Declared as SEV-2')).toBeVisible();
    await page.getByRole('button', { name: 'Start the runbook' }).press('Enter');
    await expectPage(page.getByRole('button', { name: 'Check now' })).toBeVisible();
    await page.keyboard.press('x');
    await expectPage(page.getByRole('region', { name: 'Runbook' }).getByText('1.83 s, expected < 0.5 s')).toBeVisible();
    await page.keyboard.press('n');
    await page.keyboard.type('02:41 the cache was flushed');
    await page.keyboard.press('Enter');
    const note = page.getByRole('listitem').filter({ hasText: 'the cache was flushed' });
    await expectPage(note.getByText('02:41:00')).toBeVisible();
  });
});

describe('Explore', () => {
  test('runs on Enter, and its link shows the same again', async () => {
    await open('busy', '#/explore');
    await editor().click();
    await page.keyboard.type('sum(rate(http_requests_total[5m]))');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await expectPage(page.getByText('40 series,')).toBeVisible();
    await page.getByRole('tab', { name: 'Table' }).click();
    await page.getByRole('button', { name: 'Hold this time' }).click();
    const link = await hash();
    expect(link).toMatch(/g0\.expr=sum\(rate\(http_requests_total\[5m\]\)\)/);
    expect(link).toMatch(/g0\.tab=table/);
    expect(link).toMatch(/g0\.range_input=1h/);
    await page.goto('about:blank');
    await page.goto(host.url.replace(/#.*/, link.replaceAll(' ', '+')));
    await expectPage(page.getByRole('tab', { name: 'Table' })).toHaveAttribute('aria-selected', 'true');
    await expectPage(page.getByRole('button', { name: 'Held' })).toBeVisible();
    await expectPage(editor()).toHaveText('sum(rate(http_requests_total[5m]))');
  });

  test('several queries in one graph: added, hidden, removed, and the link shows the same', async () => {
    await open('busy', '#/explore?g0.expr=up');
    await expectPage(page.getByText('6 series,')).toBeVisible();
    await page.getByRole('button', { name: 'Add a query (n)' }).click();
    await page.getByRole('group', { name: 'Query B' }).locator('.cm-content').click();
    await page.keyboard.type('node_cpu_seconds_total');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await expectPage(page.getByText('8 series,')).toBeVisible();
    expect(await hash()).toMatch(/g1\.expr=node_cpu_seconds_total/);
    await page.getByRole('button', { name: 'Hide query A' }).click();
    await expectPage(page.getByText('2 series,')).toBeVisible();
    expect(await hash()).toMatch(/g0\.hide=1/);
    await page.getByRole('button', { name: 'Draw query A' }).click();
    await expectPage(page.getByText('8 series,')).toBeVisible();
    await page.getByRole('button', { name: 'Remove query A' }).click();
    await expectPage(page.getByText('2 series,')).toBeVisible();
    await expectPage(editor()).toHaveText('node_cpu_seconds_total');
    expect(await hash()).not.toMatch(/g1\.expr/);
  });

  test('explains each part of a query, by keys', async () => {
    await open('busy', '#/explore?g0.expr=sum(rate(http_requests_total[5m]))&g0.tab=explain');
    const tree = page.getByRole('tree', { name: 'Parts of the query' });
    const parts = tree.getByRole('treeitem');
    await expectPage(parts).toHaveCount(2);
    await parts.first().focus();
    await page.keyboard.press('ArrowDown');
    await expectPage(parts.nth(1)).toBeFocused();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await expectPage(parts).toHaveCount(1);
    await page.keyboard.press('ArrowRight');
    await expectPage(parts).toHaveCount(2);
  });

  test('formats what is typed', async () => {
    await open('busy', '#/explore?g0.expr=sum(rate(up[5m]))by(job)');
    await page.getByRole('button', { name: 'Format query A' }).click();
    await expectPage(editor()).toHaveText('sum by (job) (rate(up[5m]))');
  });

  test('shows what the engine refuses at its place', async () => {
    await open('busy', '#/explore?g0.expr=sum(bad(x))');
    await expectPage(page.getByRole('alert')).toContainText('unknown function "bad"');
    await expectPage(page.locator('.cm-lintRange-error')).toContainText('bad');
  });

  test('completes names from the data', async () => {
    await open('busy', '#/explore');
    await editor().click();
    await page.keyboard.type('http_requ');
    await page.locator('.cm-tooltip-autocomplete').getByText('http_requests_total').click();
    await expectPage(editor()).toHaveText('http_requests_total');
  });

  test('cancels what is no longer asked, in the engine too', async () => {
    await open('busy', '#/explore?g0.expr=slow');
    await expectPage(page.getByText('Asking…')).toBeVisible();
    await page.evaluate(() => (location.hash = '#/explore?g0.expr=up'));
    await expectPage(page.getByText('6 series,')).toBeVisible();
    expect(engine.cancelledCount).toBe(1);
    await page.evaluate(() => (location.hash = '#/explore?g0.expr=slow'));
    await expectPage(page.getByText('Asking…')).toBeVisible();
    await page.evaluate(() => (location.hash = '#/'));
    await expect.poll(() => engine.cancelledCount, { timeout: 20_000 }).toBe(2);
  });

  test('asks again only when the question changes', async () => {
    await open('busy', '#/explore?g0.expr=up&g0.range_input=6h');
    await expectPage(page.getByText('6 series,')).toBeVisible();
    const asked = engine.asked.length;
    await page.getByRole('button', { name: 'Stacked' }).click();
    await expectPage(page.getByRole('button', { name: 'Stacked', pressed: true })).toBeVisible();
    await page.getByRole('tab', { name: 'Table' }).click();
    await expectPage(page.getByRole('button', { name: 'Hold this time' })).toBeVisible();
    expect(engine.asked).toHaveLength(asked);
  });

  test('zooms where it is dragged, and back', async () => {
    await open('busy', '#/explore?g0.expr=up');
    const plot = page.getByRole('slider');
    await expectPage(plot).toBeVisible();
    const box = (await plot.boundingBox())!;
    await page.mouse.move(box.x + 400, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + 600, box.y + 90, { steps: 4 });
    await page.mouse.up();
    await expectPage(page.getByText('As of')).toBeVisible();
    expect(await hash()).toMatch(/g0\.end_input=\d{4}-/);
    await page.keyboard.press('t');
    await page.keyboard.press('z');
    await expectPage(page.getByRole('button', { name: 'Last 1h' })).toBeVisible();
  });

  test('a click in the legend leaves one line, with Ctrl two', async () => {
    await open('busy', '#/explore?g0.expr=up');
    const rows = page.getByRole('list', { name: 'Series' }).getByRole('button');
    await rows.nth(1).click();
    await expectPage(page.getByRole('button', { pressed: true }).and(rows)).toHaveCount(1);
    await rows.nth(2).click({ modifiers: ['Control'] });
    await expectPage(page.getByRole('button', { pressed: true }).and(rows)).toHaveCount(2);
  });

  test('an address of Prometheus opens on the data here', async () => {
    await open('busy');
    await page.keyboard.press('Control+k');
    await page.keyboard.insertText('http://prometheus.example:9090/graph?g0.expr=up&g0.tab=1&g0.range_input=6h');
    await page.keyboard.press('Enter');
    await expectPage(page.getByRole('tab', { name: 'Table' })).toHaveAttribute('aria-selected', 'true');
    await expectPage(page.getByRole('button', { name: 'Last 6h' })).toBeVisible();
  });
});

describe('an incident', () => {
  test('is told about: a draft, the log, and texts to paste', async () => {
    await open('busy', '#/incidents/1', { person: 'Ada' });
    await expectPage(page.getByRole('heading', { level: 1, name: 'Payments are refused' })).toBeVisible();
    await page.keyboard.press('u');
    const dialog = page.getByRole('dialog', { name: 'Status update' });
    await expectPage(dialog.getByLabel('Actions')).toHaveValue('the cache was flushed');
    await dialog.getByLabel('Conditions').fill('Payments fail for one user in five.');
    await page.keyboard.press('Control+Enter');
    const texts = page.getByRole('dialog', { name: 'The update as text' });
    await expectPage(texts.getByRole('region', { name: 'For the team' })).toContainText('Needs: An incident commander.');
    await texts.getByRole('region', { name: 'For a status page' }).getByRole('button', { name: 'Copy' }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('Payments fail for one user in five.');
    await texts.getByRole('button', { name: 'Done' }).click();
    await expectPage(page.getByText('Status update: Payments fail for one user in five.')).toBeVisible();
  });

  test('keeps action items: added, changed, done', async () => {
    await open('busy', '#/incidents/1', { person: 'Ada' });
    const items = page.getByRole('region', { name: 'Action items' });
    await expectPage(items).toBeVisible();
    await page.keyboard.press('i');
    const dialog = page.getByRole('dialog', { name: 'New action item' });
    await dialog.getByLabel('What to do').fill('Watch the expiry of certificates');
    await dialog.getByLabel(/^Due/).fill('2020-01-31');
    await page.keyboard.press('Enter');
    await expectPage(items.getByText('nobody yet')).toBeVisible();
    await expectPage(items.getByText('due 2020-01-31')).toBeVisible();
    await items.getByRole('button', { name: 'Watch the expiry of certificates', exact: true }).click();
    await page.getByRole('dialog', { name: 'Action item 1' }).getByLabel('Owner').fill('Grace');
    await page.keyboard.press('Control+Enter');
    await expectPage(items.getByText('Grace')).toBeVisible();
    await page.evaluate(() => (location.hash = '#/incidents'));
    const waiting = page.getByRole('region', { name: 'Open action items' });
    await expectPage(waiting).toContainText('#1 Payments are refused');
    await waiting.getByRole('link', { name: 'Watch the expiry of certificates' }).click();
    await items.getByRole('button', { name: /^Done:/ }).click();
    await expectPage(items.getByRole('button', { name: /^Reopen:/ })).toBeVisible();
    expect(engine.incidents[0]!.incident.actions).toMatchObject([{ id: 1, owner: 'Grace', state: 'done' }]);
  });
});

describe('an incident as people put it right', () => {
  test('shows what a role does, and frees it', async () => {
    await open('busy', '#/incidents/1', { person: 'Ada' });
    await expectPage(page.getByText('Ada Okafor · Incident commander')).toBeVisible();
    await page.keyboard.press('o');
    const dialog = page.getByRole('dialog', { name: 'Give a role' });
    await expectPage(dialog.getByText('Mitigate before you understand.')).toBeVisible();
    await dialog.getByRole('button', { name: 'Free it' }).click();
    await expectPage(page.getByText('Nobody is Incident commander now')).toBeVisible();
    await expectPage(page.getByRole('button', { name: 'I command' })).toBeVisible();
  });

  test('takes another title and start', async () => {
    await open('busy', '#/incidents/1', { person: 'Ada' });
    await expectPage(page.getByRole('heading', { level: 1, name: 'Payments are refused' })).toBeVisible();
    await page.keyboard.press('w');
    const dialog = page.getByRole('dialog', { name: 'Correct the incident' });
    await dialog.getByLabel('What is broken').fill('Payments by card are refused');
    await dialog.getByLabel(/^Began at/).fill('now+1h');
    await expectPage(dialog.getByRole('button', { name: 'Correct it' })).toBeDisabled();
    await dialog.getByLabel(/^Began at/).fill('2026-01-31 02:41:00');
    await dialog.getByLabel('How that is known').fill('first error in the log');
    await page.keyboard.press('Control+Enter');
    await expectPage(page.getByRole('heading', { level: 1, name: 'Payments by card are refused' })).toBeVisible();
    await expectPage(page.getByText('Start set to 2026-01-31 01:41:00 UTC')).toBeVisible();
  });

  test('is declared by keys that were faster than the list', async () => {
    await open('busy', '#/runbooks', { person: 'Ada' });
    const late = Promise.withResolvers<void>();
    engine.groupsAfter = late.promise;
    await page.evaluate(() => (location.hash = '#/alerts'));
    await expectPage(firing(5)).toBeVisible();
    await page.keyboard.press('j');
    await page.keyboard.press('i');
    expect(new URL(page.url()).hash).toBe('#/alerts');
    late.resolve();
    await expectPage(page.getByLabel('What is broken')).not.toHaveValue('');
  });

  test('shows what helped before, and lets an alert go', async () => {
    await open('busy', `#/alerts`, { person: 'Ada' });
    await expectPage(firing(5)).toBeVisible();
    await page.keyboard.press('j');
    await page.keyboard.press('i');
    await expectPage(page.getByLabel('What is broken')).not.toHaveValue('');
    await page.keyboard.press('Control+Enter');
    await expectPage(page.getByRole('region', { name: 'Similar incidents' })).toContainText('Helped: switched to the second provider');
    await page.getByRole('button', { name: 'Not part of this incident' }).click();
    await page.getByRole('dialog', { name: 'Take the alert out' }).getByRole('textbox').fill('another cause');
    await page.keyboard.press('Control+Enter');
    await expectPage(page.getByText('An alert was taken out')).toBeVisible();
    await expectPage(page.getByRole('button', { name: 'Not part of this incident' })).toHaveCount(0);
  });

  test('is reported by the template that is chosen', async () => {
    await open('busy', '#/incidents/1/postmortem');
    await page.getByLabel('Template').selectOption('Short report');
    await expectPage(page.getByText('# short: Payments are refused')).toBeVisible();
    expect(await hash()).toMatch(/template=short/);
  });
});

test('a lost engine is said with its reason, and everything comes back by itself', async () => {
  await open('busy', '#/alerts');
  await expectPage(firing(5)).toBeVisible();
  host.kill('the engine stopped (exit code 1); it is started again');
  const banner = page.getByRole('alert');
  await expectPage(banner).toContainText('the engine stopped (exit code 1)');
  await expectPage(firing(5)).toBeVisible();
  engine.resolve('TargetDown');
  host.revive();
  await expectPage(banner).toHaveCount(0);
  await expectPage(firing(4)).toBeVisible();
});

test('while the engine is away, no old answer stands under a new question', async () => {
  await open('busy', '#/explore?g0.expr=up');
  await expectPage(page.getByText('6 series,')).toBeVisible();
  host.kill('gone');
  await expectPage(page.getByRole('alert')).toContainText('gone');
  await expectPage(page.getByText('6 series,')).toBeVisible();
  await page.evaluate(() => (location.hash = '#/explore?g0.expr=other'));
  await expectPage(page.getByText('6 series,')).toHaveCount(0);
  host.revive();
  await expectPage(page.getByText('40 series,')).toBeVisible();
});

test('a tab without a key says how to get one', async () => {
  await open('busy');
  const other = await page.context().browser()!.newContext();
  const stranger = await other.newPage();
  await stranger.goto(host.url.replace(/#.*/, ''));
  await expectPage(stranger.getByRole('alert')).toContainText('this tab has no key to Signalbox');
  await other.close();
});

test('a second tab of the same browser gets the key from the first', async () => {
  await open('busy');
  const second = await page.context().newPage();
  await second.goto(host.url.replace(/#.*/, '#/alerts'));
  await expectPage(second.getByRole('button', { name: 'Firing 5' })).toBeVisible();
});

describe('text from outside', () => {
  test('is shown, never acted on', async () => {
    await open('storm', '#/alerts?filter=job%3Dnode');
    await page.getByLabel('Filter').fill('img');
    await expectPage(page.getByText('instance=<img src=x onerror=alert(1)>')).toBeVisible();
    await page.getByLabel('Filter').fill('exe');
    await expectPage(page.getByText('abc⟨U+202E⟩txt.exe')).toBeVisible();
  });

  test('as HTML of a runbook is sieved', async () => {
    await open('busy');
    engine.html = `<p id="in">Fine <b>words</b></p><script>alert(1)</script><img src=x onerror=alert(2)><img src="https://evil.example/track.png" alt="map">
      <a href="javascript:alert(3)">one</a><a href="https://example.org/">two</a><form action="https://evil.example"><input name=a></form>
      <svg><style>*{display:none}</style></svg><p style="position:fixed">x</p><iframe src="https://evil.example"></iframe>`;
    await page.evaluate(() => (location.hash = '#/runbooks/high-latency'));
    const box = page.locator('.markdown').first();
    await expectPage(box.getByText('words')).toBeVisible();
    await expectPage(box.locator('script, form, input, iframe, svg, style, [onerror], [style], img[src]')).toHaveCount(0);
    await expectPage(box.getByText('one')).not.toHaveAttribute('href');
    await expectPage(box.getByText('two')).toHaveAttribute('href', 'https://example.org/');
    // The sieve parses in an inert document, of which the policy refuses what it would refuse in the page.
    for (const text of complaints.splice(0)) if (!text.includes('Content Security Policy')) complaints.push(text);
    await expectPage(box.getByText('map')).toHaveAttribute('href', 'https://evil.example/track.png');
  });
});

test('three thousand alerts draw no more than the screen holds', async () => {
  await open('storm', '#/alerts');
  await expectPage(page.getByRole('button', { name: /^CertificateExpiresSoon/ }).first()).toBeVisible();
  await page
    .getByRole('button', { name: /^CertificateExpiresSoon/ })
    .first()
    .click();
  const list = page.getByRole('list', { name: 'Alerts' });
  await list.evaluate((element) => (element.scrollTop = 600 * 44));
  await expectPage(page.getByRole('button', { name: /^NodeMemoryPressure|^PodCrashLooping/ }).first()).toBeVisible();
  expect(await list.getByRole('listitem').count()).toBeLessThan(60);
});

test('the first start says what is watched and what comes next', async () => {
  await open('first');
  await expectPage(page.getByText('Nothing is set up yet.')).toBeVisible();
  await expectPage(page.getByText('/home/ada/.signalbox')).toBeVisible();
  await expectPage(page.getByRole('button', { name: 'Copy example' })).toBeVisible();
});

describe('sources', () => {
  test('relabelling is walked through rule by rule, and its link shows the same again', async () => {
    await open('busy', '#/sources?tab=relabel');
    await expectPage(page.getByText('3 rules later it is kept.')).toBeVisible();
    await page.getByRole('button', { name: '10.0.9.9:8080' }).click();
    await expectPage(page.getByText('Line 14 drops it')).toBeVisible();
    await page.reload();
    await expectPage(page.getByText('Line 14 drops it')).toBeVisible();
    await page.getByRole('textbox', { name: 'Labels of the target' }).fill('{env="prod", x');
    await expectPage(page.getByText('is expected at "x"')).toBeVisible();
    await page.getByRole('tab', { name: 'metric_relabel_configs' }).click();
    await expectPage(page.getByText('The job has no metric_relabel_configs')).toBeVisible();
  });

  test('a pushed group that never went away is deleted, and the account says what was rejected', async () => {
    await open('busy', '#/sources?tab=pushed');
    await expectPage(page.getByText('Never went away')).toBeVisible();
    await page.getByRole('button', { name: 'Delete' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expectPage(page.getByText('Never went away')).toHaveCount(0);
    await page.getByRole('tab', { name: 'Account' }).click();
    await expectPage(page.getByRole('row', { name: /catalogue.*88,412.*71,004.*17,408.*Adds up/ })).toBeVisible();
  });
});

describe('accessibility', () => {
  const views = [
    '#/',
    '#/alerts',
    '#/alerts/silences?expired=1',
    '#/alerts/silences?form=new&matchers=job%3D%22checkout%22',
    '#/alerts/why?labels=LatencyHigh',
    '#/alerts/routes?labels=severity%3D%22page%22',
    '#/alerts/rules',
    '#/alerts/rules?file=rules%2Fshop.yml',
    '#/alerts/noise',
    '#/slos',
    '#/slos/checkout-availability',
    '#/slos?form=new',
    '#/incidents',
    '#/incidents/1',
    '#/explore?g0.expr=up',
    '#/explore?g0.expr=up&g0.tab=table',
    '#/explore?g0.expr=up&g1.expr=node_cpu&g0.tab=explain',
    '#/runbooks',
    '#/sources',
    '#/sources?tab=relabel',
    '#/sources?tab=account',
    '#/sources?tab=pushed',
    '#/sources?tab=sampling',
    '#/settings',
    '#/incidents/declare',
  ];
  test.each(['dark', 'light'] as const)(
    'nothing serious in any view, %s',
    async (colorScheme) => {
      await open('busy', '', { colorScheme, person: 'Ada' });
      const found: string[] = [];
      for (const view of [...views, `#/alerts/${engine.alerts[0]!.id}`]) {
        await page.evaluate((to) => (location.hash = to), view);
        await page.waitForFunction(() => document.querySelector('main')?.childElementCount !== 0);
        await page.waitForLoadState('networkidle');
        const { violations } = await new AxeBuilder({ page }).analyze();
        found.push(
          ...violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${view}: ${id}: ${nodes.map((node) => node.html).join(' ')}`),
        );
      }
      expect(found).toEqual([]);
    },
    300_000,
  );
});

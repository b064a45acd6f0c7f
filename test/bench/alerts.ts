/** An alert storm: 10,000 alerts through the alerting half, and on the Alerts screen in a real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { createAlerting } from '#core/alerting/index.ts';
import { closeDb, openDb } from '#core/db/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { alertId, labelsFromRecord, type Alert } from '#core/model/index.ts';
import { ManualClock } from '../support/clock.ts';
import { browserFlags, findChromium } from '../e2e/support/browser.ts';
import { stormOf } from '../renderer/support/scene.ts';
import { buildScreen, hostScreen } from '../renderer/support/screen-host.ts';
import { ScriptedEngine } from '../renderer/support/scripted-engine.ts';
import type { BenchRow } from './row.ts';

const count = 10_000;
const keystrokes = 60;
/** How often the engine tells of so many alerts; see core/answers/watch.ts. Each then has another value, and one in fifty has just resolved or begun. */
const churnMs = 5000;

export async function benchAlerts(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    return [...(await flushes(folder)), ...(findChromium() === undefined ? [] : await onScreen(join(folder, 'screen')))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function firing(clock: ManualClock): Alert[] {
  const times = { activeAtMs: clock.now(), firedAtMs: clock.now(), resolvedAtMs: undefined };
  return Array.from({ length: count }, (_none, i) => {
    const labels = labelsFromRecord({
      alertname: `A${i % 20}`,
      cluster: `c${i % 50}`,
      instance: `10.0.${i >> 8}.${i & 255}:9100`,
      severity: i % 7 === 0 ? 'page' : 'warning',
    });
    return {
      id: alertId(labels),
      labels,
      annotations: ['summary', `number ${i}`],
      state: 'firing',
      value: i,
      ...times,
      expr: 'up == 0',
      group: 'g',
      ruleFile: 'r.yml',
    };
  });
}

const routes = `route:
  receiver: team
  group_by: [alertname, cluster]
  routes: [{matchers: ['severity="page"'], receiver: on-call}]
inhibit_rules: [{source_matchers: ['alertname="A0"'], target_matchers: ['severity="warning"'], equal: [instance]}]
receivers: [{name: team, log_configs: [{}]}, {name: on-call, log_configs: [{}]}]
`;

/** Alerts come in, and all their groups have a turn at once; then a turn with no news. */
async function flushes(folder: string): Promise<BenchRow[]> {
  const clock = new ManualClock();
  const db = openDb(join(folder, 'journal.sqlite'), 'journal');
  let told = 0;
  const send = (): Promise<{ ok: true }> => {
    told++;
    return Promise.resolve({ ok: true });
  };
  const alerting = createAlerting({ db, clock, random: () => 0.5, config: parseAlertmanagerConfig(routes, 'a.yml'), send });
  const spent = async (act: () => Promise<void> | void): Promise<number> => {
    const from = process.cpuUsage();
    await act();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  };
  const alerts = firing(clock);
  const taken = await spent(() => alerting.put(alerts));
  const first = await spent(() => clock.advance(35_000));
  const again = await spent(() => alerting.put(alerts));
  const idle = await spent(() => clock.advance(300_000));
  const shown = await spent(() => void alerting.alerts());
  alerting.stop();
  closeDb(db);
  const what = `${count.toLocaleString('en')} alerts in ${told.toLocaleString('en')} groups`;
  return [
    { name: `${what}: taken in, each with its decision on disk`, value: taken, unit: 'CPU ms' },
    { name: `${what}: the first flush of all groups`, value: first, unit: 'CPU ms' },
    { name: `${what}: put again unchanged`, value: again, unit: 'CPU ms' },
    { name: `${what}: a flush of all groups with no news`, value: idle, unit: 'CPU ms' },
    { name: `${what}: asked for by the screen`, value: shown, unit: 'CPU ms' },
  ];
}

async function onScreen(outDir: string): Promise<BenchRow[]> {
  await buildScreen(outDir);
  const engine = new ScriptedEngine('storm');
  engine.alerts = stormOf(Date.now(), count);
  const host = await hostScreen(outDir, engine);
  const browser: Browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...browserFlags, '--enable-precise-memory-info'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(host.url);
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    const openMs = await opened(page);
    const typed = await typing(page, engine);
    const heapBytes = await page.evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize);
    return [
      { name: `${count.toLocaleString('en')} firing alerts on the Alerts screen, until they are seen`, value: openMs, unit: 'ms', goal: '< 1000' },
      {
        name: 'a key in its filter until the next picture, p95, while all alerts are told anew every 5 s',
        value: typed,
        unit: 'ms',
        goal: '< 50',
      },
      { name: 'its memory', value: heapBytes / 2 ** 20, unit: 'MiB', goal: '< 300', peer: "Alertmanager's page took 5 GB" },
    ];
  } finally {
    await browser.close();
    await host.close();
  }
}

/** From the click to the first rows, by the page's own clock. */
function opened(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((done) => {
        const startMs = performance.now();
        const look = (): void => {
          if (document.querySelector('[role=list][aria-label=Alerts] [role=listitem]') === null) requestAnimationFrame(look);
          else done(performance.now() - startMs);
        };
        location.hash = '#/alerts';
        look();
      }),
  );
}

function tellAnew(engine: ScriptedEngine, round: number): void {
  const atMs = Date.now();
  engine.alerts = engine.alerts.map((alert, i) => ({
    ...alert,
    value: i + round,
    ...(i % 50 === round % 50 ? { state: 'resolved', resolvedAtMs: atMs } : { state: 'firing', resolvedAtMs: undefined }),
  }));
  engine.resolve('');
}

async function typing(page: Page, engine: ScriptedEngine): Promise<number> {
  let round = 0;
  const churn = setInterval(() => tellAnew(engine, ++round), churnMs);
  const box = page.getByRole('searchbox', { name: 'Filter' });
  await box.focus();
  await page.evaluate(() => {
    const held = window as unknown as { lateMs: number[] };
    held.lateMs = [];
    document.addEventListener(
      'keydown',
      (event) => requestAnimationFrame(() => requestAnimationFrame(() => held.lateMs.push(performance.now() - event.timeStamp))),
      true,
    );
  });
  for (let i = 0; i < keystrokes; i++) {
    await page.keyboard.press(i % 12 === 11 ? 'Control+a' : '1node=12.7'[i % 10]!);
    await page.waitForTimeout(100);
  }
  clearInterval(churn);
  const lateMs = await page.evaluate(() => (window as unknown as { lateMs: number[] }).lateMs);
  return lateMs.sort((a, b) => a - b)[Math.floor(lateMs.length * 0.95)]!;
}

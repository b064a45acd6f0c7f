/**
 * Reliability, section 3, as one run of a whole engine on a clock of the test: normal, ten minutes of overload, normal again. The account is
 * exact on both sides, what fires goes on, the timeline tells, and the engine comes back by itself. TORTURE=long goes through it ten times.
 */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Client, SignalboxContract } from '#core/contract/index.ts';
import type { Engine } from '#core/engine.ts';
import type { HttpAnswer } from '#core/model/index.ts';
import { ManualClock } from '../support/clock.ts';
import { clientOf, engineOn } from '../support/engine.ts';
import { tempFolder } from '../support/folder.ts';
import { httpTarget, page } from '../support/http-target.ts';

const rounds = process.env['TORTURE'] === 'long' ? 10 : 1;
const stepMs = 5_000;
const minute = 60_000 / stepMs;

const rules = `groups:
- name: g
  rules:
  - {alert: QueueLong, expr: queue_length > 5}
  - {alert: TargetBusy, expr: busy > 5}
`;

class OverloadRun {
  readonly clock = new ManualClock();
  readonly dataDir = tempFolder();
  engine!: Engine;
  client!: Client<SignalboxContract>;
  address = '';
  /** What the client of the pushes was told. */
  readonly told = { accepted: 0, refused: 0 };
  queueLength = 9;
  #stampSeconds = 1_800_000_000;

  async open(): Promise<void> {
    const target = await httpTarget(page('busy 9\n'));
    this.address = target.address;
    mkdirSync(join(this.dataDir, 'rules'));
    this.#save('rules/a.yml', rules);
    this.allow('64GB');
    this.engine = await engineOn(this.dataDir, this.clock);
    onTestFinished(() => this.engine.close());
    this.client = clientOf(this.engine);
  }

  /** The memory that the engine may take: less than it has is overload of the highest level. */
  allow(memory: string): void {
    this.#save(
      'signalbox.yml',
      `global: {scrape_interval: 5s, scrape_timeout: 5s, evaluation_interval: 5s}
limits: {memory: ${memory}}
rule_files: ['rules/*.yml']
scrape_configs: [{job_name: one, static_configs: [{targets: ['${this.address}']}]}]
`,
    );
  }

  #save(name: string, text: string): void {
    writeFileSync(join(this.dataDir, name), text);
    utimesSync(join(this.dataDir, name), ++this.#stampSeconds, this.#stampSeconds);
  }

  /** So many steps of 5 s, each with a push, and with `each` after it. */
  async pass(steps: number, each: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.push();
      await this.clock.advance(stepMs);
      for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
      await each();
    }
  }

  async push(): Promise<void> {
    const timeUnixNano = `${Math.floor(this.clock.now())}000000`;
    const metrics = [{ name: 'queue.length', gauge: { dataPoints: [{ timeUnixNano, asDouble: this.queueLength }] } }];
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    const { status } = await this.#http('POST', '/v1/metrics', body);
    if (status === 200) this.told.accepted++;
    else {
      expect(status).toBe(503);
      this.told.refused++;
    }
  }

  async #http(method: string, path: string, body = ''): Promise<HttpAnswer> {
    const headers = { 'content-type': 'application/json' };
    return this.engine.http({ port: 'app', method, path, query: '', headers, body: Buffer.from(body) });
  }

  async alerts(): Promise<Record<string, string>> {
    const { body } = await this.#http('GET', '/api/v1/alerts');
    const { data } = JSON.parse(Buffer.from(body).toString()) as { data: { alerts: { labels: { alertname: string }; state: string }[] } };
    return Object.fromEntries(data.alerts.map(({ labels, state }) => [labels.alertname, state]));
  }

  /** Own metrics by name and labels. */
  async own(): Promise<ReadonlyMap<string, number>> {
    const { body } = await this.#http('GET', '/metrics');
    const lines = Buffer.from(body)
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  /** received = stored + rejected + shed, of every source. */
  async checkAccount(): Promise<void> {
    const open = new Map<string, number>();
    for (const [name, value] of await this.own()) {
      const [, source, fate] = /^signalbox_intake_total\{source="([^"]*)",fate="([^"]*)"/.exec(name) ?? [];
      if (source !== undefined) open.set(source, (open.get(source) ?? 0) + (fate === 'received' ? value : -value));
    }
    expect(Object.fromEntries([...open].filter(([, left]) => left !== 0))).toEqual({});
  }

  async level(): Promise<number> {
    return (await this.own()).get('signalbox_overload_level')!;
  }
}

test('normal, overload, normal: nothing resolves falsely, nothing is lost in silence, and it ends by itself', { timeout: 600_000 }, async () => {
  const run = new OverloadRun();
  await run.open();
  await run.pass(minute);
  const firing = { QueueLong: 'firing', TargetBusy: 'firing' };
  expect(await run.alerts()).toEqual(firing);
  const { incident } = await run.client.call('incidents.declare', { title: 'Queue', sev: 3, why: 'test', by: 'Ada' });

  for (let round = 0; round < rounds; round++) {
    const before = { ...run.told };
    run.allow('1MB');
    await run.pass(3);
    expect(await run.level()).toBe(5);
    await run.pass(10 * minute, async () => expect(await run.alerts()).toEqual(firing));
    expect(run.told.refused - before.refused).toBeGreaterThan(9 * minute);
    await run.checkAccount();

    run.allow('64GB');
    await run.pass(2 * minute, async () => expect(await run.alerts()).toEqual(firing));
    expect(await run.level()).toBe(0);
    await run.checkAccount();
  }

  const own = await run.own();
  expect(own.get('signalbox_intake_total{source="otlp",fate="stored",reason=""}')).toBe(run.told.accepted);
  expect(own.get('signalbox_shed_total{level="5",reason="push",source="/v1/metrics"}')).toBe(run.told.refused);
  const losses = await run.client.call('system.losses', { dataset: 'live', startMs: 0, endMs: Math.floor(run.clock.now()) });
  const lost = losses.flatMap(({ parts }) => parts).filter(({ reason }) => reason === 'push');
  expect([losses.length, lost.reduce((sum, { count }) => sum + count, 0)]).toEqual([rounds, run.told.refused]);
  expect(new Set(losses.flatMap(({ causes }) => causes))).toEqual(new Set(['memory']));

  const { markdown } = await run.client.call('incidents.postmortem', { incident });
  expect(markdown.match(/Signalbox is overloaded, level 5 of 5: memory is at/g)).toHaveLength(rounds);
  expect(markdown.match(/Signalbox is no longer overloaded/g)).toHaveLength(rounds);

  // What is over is still seen to be over, once nothing is missing any more.
  run.queueLength = 1;
  await run.pass(3 * minute);
  expect(await run.alerts()).toEqual({ TargetBusy: 'firing' });
});

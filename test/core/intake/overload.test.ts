import { describe, expect, onTestFinished, test } from 'vitest';
import { defaultSpanMetrics, parseSignalboxConfig } from '#core/formats/index.ts';
import { createReceiver, createScraper, guardedSink, Ledger, Overload, type OverloadLevel } from '#core/intake/index.ts';
import { labelsFrom } from '#core/model/index.ts';
import { openLogs } from '#core/logs/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { httpTarget, page } from '../../support/http-target.ts';
import { otlpTraces, spanOf } from '../../support/spans.ts';

const GiB = 2 ** 30;

/** Overload under a clock, a memory and a disk that the test moves. */
class Strained {
  readonly clock = new ManualClock();
  memoryShare = 0.1;
  freeBytes = 100 * GiB;
  readonly levels: OverloadLevel[] = [];
  readonly overload = new Overload({
    clock: this.clock,
    memory: { used: () => this.memoryShare * 4 * GiB, max: () => 4 * GiB },
    disk: () => ({ free: this.freeBytes, total: 500 * GiB }),
    onChange: (level) => this.levels.push(level),
  });

  constructor() {
    this.overload.start();
    onTestFinished(() => this.overload.stop());
  }
}

describe('levels', () => {
  test.each([
    [0.69, 0],
    [0.7, 1],
    [0.8, 2],
    [0.85, 3],
    [0.9, 4],
    [0.95, 5],
    [1.3, 5],
  ])('memory at %f of its limit is level %i, at once', async (share, level) => {
    const strained = new Strained();
    strained.memoryShare = share;
    await strained.clock.advance(250);
    expect(strained.overload.level).toBe(level);
    expect(strained.overload.status.reasons).toEqual(level === 0 ? [] : [`memory is at ${Math.round(share * 100)} % of its limit`]);
    expect(strained.overload.status.shedding).toHaveLength(level);
  });

  test('a level ends one minute after everything fell under four fifths of its thresholds, not before', async () => {
    const strained = new Strained();
    const { clock, overload } = strained;
    strained.memoryShare = 0.96;
    await clock.advance(250);
    strained.memoryShare = 0.77; // over 0.8 * 0.95: level 5 is held
    await clock.advance(300_000);
    expect(overload.level).toBe(5);
    strained.memoryShare = 0.57; // over 0.8 * 0.7: level 1 is held, those above are not
    await clock.advance(59_000);
    expect(overload.level).toBe(5);
    strained.memoryShare = 0.9;
    await clock.advance(250);
    strained.memoryShare = 0.57;
    await clock.advance(60_000);
    expect(overload.level).toBe(5); // the minute began anew
    await clock.advance(500);
    expect(overload.level).toBe(1);
    strained.memoryShare = 0.1;
    await clock.advance(61_000);
    expect(overload.level).toBe(0);
    expect(strained.levels).toEqual([5, 1, 0]);
  });

  test('late timers, waiting pushes, slow pushes and a full disk count too', async () => {
    const late = new Strained();
    const { clock } = late;
    await clock.advance(30_000);
    const sleepy = new Overload({
      clock: { now: () => clock.now(), monotonicMs: () => clock.monotonicMs() * 1.5, after: (delayMs, act) => clock.after(delayMs, act) },
      memory: { used: () => 0, max: () => 1 },
      disk: () => ({ free: GiB * 100, total: GiB * 500 }),
      onChange: () => undefined,
    });
    sleepy.start();
    await clock.advance(30_000);
    expect(sleepy.status).toMatchObject({ level: 1, reasons: ['answers come 125 ms late'] });
    sleepy.stop();

    const full = new Strained();
    full.freeBytes = 9 * GiB; // under 2 % of 500 GiB
    await full.clock.advance(250);
    expect(full.overload.status).toMatchObject({ level: 5, reasons: ['the disk is nearly full'] });

    const queued = new Strained();
    const ends = queued.overload.pushBegins(52 << 20);
    await queued.clock.advance(250);
    expect(queued.overload.status).toMatchObject({ level: 4, reasons: ['pushes that wait fill 81 % of their room'] });
    ends();
    await queued.clock.advance(61_000);
    expect(queued.overload.level).toBe(0);
    const slowCommit = async (): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const watched = queued.overload.watchCommit(promise);
      await queued.clock.advance(1500);
      resolve();
      await watched;
    };
    await slowCommit();
    await slowCommit();
    await queued.clock.advance(250);
    expect(queued.overload.level).toBe(0); // two may be chance
    await slowCommit();
    await queued.clock.advance(250);
    expect(queued.overload.status).toMatchObject({ level: 4, reasons: ['pushes take 1.5 s to become durable'] });
    await queued.clock.advance(71_000);
    expect(queued.overload.level).toBe(0);
  });

  test.each([
    [{ ruleShare: 1.1, seriesShare: 0 }, 2, 'a group of rules takes 110 % of its interval', 'rules'],
    [{ ruleShare: 0.9, seriesShare: 1 }, 3, 'the store holds 100 % of the series that it takes', 'series'],
  ])('rules that come late, and a full store: %j', async (beside, level, reason, cause) => {
    const clock = new ManualClock();
    const disk = { free: 100 * GiB, total: 500 * GiB };
    const memory = { used: () => 0, max: () => 1 };
    const overload = new Overload({ clock, memory, disk: () => disk, beside: () => beside, onChange: () => undefined });
    onTestFinished(() => overload.stop());
    overload.start();
    await clock.advance(250);
    expect(overload.status).toMatchObject({ level, reasons: [reason], causes: [cause] });
  });

  test('nothing is taken to be over within two minutes of a loss that rules could have read', async () => {
    const { clock, overload } = new Strained();
    for (const reason of ['exemplar', 'not_sampled', 'thinned', 'scrape']) overload.countShed(reason, 'x');
    expect(overload.isBlind).toBe(false);
    overload.countShed('push', '/api/v1/write');
    await clock.advance(119_000);
    expect(overload.isBlind).toBe(true);
    await clock.advance(1_000);
    expect(overload.isBlind).toBe(false);
    overload.countShed('overload', 'remote_write');
    expect(overload.isBlind).toBe(true);
  });
});

/** A store, a receiver and a scraper behind one overload. */
function intakeUnder(strained: Strained) {
  const { clock, overload } = strained;
  const folder = tempFolder();
  const store = openTsdb({ folder, clock });
  const traces = openTraces({ folder, clock });
  const logs = openLogs({ folder, clock });
  const ledger = new Ledger((source, reason, count) => overload.countShed(reason, source, count));
  const sink = guardedSink(store, overload);
  const receiver = createReceiver({ store: sink, traces, logs, clock, ledger, folder, overload });
  const scraper = createScraper({
    store: sink,
    ownStore: store,
    clock,
    ledger,
    manners: {
      newcomers: () => overload.newcomers,
      pace: (job) => (job === 'ruled' || overload.level < 4 ? 1 : overload.level === 4 ? 2 : Number.POSITIVE_INFINITY),
      skipped: (job) => overload.countShed('scrape', `scrape:${job}`),
    },
  });
  onTestFinished(async () => {
    await scraper.stop();
    await receiver.stop();
    await traces.close();
    await logs.close();
    await store.close();
  });
  const account = (source: string): Record<string, number> => {
    const { received, stored, rejected, shed } = ledger.rows().find((row) => row.source === source)!;
    expect([...rejected.values(), ...shed.values()].reduce((a, b) => a + b, stored)).toBe(received);
    return { received, stored, ...Object.fromEntries(shed) };
  };
  const push = async (path: string, body: string, headers = {}): Promise<number> => {
    const answer = await receiver.receive({ port: 'app', method: 'POST', path, query: '', headers, body: Buffer.from(body) });
    return answer!.status;
  };
  return { store, traces, logs, receiver, scraper, account, push };
}

describe('what is shed', () => {
  test('from level 3 on new series, while those that are there and own metrics go on', async () => {
    const strained = new Strained();
    const { store, scraper, account, push } = intakeUnder(strained);
    const target = await httpTarget(page('known 1\n'));
    await scraper.apply(
      parseSignalboxConfig(`scrape_configs: [{job_name: j, static_configs: [{targets: ['${target.address}']}]}]`, 's').scrapeConfigs,
      parseSignalboxConfig('', 's').limits,
      '.',
    );
    const scrape = async (): Promise<void> => {
      await scraper.scrapeNow(target.url);
      strained.clock.jump(1000);
    };
    await scrape();
    expect(await push('/metrics/job/j', 'p 1\n')).toBe(200);
    strained.memoryShare = 0.86;
    await strained.clock.advance(11_000);
    const before = store.stats().series;
    target.answer = page('known 1\nnew 1\n');
    await scrape();
    expect(await push('/metrics/job/j', 'p 2\nq 1\n')).toBe(400);
    expect(store.stats().series).toBe(before);
    expect([account('scrape:j')['overload'], account('pushgateway')['overload']]).toEqual([1, 1]);
    scraper.addLocal('own', 'i', () => 'own_metric 1\n');
    await scraper.scrapeNow('local:i');
    expect(store.labelValues('__name__')).toContain('own_metric');
    expect(store.ref(labelsFrom([['__name__', 'ALERTS']]))).toBeGreaterThanOrEqual(0); // rules write to the store itself
  });

  test('at level 3, for ten seconds, only sources that brought many new series are cut', async () => {
    const strained = new Strained();
    const { scraper, account } = intakeUnder(strained);
    const many = Array.from({ length: 3000 }, (_, i) => `m{i="${i}"} 1\n`).join('');
    const [bomb, modest] = [await httpTarget(page(many)), await httpTarget(page('a 1\n'))];
    const jobs = [
      ['bomb', bomb],
      ['modest', modest],
    ] as const;
    const yaml = jobs.map(([job, { address }]) => `{job_name: ${job}, static_configs: [{targets: ['${address}']}]}`).join(', ');
    await scraper.apply(parseSignalboxConfig(`scrape_configs: [${yaml}]`, 's').scrapeConfigs, parseSignalboxConfig('', 's').limits, '.');
    for (const [, { url }] of jobs) await scraper.scrapeNow(url);
    strained.memoryShare = 0.86;
    await strained.clock.advance(250);
    bomb.answer = page(`${many}x 1\n`);
    modest.answer = page('a 1\nb 1\n');
    for (const [, { url }] of jobs) await scraper.scrapeNow(url);
    const lost = (job: string): number => account(`scrape:${job}`)['received']! - account(`scrape:${job}`)['stored']!;
    expect([lost('bomb'), lost('modest')]).toEqual([1, 0]);
  });

  test('at level 3 a bomb of pushes is cut at once, series that are there and a few new ones are not', async () => {
    const strained = new Strained();
    const { account, push } = intakeUnder(strained);
    const known = Array.from({ length: 10 }, (_, i) => `k{i="${i}"} 1\n`).join('');
    expect(await push('/metrics/job/known', known)).toBe(200);
    strained.memoryShare = 0.86;
    await strained.clock.advance(250);
    expect(await push('/metrics/job/few', 'few 1\n')).toBe(200);
    expect(await push('/metrics/job/bomb', Array.from({ length: 5000 }, (_, i) => `b{i="${i}"} 1\n`).join(''))).toBe(400);
    expect(account('pushgateway')['overload']).toBeGreaterThan(2900);
    expect(await push('/metrics/job/known', known)).toBe(200);
  });

  test('at level 3 traces without errors and not slow are kept one in ten, and all again afterwards', async () => {
    const strained = new Strained();
    const { traces, receiver, account, push } = intakeUnder(strained);
    await receiver.configure({ ...defaultSpanMetrics, enabled: false }, undefined);
    await receiver.overloaded(3);
    const spans = Array.from({ length: 200 }, (_, i) => spanOf(i + 1, i < 10 ? { status: 'error' } : i < 20 ? { tookMs: 1500 } : {}));
    expect(await push(...otlpTraces(spans))).toBe(200);
    await strained.clock.advance(7_000);
    const kept = spans.map(({ traceId }) => traces.spans(traceId).length);
    expect(kept.slice(0, 20)).not.toContain(0);
    expect(kept.slice(20).reduce((a, b) => a + b)).toBeLessThan(40);
    expect(account('otlp_traces')['not_sampled']).toBe(kept.filter((count) => count === 0).length);
    await receiver.overloaded(0);
    expect(await push(...otlpTraces([spanOf(1000)]))).toBe(200);
    expect(traces.spans(spanOf(1000).traceId)).toHaveLength(1);
  });

  test('at level 3 one in ten lines of debug and info is kept and says so, and every warning and error', async () => {
    const strained = new Strained();
    const { logs, account, push } = intakeUnder(strained);
    strained.memoryShare = 0.86;
    await strained.clock.advance(250);
    const values = Array.from({ length: 100 }, (_, i) => [
      `${strained.clock.now()}${String(i).padStart(6, '0')}`,
      `level=${['debug', 'info', 'warn', 'error'][i % 4]} msg=${i}`,
    ]);
    const body = JSON.stringify({ streams: [{ stream: { app: 'a' }, values }] });
    expect(await push('/loki/api/v1/push', body, { 'content-type': 'application/json' })).toBe(204);
    const { records } = await logs.search({ text: '', direction: 'forward', limit: 1000 });
    const kept = (level: string): unknown[] => records.filter((record) => record.level === level).map(({ fields }) => fields);
    expect([kept('warning').length, kept('error').length]).toEqual([25, 25]);
    expect([...kept('debug'), ...kept('info')]).toEqual(Array.from({ length: 5 }, () => ['sampled_one_in', '10']));
    expect(account('loki')).toEqual({ received: 100, stored: 55, thinned: 45 });
    expect(strained.overload.shed).toEqual([{ level: 3, reason: 'thinned', source: 'loki', count: 45 }]);
  });

  test('at level 5 targets that no rule uses are not read, those of rules are', async () => {
    const strained = new Strained();
    const { scraper } = intakeUnder(strained);
    const targets = [await httpTarget(page('a 1\n')), await httpTarget(page('a 1\n'))];
    const yaml = ['ruled', 'other']
      .map((job, i) => `{job_name: ${job}, scrape_interval: 1s, static_configs: [{targets: ['${targets[i]!.address}']}]}`)
      .join(', ');
    const { scrapeConfigs, limits } = parseSignalboxConfig(`{global: {scrape_timeout: 1s}, scrape_configs: [${yaml}]}`, 's');
    await scraper.apply(scrapeConfigs, limits, '.');
    await strained.clock.advance(3000);
    await expect.poll(() => targets[1]!.requestCount).toBeGreaterThan(0);
    strained.memoryShare = 0.96;
    await strained.clock.advance(1000);
    const [ruled, other] = targets.map(({ requestCount }) => requestCount);
    for (let i = 0; i < 5; i++) {
      const asked = targets[0]!.requestCount;
      await strained.clock.advance(1000);
      await expect.poll(() => targets[0]!.requestCount).toBeGreaterThan(asked);
    }
    expect(targets[0]!.requestCount).toBeGreaterThanOrEqual(ruled! + 5);
    expect(targets[1]!.requestCount).toBeLessThanOrEqual(other! + 1);
  });

  test('series that were refused are made once it is over: reports of scrapes, and metrics of spans', async () => {
    const strained = new Strained();
    const { store, scraper, push } = intakeUnder(strained);
    strained.memoryShare = 0.86;
    await strained.clock.advance(11_000);
    const target = await httpTarget(page('a 1\n'));
    const { scrapeConfigs, limits } = parseSignalboxConfig(
      `scrape_configs: [{job_name: j, static_configs: [{targets: ['${target.address}']}]}]`,
      's',
    );
    await scraper.apply(scrapeConfigs, limits, '.');
    await scraper.scrapeNow(target.url);
    expect(await push(...otlpTraces([spanOf(1)]))).toBe(200);
    await strained.clock.advance(15_000);
    expect(store.labelValues('__name__')).toEqual([]);
    strained.memoryShare = 0.1;
    await strained.clock.advance(80_000);
    expect(strained.overload.level).toBe(0);
    await scraper.scrapeNow(target.url);
    await strained.clock.advance(15_000);
    expect(store.labelValues('__name__')).toEqual(expect.arrayContaining(['a', 'traces_span_metrics_calls_total', 'up']));
  });

  test('from level 4 on pushes come again later, deleting still works, and targets no rule uses are read every second time', async () => {
    const strained = new Strained();
    const { scraper, receiver, push } = intakeUnder(strained);
    expect(await push('/metrics/job/j', 'p 1\n')).toBe(200);
    strained.memoryShare = 0.91;
    await strained.clock.advance(250);
    for (const path of ['/api/v1/write', '/v1/metrics', '/v1/traces', '/v1/logs', '/api/v2/spans', '/metrics/job/x', '/loki/api/v1/push']) {
      const answer = await receiver.receive({ port: 'app', method: 'POST', path, query: '', headers: {}, body: Buffer.from('') });
      expect([path, answer!.status, answer!.headers['retry-after']]).toEqual([path, 503, '5']);
    }
    expect(strained.overload.shed.map(({ level, reason, source }) => `${level} ${reason} ${source}`)).toContain('4 push /v1/traces');
    const answer = await receiver.receive({ port: 'app', method: 'DELETE', path: '/metrics/job/j', query: '', headers: {}, body: new Uint8Array() });
    expect(answer!.status).toBe(202);
    const targets = [await httpTarget(page('a 1\n')), await httpTarget(page('a 1\n'))];
    const yaml = ['ruled', 'other']
      .map((job, i) => `{job_name: ${job}, scrape_interval: 1s, static_configs: [{targets: ['${targets[i]!.address}']}]}`)
      .join(', ');
    await scraper.apply(
      parseSignalboxConfig(`{global: {scrape_timeout: 1s}, scrape_configs: [${yaml}]}`, 's').scrapeConfigs,
      parseSignalboxConfig('', 's').limits,
      '.',
    );
    for (let i = 0; i < 12; i++) {
      const asked = targets[0]!.requestCount;
      await strained.clock.advance(1000);
      await expect.poll(() => targets[0]!.requestCount).toBeGreaterThan(asked);
    }
    expect(targets[0]!.requestCount).toBeGreaterThanOrEqual(10);
    expect(targets[1]!.requestCount).toBeLessThanOrEqual(targets[0]!.requestCount / 2 + 1);
    expect(targets[1]!.requestCount).toBeGreaterThan(3);
  });

  test('exemplars go first', async () => {
    const strained = new Strained();
    const { store, push } = intakeUnder(strained);
    strained.memoryShare = 0.7;
    await strained.clock.advance(250);
    const point = {
      timeUnixNano: `${strained.clock.now()}000000`,
      asInt: '1',
      exemplars: [{ timeUnixNano: `${strained.clock.now()}000000`, asInt: '1', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
    };
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [point] } }] }] }] };
    expect(await push('/v1/metrics', JSON.stringify(body), { 'content-type': 'application/json' })).toBe(200);
    expect(store.exemplars([], 0, Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(strained.overload.shed).toEqual([{ level: 1, reason: 'exemplar', source: 'exemplars', count: 1 }]);
  });
});

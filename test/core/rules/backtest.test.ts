import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLabels, labelsFromRecord, type SeriesColumns } from '#core/model/index.ts';
import { evaluateInstant, memorySource, parseSeries, samplesOf, ScriptStore, type SeriesSource } from '#core/promql/index.ts';
import { backtest, compareFirings, createRules, type BacktestReport, type Firing, type Transition } from '#core/rules/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { FeedStore, fedSamples } from './feed-store.ts';

const second = 1_000;
const minute = 60_000;

function stored(load: readonly string[]): SeriesSource {
  const store = new ScriptStore();
  store.load(load.map(parseSeries), minute);
  return store.source();
}

const run = (text: string, source: SeriesSource, startMs: number, endMs: number): Promise<BacktestReport> =>
  backtest({ files: [{ path: 'f', text }], source, startMs, endMs });

const rules = (...list: string[]): string => `groups: [{name: g, interval: 1m, rules: [${list.join(', ')}]}]`;

const shown = (firings: readonly Firing[]): string[] =>
  firings.map(({ name, labels, pendingMs, firedMs, resolvedMs }) => {
    const at = (ms: number | undefined): string => (ms === undefined ? 'on' : String(Math.floor(ms / minute)));
    return `${name} ${formatLabels(labels)} ${at(pendingMs)} ${at(firedMs)} ${at(resolvedMs)}`;
  });

describe('what would have fired, and when', () => {
  const load = ['errors{i="a"} 0x9 20x9 0x20 20x20', 'errors{i="b"} 0x60'];

  test('each firing with its times; one that still fires at the end has none', async () => {
    const report = await run(rules('{alert: Errors, expr: errors > 10, for: 3m}'), stored(load), 0, 60 * minute);
    expect(shown(report.firings)).toEqual(['Errors {alertname="Errors", i="a"} 10 13 20', 'Errors {alertname="Errors", i="a"} 41 44 on']);
    expect(report.rules).toMatchObject([{ name: 'Errors', line: 1, firings: 2, failures: 0, lastError: '' }]);
    expect(report.stepped).toBe(false);
  });

  test('a for that began before the start counts, and what was over before it is left out', async () => {
    const report = await run(rules('{alert: Errors, expr: errors > 10, for: 10m}'), stored(['errors 0x4 20x40 0x9 20x40']), 12 * minute, 60 * minute);
    expect(shown(report.firings)).toEqual(['Errors {alertname="Errors"} 5 15 46']);
  });

  test('rules read what they themselves record, and before the run what is stored', async () => {
    const text = rules('{record: busy, expr: errors * 2}', '{alert: Busy, expr: "sum_over_time(busy[10m]) > 100"}');
    const source = stored(['errors 10x60', 'busy 1x60']);
    const report = await run(text, source, 20 * minute, 60 * minute);
    // 1 a minute as stored until minute 19, 20 a minute as recorded from minute 20 on: over 100 with the fifth of ours.
    expect(shown(report.firings)).toEqual(['Busy {alertname="Busy"} 24 24 on']);
  });

  test('a rule that fails now and then says how often and why, and fires at the other times', async () => {
    const source = stored(['a{x="1"} 5x60', 'b{x="1",y="1"} 1x60', 'b{x="1",y="2"} _x20 1x5 stale']);
    const report = await run(rules('{alert: A, expr: a * on (x) b > 1}'), source, minute, 60 * minute);
    expect(report.rules[0]).toMatchObject({ evaluations: 59, failures: 6, lastError: expect.stringContaining('many-to-many matching not allowed') });
    expect(shown(report.firings)).toEqual(['A {alertname="A", x="1"} 1 1 on']);
  });

  test('a rule that reads its own past is stepped', async () => {
    const report = await run(rules('{record: n, expr: (n or vector(0)) + 1}', '{alert: Ten, expr: n >= 10}'), stored([]), 0, 15 * minute);
    expect(report.stepped).toBe(true);
    expect(shown(report.firings)).toEqual(['Ten {alertname="Ten"} 9 9 on']);
  });

  test('what is handed on comes in order of time', async () => {
    const told: string[] = [];
    await backtest({
      files: [{ path: 'f', text: rules('{alert: B, expr: errors > 10}', '{alert: A, expr: errors > 15}') }],
      source: stored(['errors 12x4 20x4 0x9']),
      startMs: minute,
      endMs: 15 * minute,
      onAlerts: (alerts, timeMs) => told.push(...alerts.map((alert) => `${Math.floor(timeMs / minute)} ${alert.labels[1]} ${alert.state}`)),
    });
    expect(told).toEqual(['1 B firing', '5 A firing', '10 B resolved', '10 A resolved']);
  });

  test.each([
    ['groups: [{name: g, rules: [{alert: A, expr: "up =="}]}]', 0, 1, 'f:1: could not parse expression'],
    ['groups: []', 5, 5, 'the end must be after the start'],
  ])('%s is refused', async (text, startMs, endMs, sentence) => {
    await expect(run(text, stored([]), startMs, endMs)).rejects.toThrow(sentence);
  });

  test('can be cancelled', async () => {
    const abort = new AbortController();
    const done = backtest({
      files: [{ path: 'f', text: rules('{alert: A, expr: errors > 1}') }],
      source: stored(load),
      startMs: 0,
      endMs: 1e9,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test.each([
  [false, 'ALERTS{alertname="Fast",alertstate="firing"}'],
  [true, 'ALERTS{alertstate="firing"}'],
])('a backtest finds what the rules found when they ran; stepped: %s', async (stepped, selector) => {
  const text = `groups:
- name: one
  interval: 30s
  rules:
  - {record: job:x, expr: 'sum by (job) (rate(x[2m]))'}
  - {alert: Fast, expr: 'job:x > 0.05', for: 1m, labels: {severity: page}}
  - {alert: Gone, expr: 'absent(x{job="b"})', keep_firing_for: 1m}
- name: two
  interval: 1m
  query_offset: 15s
  rules:
  - {alert: Many, expr: 'count(${selector}) > 0'}
  - {alert: High, expr: 'max_over_time(job:x[3m:30s]) > 0.1', for: 2m}
`;
  const step = fc.record({ a: fc.option(fc.integer({ min: 0, max: 9 })), b: fc.option(fc.integer({ min: 0, max: 9 })) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const store = new FeedStore();
      const data = new FeedStore();
      const edges: Transition[] = [];
      const clock = new ManualClock(1_000 * minute);
      const live = createRules({
        query: async (expr, timeMs) => samplesOf(await evaluateInstant(store, expr, timeMs)),
        append: (made) => store.add(fedSamples(made)),
        clock,
        onAlerts: () => undefined,
        onTransitions: (some) => edges.push(...some),
      });
      await live.load([{ path: 'f', text }]);
      live.start();
      await clock.advance(10 * minute);
      const startMs = clock.now();
      for (const counts of steps) {
        const fed = (['a', 'b'] as const).flatMap((job) => {
          const value = counts[job];
          return value === null ? [] : [{ labels: labelsFromRecord({ __name__: 'x', job }), timeMs: clock.now(), value }];
        });
        store.add(fed);
        data.add(fed);
        await clock.advance(15 * second);
      }
      live.stop();
      const report = await backtest({ files: [{ path: 'f', text }], source: data, startMs, endMs: clock.now() });
      expect(report.stepped).toBe(stepped);
      const fired = (list: readonly { name: string; atMs: number; alert: string }[]): unknown =>
        list
          .map(({ name, atMs, alert }) => `${atMs} ${name} ${alert}`)
          .filter((line) => Number(line.split(' ')[0]) > startMs)
          .sort();
      const then = edges.filter(({ to }) => to === 'firing').map(({ atMs, alert }) => ({ atMs, name: alert.labels[1]!, alert: alert.id }));
      expect(fired(report.firings.map((firing) => ({ ...firing, atMs: firing.firedMs })))).toEqual(fired(then));
    }),
    { seed: 5, numRuns: 40 },
  );
});

test('over many stretches, a long time is one time', async () => {
  const columns: SeriesColumns = {
    labels: ['__name__', 'x'],
    timesMs: Float64Array.from({ length: 6_000 }, (_, i) => i * minute),
    values: Float64Array.from({ length: 6_000 }, (_, i) => Number(i % 1000 > 900)),
  };
  const report = await run(
    rules('{record: y, expr: x}', '{alert: A, expr: "sum_over_time(y[30m]) > 20", for: 5m}'),
    memorySource([columns]),
    0,
    5_990 * minute,
  );
  expect(report.firings).toHaveLength(6);
  expect(report.firings.map(({ firedMs }) => Math.floor(firedMs / minute) % 1000)).toEqual([926, 926, 926, 926, 926, 926]);
});

describe('the difference between two runs', () => {
  const firing = (name: string, firedMs: number): Firing => ({
    alert: 'x',
    name,
    labels: [],
    group: 'g',
    file: 'f',
    pendingMs: firedMs,
    firedMs,
    resolvedMs: undefined,
  });
  const times = (count: number, from: number): Firing[] => Array.from({ length: count }, (_, i) => firing('A', from + i * 1_000));
  test.each([
    [[firing('A', 20 * minute)], [firing('A', 9 * minute)], 'fires 11 min earlier'],
    [[firing('A', 0)], [firing('A', 130 * minute)], 'fires 2 h 10 min later'],
    [times(17, 0), times(2, 0), '2 times instead of 17'],
    [times(17, 45_000), times(1, 0), 'fires 1 min earlier, once instead of 17'],
    [[], times(3, 0), 'fires 3 times, where it did not fire'],
    [times(1, 0), [], 'does not fire, where it fired once'],
  ])('%#: %s', (before, after, sentence) => {
    expect(compareFirings(before, after)).toMatchObject([{ name: 'A', sentence }]);
  });

  test('nothing is said of what is the same', () => {
    expect(compareFirings(times(2, 5), times(2, 5))).toEqual([]);
  });
});

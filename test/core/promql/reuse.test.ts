import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher, METRIC_NAME, writeStale, type SeriesColumns } from '#core/model/index.ts';
import { createQueries, evaluateRange, memorySource } from '#core/promql/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5);
const stepMs = 60_000;
const breathe = (): Promise<void> => Promise.resolve();

const expressions = [
  'm_total',
  'sum by (a) (rate(m_total[3m]))',
  'avg(m_total) / count(m_total)',
  'max_over_time(m_total[5m])',
  'quantile_over_time(0.5, m_total[4m])',
  'm_total offset 2m',
  'm_total offset -2m',
  'max_over_time(sum(m_total)[10m:1m])',
  'topk(2, m_total)',
  'sum(m_total) - on () sum(m_total offset 5m)',
  'absent(m_total{a="3"})',
  'm_total @ end()',
  'stddev(m_total) + time()',
  'increase(m_total[2m] smoothed)',
  'm_total or vector(1)',
];

/** What happens between two refreshes of a panel. */
type Act =
  | { readonly kind: 'scrape'; readonly rounds: number; readonly stale: boolean }
  | { readonly kind: 'late'; readonly series: number; readonly agoMs: number }
  | { readonly kind: 'delete'; readonly series: number; readonly agoMs: number; readonly forMs: number }
  | { readonly kind: 'upkeep' }
  | { readonly kind: 'refresh'; readonly expr: number; readonly steps: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('scrape' as const), rounds: fc.integer({ min: 1, max: 12 }), stale: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const), series: fc.nat(5), agoMs: fc.integer({ min: 1, max: 3_000_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series: fc.nat(5),
      agoMs: fc.integer({ min: 1, max: 3_000_000 }),
      forMs: fc.integer({ min: 0, max: 900_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'upkeep' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      expr: fc.nat(expressions.length - 1),
      steps: fc.constantFrom(20, 21, 35),
    }),
  },
);

const labels = Array.from({ length: 6 }, (_, i) => labelsFromRecord({ [METRIC_NAME]: 'm_total', a: String(i % 4), b: String(i) }));

class Scene {
  readonly clock = new ManualClock(startMs + 86_400_000);
  readonly store: Tsdb = openTsdb({ folder: tempFolder(), clock: this.clock });
  readonly queries = createQueries({ source: this.store, clock: this.clock, breathe });
  nowMs = startMs;
  reused = 0;
  #value = 0.1;

  async scrape(rounds: number, stale: boolean): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      this.nowMs += 15_000;
      const batch = this.store.batch();
      for (const [k, set] of labels.entries()) {
        if (stale && i === rounds - 1 && k === 1) batch.addStale(this.store.ref(set), this.nowMs + k);
        else batch.add(this.store.ref(set), this.nowMs + k, (this.#value = (this.#value * 1.37 + k) % 97.3));
      }
      await batch.commit('process');
    }
  }

  async late(series: number, agoMs: number): Promise<void> {
    const batch = this.store.batch();
    batch.add(this.store.ref(labels[series]!), this.nowMs - agoMs, 7.7);
    await batch.commit('process');
  }

  /** The same question to the lane that remembers and to nothing that does. */
  async refresh(expr: string, steps: number): Promise<void> {
    const endMs = Math.floor(this.nowMs / stepMs) * stepMs;
    const range = { startMs: endMs - steps * stepMs, endMs, stepMs };
    const fresh = await evaluateRange(this.store, expr, range);
    const again = await this.queries.range(expr, range);
    expect(bits(again.series), expr).toEqual(bits(fresh.series));
    expect(again.notes).toEqual(fresh.notes);
    expect(again.stats.steps).toBe(steps + 1);
    this.reused += again.stats.stepsReused;
  }

  async act(one: Act): Promise<void> {
    if (one.kind === 'scrape') await this.scrape(one.rounds, one.stale);
    else if (one.kind === 'late') await this.late(one.series, one.agoMs);
    else if (one.kind === 'delete') {
      const fromMs = this.nowMs - one.agoMs;
      this.store.deleteSeries([matcher('b', '=', String(one.series))], fromMs, fromMs + one.forMs);
    } else if (one.kind === 'upkeep') this.store.compact();
    else for (let i = 0; i < 5; i++) await this.refresh(expressions[(one.expr + i) % expressions.length]!, one.steps);
  }
}

const bits = (series: readonly SeriesColumns[]): unknown[] =>
  series.map(({ labels: of, timesMs, values }) => [of, [...timesMs], [...new BigUint64Array(values.slice().buffer)]]);

test('a refreshed panel shows what a fresh query gives, to the bit, whatever came in between', async () => {
  let reused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const scene = new Scene();
      await scene.scrape(100, false);
      for (const one of acts) await scene.act(one);
      reused += scene.reused;
      await scene.store.close();
    }),
    { seed: 11, numRuns: 30 },
  );
  expect(reused).toBeGreaterThan(1000);
}, 120_000);

test('all steps but the newest are used again', async () => {
  const scene = new Scene();
  await scene.scrape(400, false);
  await scene.refresh('sum(m_total)', 60);
  expect(scene.reused).toBe(0);
  await scene.scrape(4, false);
  await scene.refresh('sum(m_total)', 60);
  expect(scene.reused).toBe(60);
  await scene.late(0, 1_800_001);
  await scene.refresh('sum(m_total)', 60);
  expect(scene.reused).toBe(60 + 30);
  await scene.store.close();
});

test('what a source cannot vouch for is evaluated anew', async () => {
  const values = Float64Array.of(1, 2, 3);
  writeStale(values, 2);
  const source = memorySource([{ labels: labels[0]!, timesMs: Float64Array.of(startMs, startMs + 60_000, startMs + 120_000), values }]);
  const queries = createQueries({ source, clock: new ManualClock(startMs), breathe });
  const range = { startMs, endMs: startMs + 180_000, stepMs };
  await queries.range('m_total', range);
  expect((await queries.range('m_total', range)).stats).toMatchObject({ steps: 4, stepsReused: 0 });
});

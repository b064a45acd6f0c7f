/** Rollups beside samples: whatever came in, in whatever order, answers made of them are those of samples. */
import * as fc from 'fast-check';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher, type Clock } from '#core/model/index.ts';
import { evaluateInstant, evaluateRange, type RangeResult, type SeriesSource } from '#core/promql/index.ts';
import { examineTsdb, openTsdb, openTsdbView, type StoreLimits, type Tsdb, type TsdbView } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startMs = Date.UTC(2026, 0, 5);
const everything = [matcher('i', '!=', '')];

function handClock(): Clock & { nowMs: number } {
  const clock = { nowMs: startMs, now: () => clock.nowMs, monotonicMs: () => clock.nowMs, after: () => () => undefined };
  return clock;
}

/** What series are like: counters with resets, gauges of several kinds, what comes now and then, what has odd values. */
const kinds: readonly ((n: number, next: () => number, before: number) => number | undefined)[] = [
  (_, next, before) => (next() < 0.01 ? 0 : before + Math.floor(next() * 50)),
  (_, next, before) => (next() < 0.05 ? 0 : before + next()),
  (n) => Math.sin(n / 100) * 40,
  (_, next) => Math.round(next() * 1000) / 10,
  () => 1,
  (_, next) => (next() < 0.9 ? undefined : next()),
  (_, next) => (next() < 0.05 ? NaN : next() < 0.02 ? Infinity : next() < 0.02 ? -0 : Math.floor(next() * 4)),
];
const names = kinds.map((_, i) => labelsFromRecord({ __name__: 'm_total', i: String(i), kind: i < 2 ? 'counter' : 'gauge' }));

class Feed {
  readonly #next = random(7);
  readonly #before = kinds.map(() => 0);
  readonly #gone = new Set<number>();
  n = 0;

  /** Half an hour of scrapes into every store; now and then a series goes stale, for a while. */
  async run(stores: readonly Tsdb[], clock: { nowMs: number }): Promise<void> {
    const firstMs = clock.nowMs;
    clock.nowMs += 30 * 60_000;
    const batches = stores.map((store) => store.batch());
    for (let round = 0; round < 30; round++) {
      this.#values().forEach((value, i) => {
        if (value === undefined) return;
        stores.forEach((store, at) => {
          const ref = store.ref(names[i]!);
          if (this.#gone.has(i)) batches[at]!.addStale(ref, firstMs + round * 60_000);
          else batches[at]!.add(ref, firstMs + round * 60_000, value);
        });
      });
    }
    for (const batch of batches) await batch.commit('process');
    for (const store of stores) while (store.tick());
  }

  #values(): (number | undefined)[] {
    this.n++;
    return kinds.map((kind, i) => {
      if (this.#next() < 0.003) this.#gone.add(i);
      else if (this.#gone.has(i) && this.#next() < 0.05) this.#gone.delete(i);
      else if (this.#gone.has(i)) return undefined;
      const value = kind(this.n, this.#next, this.#before[i]!);
      if (value !== undefined) this.#before[i] = value;
      return value;
    });
  }
}

async function feed(clock: { nowMs: number }, stores: readonly Tsdb[], lengthMs: number, own = new Feed()): Promise<Feed> {
  for (const endMs = clock.nowMs + lengthMs; clock.nowMs < endMs;) await own.run(stores, clock);
  return own;
}

const samplesOnly = (db: TsdbView): SeriesSource => ({ select: (...of) => db.select(of[0], of[1], of[2]) });

const exact = ['min_over_time', 'max_over_time', 'last_over_time', 'first_over_time', 'count_over_time', 'present_over_time', 'resets'];
const exactTimes = ['ts_of_last_over_time', 'ts_of_first_over_time'];
const rounded = ['sum_over_time', 'avg_over_time', 'rate', 'increase', 'delta'];

const inOrder = ({ series }: RangeResult): RangeResult['series'] => [...series].sort((a, b) => (a.labels.join() < b.labels.join() ? -1 : 1));

function expectNear(found: RangeResult, wanted: RangeResult, digits: number): void {
  const [a, b] = [inOrder(found), inOrder(wanted)];
  expect(a.map(({ labels, timesMs }) => `${labels.join()} ${timesMs.join()}`)).toEqual(
    b.map(({ labels, timesMs }) => `${labels.join()} ${timesMs.join()}`),
  );
  a.forEach(({ values }, i) => {
    const far = values.findIndex((value, k) => {
      const other = b[i]!.values[k]!;
      if (digits === 0 || !Number.isFinite(other)) return !Object.is(value, other);
      return !(Math.abs(value - other) <= Math.abs(other) * digits + 1e-9);
    });
    if (far >= 0) expect([far, values[far]]).toEqual([far, b[i]!.values[far]]);
  });
}

/** Both ways of answering, over the whole time; rollups must be what the first one uses. */
async function compare(
  db: TsdbView,
  raw: TsdbView,
  expr: string,
  grid: { startMs: number; endMs: number; stepMs: number },
  digits: number,
): Promise<void> {
  const found = await evaluateRange(db, expr, grid);
  expect(found.notes.infos.join(), expr).toMatch(/answered from (5 min|1 h) rollups/);
  const wanted = await evaluateRange(samplesOnly(raw), expr, grid);
  expect(wanted.notes.infos.join()).not.toMatch(/rollups/);
  expect(wanted.series.length).toBeGreaterThan(0);
  expectNear(found, wanted, digits);
}

async function compareAll(db: TsdbView, raw: TsdbView, fromMs: number, toMs: number): Promise<void> {
  for (const [range, stepMs] of [
    ['5m', 300_000],
    ['15m', 600_000],
    ['1h', hourMs],
    ['6h', 2 * hourMs],
    ['1d', hourMs],
  ] as const) {
    const grid = { startMs: fromMs, endMs: toMs, stepMs };
    for (const name of [...exact, ...exactTimes]) await compare(db, raw, `${name}(m_total[${range}])`, grid, 0);
    for (const name of rounded) await compare(db, raw, `${name}(m_total[${range}])`, grid, 1e-12);
  }
  await compare(db, raw, 'm_total', { startMs: fromMs, endMs: toMs, stepMs: 300_000 }, 0);
  await compare(db, raw, 'sum by (kind) (m_total offset 1h)', { startMs: fromMs, endMs: toMs, stepMs: hourMs }, 0);
}

test('every function over rollups is that over samples, beside them and when they are gone', { timeout: 120_000 }, async () => {
  const clock = handClock();
  const [folder, twin] = [tempFolder(), tempFolder()];
  const short: Partial<StoreLimits> = { retentionMs: 12 * hourMs };
  let db = openTsdb({ folder, clock, limits: { ...short, rollAfterMs: 0 } });
  let raw = openTsdb({ folder: twin, clock, limits: { rollAfterMs: 0 } });
  const own = await feed(clock, [db, raw], 2 * dayMs);
  expect(db.stats().rollupsOnlyBeforeMs).toBeGreaterThanOrEqual(clock.nowMs - 14 * hourMs);
  expect(raw.stats().rollupsOnlyBeforeMs).toBeUndefined();
  const [fromMs, toMs] = [startMs + dayMs, clock.nowMs];
  await compareAll(raw, raw, fromMs, toMs);
  await compareAll(db, raw, fromMs, toMs);
  await feed(clock, [db, raw], 6 * hourMs, own);
  await db.close();
  await raw.close();
  db = openTsdb({ folder, clock, limits: { ...short, rollAfterMs: 0 } });
  raw = openTsdb({ folder: twin, clock, limits: { rollAfterMs: 0 } });
  await compareAll(db, raw, fromMs, clock.nowMs);
  const view = openTsdbView(folder);
  await compareAll(view, raw, fromMs, toMs);
  await view.close();
  await db.close();
  await raw.close();
});

test('what does not fit buckets is read from samples, and missing ones are told', { timeout: 60_000 }, async () => {
  const clock = handClock();
  const db = openTsdb({ folder: tempFolder(), clock, limits: { rollAfterMs: 0, retentionMs: 12 * hourMs } });
  await feed(clock, [db], 2 * dayMs);
  const grid = { startMs: startMs + dayMs, endMs: clock.nowMs, stepMs: hourMs };
  const unaligned = { ...grid, startMs: grid.startMs + 1 };
  const told = async (expr: string, over: typeof grid): Promise<string> => {
    const { notes } = await evaluateRange(db, expr, over);
    expect(notes.infos.join()).not.toMatch(/rollups/);
    return notes.warnings.join();
  };
  expect(await told('rate(m_total[5m])', unaligned)).toMatch(
    /before 2026-01-06T\d\d:00:00Z only rollups are kept, which were left out here: ranges, steps and times in multiples of 5 min would use them/,
  );
  expect(await told('rate(m_total[7m])', grid)).toMatch(/in multiples of 5 min/);
  expect(await told('quantile_over_time(0.9, m_total[1h])', grid)).toMatch(/left out here: quantile_over_time needs samples/);
  expect(await told('m_total', { ...grid, startMs: clock.nowMs - 6 * hourMs + 1 })).toBe('');
  const instant = await evaluateInstant(db, 'max_over_time(m_total[1d])', clock.nowMs);
  expect(instant.notes.infos.join()).toMatch(/answered from 1 h rollups; samples before 2026-01-06T\d\d:00:00Z are no longer kept/);
  const recent = await evaluateRange(db, 'max_over_time(m_total[5m])', { startMs: clock.nowMs - 2 * hourMs, endMs: clock.nowMs, stepMs: 300_000 });
  expect(recent.notes.infos.join()).not.toMatch(/rollups/);
  expect(db.series(everything, startMs, startMs + hourMs).length).toBe(names.length);
  await db.close();
});

test('where only hours are left, a query by five minutes says so', { timeout: 60_000 }, async () => {
  const clock = handClock();
  const db = openTsdb({ folder: tempFolder(), clock, limits: { rollAfterMs: 0, retentionMs: 6 * hourMs, rollup5mRetentionMs: dayMs } });
  await feed(clock, [db], 4 * dayMs);
  const grid = { startMs: startMs + 6 * hourMs, endMs: clock.nowMs, stepMs: 300_000 };
  const fine = await evaluateRange(db, 'm_total', grid);
  expect(fine.notes.warnings.join()).toMatch(
    /before 2026-01-0[78]T\d\d:00:00Z only 1 h rollups are kept, which were left out here: .* multiples of 1 h would use them/,
  );
  const hours = await evaluateRange(db, 'last_over_time(m_total[1h])', { ...grid, stepMs: hourMs });
  expect(hours.notes.warnings).toEqual([]);
  expect(hours.notes.infos.join()).toMatch(/answered from 1 h rollups; samples before/);
  expect(hours.series[0]!.timesMs[0]).toBeLessThan(startMs + dayMs);
  await db.close();
});

test('a rollup that rots is told, set aside and made anew, and answers stay right', { timeout: 60_000 }, async () => {
  const clock = handClock();
  const folder = tempFolder();
  let db = openTsdb({ folder, clock, limits: { rollAfterMs: 0 } });
  await feed(clock, [db], 30 * hourMs);
  await db.close();
  expect(examineTsdb(folder)).toMatchObject({ damage: [] });
  const raw = new Database(join(folder, 'metrics.db'));
  const rows = raw.prepare('select id, bytes from rollup order by id').all() as { id: number; bytes: Buffer }[];
  expect(examineTsdb(folder).rollups).toBe(rows.length);
  for (const { id, bytes } of rows.slice(0, 6)) {
    bytes[bytes.length >> 1]! ^= 4;
    raw.prepare('update rollup set bytes = ? where id = ?').run(bytes, id);
  }
  raw.close();
  expect(examineTsdb(folder).damage.map(({ what, cause }) => `${what} ${cause}`)).toEqual(
    rows.slice(0, 6).map(() => expect.stringMatching(/^rollup rollup \d+ of group \d+: the checksum does not match$/) as string),
  );
  db = openTsdb({ folder, clock, limits: { rollAfterMs: 0 } });
  const view = openTsdbView(folder);
  const toMs = Math.floor(clock.nowMs / hourMs) * hourMs;
  for (const grid of [
    { startMs: toMs - 24 * hourMs, endMs: toMs, stepMs: 300_000 },
    { startMs: toMs - 24 * hourMs, endMs: toMs, stepMs: hourMs },
  ]) {
    const expr = grid.stepMs === hourMs ? 'max_over_time(m_total[1h])' : 'm_total';
    expectNear(await evaluateRange(view, expr, grid), await evaluateRange(samplesOnly(view), expr, grid), 0);
    expectNear(await evaluateRange(db, expr, grid), await evaluateRange(samplesOnly(db), expr, grid), 0);
  }
  await view.close();
  while (db.tick());
  expect(db.stats().damage.map(({ what }) => what)).toContain('rollup');
  const told = db.stats().damage.length;
  await db.close();
  expect(examineTsdb(folder).quarantined.length).toBe(told);
});

type Step =
  | { readonly kind: 'feed'; readonly hours: number }
  | { readonly kind: 'late'; readonly series: number; readonly agoMs: number; readonly value: number }
  | { readonly kind: 'delete'; readonly series: number; readonly agoMs: number; readonly lengthMs: number }
  | { readonly kind: 'close' | 'crash' | 'compact' | 'snapshot' | 'upkeep' };

const series = fc.integer({ min: 0, max: names.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('feed' as const), hours: fc.integer({ min: 1, max: 14 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('late' as const), series, agoMs: fc.integer({ min: 0, max: 7_000_000 }), value: fc.double() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      series,
      agoMs: fc.integer({ min: 0, max: 20 * hourMs }),
      lengthMs: fc.integer({ min: 0, max: 10 * hourMs }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('close', 'crash', 'compact', 'snapshot', 'upkeep') }) },
);

test('random schedules of late samples, deletions, restarts, copies and upkeep', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
      let clock = handClock();
      let folder = tempFolder();
      let db = openTsdb({ folder, clock, limits: { rollAfterMs: 0 } });
      const own = await feed(clock, [db], 30 * hourMs);
      for (const one of steps) {
        if (one.kind === 'feed') await feed(clock, [db], one.hours * hourMs, own);
        else if (one.kind === 'compact') db.compact();
        else if (one.kind === 'upkeep') while (db.tick());
        else if (one.kind === 'late') {
          const batch = db.batch();
          batch.add(db.ref(names[one.series]!), clock.nowMs - one.agoMs, one.value);
          await batch.commit('process');
        } else if (one.kind === 'delete') {
          const minMs = clock.nowMs - one.agoMs;
          db.deleteSeries([matcher('i', '=', String(one.series))], minMs, minMs + one.lengthMs);
        } else {
          if (one.kind === 'snapshot') await db.snapshot((folder = tempFolder()));
          if (one.kind !== 'crash') await db.close();
          clock = Object.assign(handClock(), { nowMs: clock.nowMs });
          db = openTsdb({ folder, clock, limits: { rollAfterMs: 0 } });
        }
        const toMs = Math.floor(clock.nowMs / hourMs) * hourMs;
        const grid = { startMs: toMs - 24 * hourMs, endMs: toMs, stepMs: 600_000 };
        const hours = { ...grid, stepMs: hourMs };
        for (const [expr, over, digits] of [
          ['m_total', grid, 0],
          ['max_over_time(m_total[10m])', grid, 0],
          ['count_over_time(m_total[3h])', hours, 0],
          ['increase(m_total[1h])', hours, 1e-12],
        ] as const)
          expectNear(await evaluateRange(db, expr, over), await evaluateRange(samplesOnly(db), expr, over), digits);
      }
      await db.close();
    }),
    { seed: 11, numRuns: 12, endOnFailure: true, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
});

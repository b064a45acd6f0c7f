import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isStale, labelsFromRecord, matcher, type Labels, type SeriesColumns } from '#core/model/index.ts';
import { openTsdb, refusal, verdictName, verdicts, type Tsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const metric = (name: string, labels: Record<string, string> = {}): Labels => labelsFromRecord({ __name__: name, ...labels });
const everything = [matcher('__name__', '=~', '.+')];
const all = (db: Tsdb): Record<string, [number, number][]> =>
  Object.fromEntries(db.select(everything, -Infinity, Infinity).map((s) => [s.labels.join(','), pairs(s)]));
const pairs = (s: SeriesColumns): [number, number][] => [...s.timesMs].map((t, i) => [t, s.values[i]!]);

async function push(db: Tsdb, labels: Labels, ...samples: [number, number][]): Promise<number[]> {
  const batch = db.batch();
  const verdict = samples.map(([t, v]) => batch.add(db.ref(labels), t, v));
  await batch.commit('power');
  return verdict;
}

test('keeps samples over a clean close and over none', async () => {
  const folder = tempFolder();
  const clock = new ManualClock();
  const now = clock.now();
  let db = openTsdb({ folder, clock });
  await push(db, metric('a', { job: 'x' }), [now, 1], [now + 1000, 2]);
  const left = openTsdb({ folder, clock });
  expect(all(left)).toEqual({
    '__name__,a,job,x': [
      [now, 1],
      [now + 1000, 2],
    ],
  });
  await db.close();
  db = openTsdb({ folder, clock });
  expect(all(db)).toEqual({
    '__name__,a,job,x': [
      [now, 1],
      [now + 1000, 2],
    ],
  });
  expect(db.stats()).toMatchObject({ series: 1, headSamples: 0, sealedSamples: 2, walBytes: 0 });
  await push(db, metric('a', { job: 'x' }), [now + 2000, 3]);
  expect(all(db)['__name__,a,job,x']).toHaveLength(3);
  await db.close();
});

test('many new series at once are sealed in their turn, not with the first tick', async () => {
  const clock = new ManualClock();
  const db = openTsdb({ folder: tempFolder(), clock });
  db.tick();
  const batch = db.batch();
  for (let i = 0; i < 5000; i++) batch.add(db.ref(metric('a', { i: String(i) })), clock.now(), i);
  await batch.commit('process');
  while (db.tick());
  expect(db.stats().sealedSamples).toBeLessThan(200);
  await db.close();
});

test('seals as time passes and cuts its log', async () => {
  const folder = tempFolder();
  const clock = new ManualClock();
  const db = openTsdb({ folder, clock });
  for (let i = 0; i < 200; i++) {
    await push(db, metric('a'), [clock.now(), i]);
    await clock.advance(15_000);
  }
  const { headSamples, sealedSamples } = db.stats();
  expect(headSamples + sealedSamples).toBe(200);
  expect(sealedSamples).toBeGreaterThan(100);
  expect(readdirSync(join(folder, 'wal')).length).toBeLessThan(4);
  expect(all(db)['__name__,a']!.map(([, v]) => v)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  await db.close();
});

test('takes late samples, refuses too old, too new, contradicting and badly timed ones', async () => {
  const clock = new ManualClock();
  const now = clock.now();
  const db = openTsdb({ folder: tempFolder(), clock });
  expect(await push(db, metric('a'), [now, 1])).toEqual([verdicts.stored]);
  expect(
    await push(db, metric('a'), [now - 7_200_000, 2], [now - 7_200_001, 3], [now + 600_000, 4], [now + 600_001, 5], [now, 1], [now, 9], [1.5, 1]),
  ).toEqual([verdicts.stored, verdicts.tooOld, verdicts.stored, verdicts.tooFarAhead, verdicts.duplicate, verdicts.conflicting, verdicts.tooOld]);
  expect(all(db)['__name__,a']).toEqual([
    [now - 7_200_000, 2],
    [now, 1],
    [now + 600_000, 4],
  ]);
  expect(Object.fromEntries(db.stats().rejected)).toEqual({ out_of_order_too_old: 2, future: 1, duplicate_other_value: 1 });
  await db.close();
});

test('knows a duplicate of a sealed sample', async () => {
  const folder = tempFolder();
  const clock = new ManualClock();
  const now = clock.now();
  let db = openTsdb({ folder, clock });
  await push(db, metric('a'), [now, 1], [now + 10, 2]);
  await db.close();
  db = openTsdb({ folder, clock });
  expect(await push(db, metric('a'), [now, 1], [now, 2], [now + 5, 7], [now + 10, 2])).toEqual([
    verdicts.duplicate,
    verdicts.conflicting,
    verdicts.stored,
    verdicts.duplicate,
  ]);
  expect(all(db)['__name__,a']).toEqual([
    [now, 1],
    [now + 5, 7],
    [now + 10, 2],
  ]);
  await db.close();
});

test('keeps stale markers and NaN payloads bit for bit, on every road', async () => {
  const folder = tempFolder();
  const clock = new ManualClock();
  const now = clock.now();
  const words = new Uint32Array([0x89abcdef, 0x7ff80123, 2, 0x7ff00000, 1, 0xfff7ffff]);
  const odd = new Float64Array(words.buffer);
  let db = openTsdb({ folder, clock });
  const batch = db.batch();
  const ref = db.ref(metric('a'));
  for (let i = 0; i < 3; i++) batch.add(ref, now + i, odd[i]!);
  batch.addStale(ref, now + 3);
  batch.add(ref, now - 100, odd[2]!);
  batch.addStale(ref, now - 99);
  await batch.commit('process');
  const check = (): void => {
    const [series] = db.select(everything, -Infinity, Infinity);
    const bits = new Uint32Array(series!.values.slice().buffer);
    expect([...bits]).toEqual([...words.subarray(4), 2, 0x7ff00000, ...words, 2, 0x7ff00000].slice(0, 12));
    expect(isStale(series!.values, 1)).toBe(true);
  };
  check();
  db = openTsdb({ folder, clock });
  check();
  await db.close();
  db = openTsdb({ folder, clock });
  check();
  await db.close();
});

test('refuses what is over its limits, and says why', async () => {
  const db = openTsdb({
    folder: tempFolder(),
    clock: new ManualClock(),
    limits: { seriesMax: 3, metricSeriesMax: 2, labelsMax: 3, nameBytesMax: 10, valueBytesMax: 10 },
  });
  expect(db.ref(metric('a'))).toBe(0);
  const why = (labels: Labels): string => verdictName(refusal(db.ref(labels)));
  expect(why(metric('a', { a: '1', b: '2', c: '3' }))).toBe('label_count_limit');
  expect(why(metric('a', { aaaaaaaaaaa: '1' }))).toBe('label_name_length_limit');
  expect(why(metric('a', { a: 'äääääää' }))).toBe('label_value_length_limit');
  expect(why(['a', '1'])).toBe('bad_labels');
  expect(why(['__name__', 'a', 'A', '1'])).toBe('bad_labels');
  expect(db.ref(metric('a', { a: '1' }))).toBe(1);
  expect(why(metric('a', { a: '2' }))).toBe('metric_series_limit');
  expect(db.ref(metric('b'))).toBe(2);
  expect(why(metric('c'))).toBe('series_limit');
  expect(db.batch().add(db.ref(metric('c')), 0, 1)).toBe(verdicts.seriesLimit);
  expect(Object.fromEntries(db.stats().rejected)).toEqual({ series_limit: 1 });
  await db.close();
});

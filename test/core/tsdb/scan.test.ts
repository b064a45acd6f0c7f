import { expect, test } from 'vitest';
import { labelsFromRecord, matcher, METRIC_NAME, type SeriesColumns } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5);
const everything = [matcher(METRIC_NAME, '!=', '')];
const seriesCount = 100;
const labels = Array.from({ length: seriesCount }, (_, i) => labelsFromRecord({ [METRIC_NAME]: `m${i % 3}`, host: String(i % 7), i: String(i) }));

async function scrape(store: Tsdb, fromStep: number, steps: number): Promise<void> {
  for (let k = fromStep; k < fromStep + steps; k++) {
    const batch = store.batch();
    labels.forEach((set, i) => {
      const timeMs = startMs + k * 15_000 + (i % 7) * 130;
      if (i % 50 === 0 && k % 40 === 0) batch.addStale(store.ref(set), timeMs);
      else batch.add(store.ref(set), timeMs, i % 5 === 0 ? 7 : (Math.round(Math.sin(i + k) * 1000) + 5000) / 10);
    });
    await batch.commit('process');
  }
}

async function filled(): Promise<Tsdb> {
  const store = openTsdb({ folder: tempFolder(), clock: new ManualClock(startMs + 86_400_000) });
  await scrape(store, 0, 700);
  store.compact();
  await scrape(store, 700, 300);
  return store;
}

const plain = ({ labels: of, timesMs, values }: SeriesColumns): unknown => [of, [...timesMs], [...new BigUint64Array(values.slice().buffer)]];
const middle = [startMs + 1_000_003, startMs + 14_000_000] as const;

test('a scan reads what a selection holds, in any order and again', async () => {
  const store = await filled();
  const selected = store.select(everything, ...middle).map(plain);
  const scanned = store.scan(everything, ...middle);
  expect(scanned.map(plain)).toEqual(selected);
  for (const i of [77, 3, 99, 0, 77]) expect(plain(scanned[i]!)).toEqual(selected[i]);
  await store.close();
});

test('what is sealed, recoded and added while it is read changes nothing of it', async () => {
  const store = await filled();
  const selected = store.select(everything, ...middle).map(plain);
  const scanned = store.scan(everything, ...middle);
  const before = scanned.slice(0, 40).map(plain);
  store.compact();
  await scrape(store, 1000, 40);
  store.compact();
  expect([...before, ...scanned.slice(40).map(plain)]).toEqual(selected);
  await store.close();
});

test('what was deleted before it stays deleted when it is taken off the disk meanwhile', async () => {
  const store = await filled();
  store.deleteSeries([matcher('host', '=', '3')], startMs, startMs + 9_000_000);
  const selected = store.select(everything, ...middle).map(plain);
  const scanned = store.scan(everything, ...middle);
  const before = scanned.slice(0, 40).map(plain);
  store.compact();
  expect([...before, ...scanned.slice(40).map(plain)]).toEqual(selected);
  await store.close();
});

test('found in turns, a scan reads the same whatever the store does between two turns', async () => {
  for (const isSealed of [true, false]) {
    const store = openTsdb({ folder: tempFolder(), clock: new ManualClock(startMs + 86_400_000) });
    await scrape(store, 0, 60);
    if (isSealed) store.compact();
    const range = [startMs + 100_000, startMs + 50 * 15_000] as const;
    const selected = new Map(store.select(everything, ...range).map((series) => [series.labels.join(), plain(series)]));
    let turns = 0;
    const scanned = await store.scanInTurns(everything, ...range, async () => {
      if (turns++ > 0) return;
      store.compact();
      await scrape(store, 60, 5);
      store.compact();
    });
    expect(turns).toBeGreaterThan(1);
    expect(new Map(scanned.map((series) => [series.labels.join(), plain(series)]))).toEqual(selected);
    expect(scanned.length).toBe(seriesCount);
    await store.close();
  }
});

test('series scraped together share their times, and oddities are told without decoding', async () => {
  const store = await filled();
  const scanned = store.scan(everything, ...middle);
  const arrays = new Set(scanned.map(({ timesMs }) => timesMs));
  expect(arrays.size).toBeLessThan(15);
  for (const series of scanned) if (series.isPlain) expect(series.values.some(Number.isNaN)).toBe(false);
  expect(scanned.filter(({ isPlain }) => !isPlain).length).toBeLessThan(10);
  await store.close();
});

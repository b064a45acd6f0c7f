/** Exemplars and metadata: over restarts, deaths of the process, seals, copies, retention, deletions, and never more than there may be. */
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher } from '#core/model/index.ts';
import { openTsdb, openTsdbView, type Tsdb, type TsdbView } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15_000;
const labels = labelsFromRecord({ __name__: 'requests_total', job: 'shop' });
const metadata = { type: 'counter', help: 'Requests "answered".\nAll of them.', unit: 'requests' } as const;
const hourMs = 3_600_000;

class Bench {
  readonly folder = tempFolder();
  readonly clock = { nowMs: startMs, now: () => this.clock.nowMs, monotonicMs: () => this.clock.nowMs, after: () => () => undefined };
  db: Tsdb;
  readonly #limits: NonNullable<Parameters<typeof openTsdb>[0]['limits']>;

  constructor(limits: NonNullable<Parameters<typeof openTsdb>[0]['limits']> = {}) {
    this.#limits = limits;
    this.db = this.open(this.folder);
  }

  open(folder: string): Tsdb {
    return openTsdb({ folder, clock: this.clock, limits: this.#limits });
  }

  async scrape(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const batch = this.db.batch();
      const ref = this.db.ref(labels);
      const n = (this.clock.nowMs - startMs) / stepMs;
      batch.add(ref, this.clock.nowMs, n);
      this.db.addExemplar(ref, { labels: ['trace_id', `t${n}`], value: n / 2, timeMs: this.clock.nowMs });
      this.db.setMetadata('requests_total', metadata);
      await batch.commit('process');
      this.clock.nowMs += stepMs;
      while (this.db.tick());
    }
  }
}

const values = (db: TsdbView, minMs = -Infinity, maxMs = Infinity): readonly number[] =>
  db.exemplars([matcher('job', '=', 'shop')], minMs, maxMs).flatMap(({ exemplars }) => exemplars.map(({ value }) => value));
const halves = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => (from + i) / 2);

test('they survive a death, a close, seals, copies and a view', async () => {
  const bench = new Bench();
  await bench.scrape(3);
  expect(values(bench.db)).toEqual(halves(0, 3));
  bench.db = bench.open(bench.folder); // The process before has died.
  expect(values(bench.db)).toEqual(halves(0, 3));
  await bench.scrape(200);
  bench.db.compact();
  expect(values(bench.db)).toEqual(halves(0, 203));
  expect(values(bench.db, startMs + 10 * stepMs, startMs + 12 * stepMs)).toEqual(halves(10, 13));
  const copy = tempFolder();
  await bench.db.snapshot(copy);
  await bench.db.close();
  for (const db of [bench.open(bench.folder), bench.open(copy), openTsdbView(copy)]) {
    expect(values(db)).toEqual(halves(0, 203));
    expect(db.metadata().get('requests_total')).toEqual(metadata);
    expect(db.exemplars([matcher('job', '=', 'shop')], startMs, startMs)).toEqual([
      { labels, exemplars: [{ labels: ['trace_id', 't0'], value: 0, timeMs: startMs }] },
    ]);
    await db.close();
  }
});

test('those of samples that are too old go, and the others stay', async () => {
  const bench = new Bench({ retentionMs: 2 * hourMs, outOfOrderMs: hourMs, rollup5mRetentionMs: 0, rollup1hRetentionMs: 0 });
  await bench.scrape(6 * 240);
  bench.db.compact();
  const left = values(bench.db);
  expect(left.at(-1)).toBe((6 * 240 - 1) / 2);
  expect(left.length).toBeGreaterThanOrEqual(2 * 240);
  expect(left.length).toBeLessThan(4.1 * 240);
  expect(bench.db.metadata().get('requests_total')).toEqual(metadata);
  await bench.db.close();
});

test('a deletion takes those of its range, sealed or not, and a death does not bring them back', async () => {
  const bench = new Bench();
  await bench.scrape(50);
  bench.db.compact();
  await bench.scrape(1);
  bench.db.addExemplar(bench.db.ref(labels), { labels: [], value: 77, timeMs: bench.clock.nowMs - stepMs });
  expect(bench.db.deleteSeries([matcher('job', '=', 'shop')], startMs + 10 * stepMs, startMs + 60 * stepMs)).toBe(1);
  expect(values(bench.db)).toEqual(halves(0, 10));
  bench.db = bench.open(bench.folder);
  expect(values(bench.db)).toEqual(halves(0, 10));
  await bench.scrape(2);
  expect(values(bench.db)).toEqual([...halves(0, 10), ...halves(51, 53)]);
  await bench.db.close();
});

test('the oldest go when there are too many', async () => {
  const bench = new Bench({ exemplarsMax: 100 });
  await bench.scrape(450);
  expect(values(bench.db).length).toBeGreaterThanOrEqual(100);
  expect(values(bench.db).length).toBeLessThan(200);
  expect(values(bench.db).at(-1)).toBe(449 / 2);
  await bench.db.close();
});

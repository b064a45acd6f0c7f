import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelsFromRecord, matcher, type Clock } from '#core/model/index.ts';
import { openTsdb, openTsdbView, verdicts, type Tsdb, type TsdbView } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { random } from './random.ts';

const startMs = Date.UTC(2026, 0, 5);
const stepMs = 15_000;
const names = Array.from({ length: 80 }, (_, i) => labelsFromRecord({ __name__: `m${i % 4}`, i: String(i) }));
const everything = [matcher('i', '!=', '')];

/** Time that stands still but for what the test says; upkeep runs when the test ticks. */
function handClock(): Clock & { nowMs: number } {
  const clock = { nowMs: startMs, now: () => clock.nowMs, monotonicMs: () => clock.nowMs, after: () => () => undefined };
  return clock;
}

async function scrape(db: Tsdb, clock: { nowMs: number }, rounds: number, value: (series: number) => number = (series) => series): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const batch = db.batch();
    names.forEach((labels, series) => batch.add(db.ref(labels), clock.nowMs, value(series)));
    await batch.commit('process');
    clock.nowMs += stepMs;
    while (db.tick());
  }
}

const count = (db: TsdbView): number => db.select(everything, -Infinity, Infinity).reduce((sum, { timesMs }) => sum + timesMs.length, 0);

test('what is too old goes, with its series, and the disk gets its room back', async () => {
  const clock = handClock();
  const folder = tempFolder();
  const next = random(1);
  const limits = { retentionMs: 4 * 3_600_000, rollup5mRetentionMs: 0, rollup1hRetentionMs: 0 };
  let db = openTsdb({ folder, clock, limits });
  await scrape(db, clock, 1500, () => next());
  const file = join(folder, 'metrics.db');
  const before = statSync(file).size;
  const { oldestMs } = db.stats();
  expect(oldestMs).toBeGreaterThan(clock.nowMs - 6.1 * 3_600_000);
  const ref = db.ref(labelsFromRecord({ __name__: 'new', i: '0' }));
  for (let day = 0; day < 3; day++) {
    clock.nowMs += 2 * 3_600_000;
    const batch = db.batch();
    batch.add(ref, clock.nowMs, 1);
    await batch.commit('process');
    while (db.tick());
    db.compact();
  }
  expect(db.series(everything, -Infinity, Infinity)).toEqual([['__name__', 'new', 'i', '0']]);
  expect(statSync(file).size).toBeLessThan(before / 4);
  expect(db.stats()).toMatchObject({ series: 1 });
  expect(db.labelValues('i')).toEqual(['0']);
  await scrape(db, clock, 2);
  expect(db.stats().series).toBe(names.length + 1);
  await db.close();
  db = openTsdb({ folder, clock });
  expect(db.stats().series).toBe(names.length + 1);
  expect(count(db)).toBe(names.length * 2 + 3); // Windows go whole: the first sample of `new` is past its age, its window is not.
  await db.close();
});

test('a clock that jumps ahead deletes nothing', async () => {
  const clock = handClock();
  const db = openTsdb({ folder: tempFolder(), clock, limits: { retentionMs: 3_600_000 } });
  await scrape(db, clock, 200);
  db.compact();
  const before = count(db);
  clock.nowMs += 10 * 365 * 86_400_000;
  while (db.tick());
  db.compact();
  expect(count(db)).toBe(before);
  await db.close();
});

const dayMs = 86_400_000;

test.each([
  ['ten years ahead', 10 * 365 * dayMs],
  ['an hour ahead', 3_607_000],
  ['an hour back', -3_593_000],
  ['a month back', -30 * dayMs],
])('a clock that jumps %s and is set right again deletes nothing and keeps nothing out, over restarts too', async (_, jumpMs) => {
  const folder = tempFolder();
  const clock = { nowMs: startMs, ranMs: 0, now: () => clock.nowMs, monotonicMs: () => clock.ranMs, after: () => () => undefined };
  const limits = { retentionMs: dayMs, rollup5mRetentionMs: 0, rollup1hRetentionMs: 0 };
  let db = openTsdb({ folder, clock, limits });
  const run = async (rounds: number): Promise<number> => {
    let stored = 0;
    for (let round = 0; round < rounds; round++) {
      const batch = db.batch();
      for (const labels of few) if (batch.add(db.ref(labels), clock.nowMs, 1) === verdicts.stored) stored++;
      await batch.commit('process');
      clock.nowMs += stepMs;
      clock.ranMs += stepMs;
      while (db.tick());
    }
    db.compact();
    return stored;
  };
  const few = names.slice(0, 8);
  let stored = await run(600);
  for (const byMs of [jumpMs, -jumpMs]) {
    clock.nowMs += byMs;
    const taken = await run(200); // Fifty minutes.
    expect(taken).toBe(200 * few.length);
    stored += taken;
    expect(count(db)).toBe(stored);
    for (let restarts = 0; restarts < 3; restarts++) {
      await db.close();
      clock.ranMs = 0;
      db = openTsdb({ folder, clock, limits });
      stored += await run(5);
    }
  }
  const isThere = (timeMs: number): boolean => db.select([matcher('i', '=', '7')], timeMs, timeMs).length > 0;
  for (let n = 0; n < 600; n += 50) expect([n, isThere(startMs + n * stepMs)]).toEqual([n, true]);
  await run(6 * 240); // Six hours: a jump that stands is followed.
  for (let n = 0; n < 600; n += 50) expect([n, isThere(startMs + n * stepMs)]).toEqual([n, true]);
  await db.close();
});

test('after a week off what is too old goes, an hour later', async () => {
  const folder = tempFolder();
  const clock = { nowMs: startMs, ranMs: 0, now: () => clock.nowMs, monotonicMs: () => clock.ranMs, after: () => () => undefined };
  const limits = { retentionMs: dayMs, rollup5mRetentionMs: 0, rollup1hRetentionMs: 0 };
  let db = openTsdb({ folder, clock, limits });
  const run = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      await scrape(db, { nowMs: clock.nowMs }, 1);
      clock.nowMs += stepMs;
      clock.ranMs += stepMs;
    }
  };
  await run(500);
  await db.close();
  clock.nowMs += 7 * dayMs;
  clock.ranMs = 0;
  db = openTsdb({ folder, clock, limits });
  await run(200);
  expect(db.stats().oldestMs).toBe(startMs);
  await run(100);
  db.compact();
  expect(db.stats().oldestMs).toBeGreaterThan(startMs + 6 * dayMs);
  await db.close();
});

test('the oldest windows go when there are too many bytes', async () => {
  const clock = handClock();
  const next = random(2);
  const db = openTsdb({ folder: tempFolder(), clock, limits: { retentionBytes: 800_000 } });
  await scrape(db, clock, 2400, () => next());
  db.compact();
  expect(db.stats().frameBytes).toBeLessThan(800_000);
  expect(db.stats().oldestMs).toBeGreaterThan(startMs + 3_600_000);
  expect(db.stats().newestMs).toBe(clock.nowMs - stepMs);
  await db.close();
});

test('a deletion holds at once, over a restart, and on disk, and takes only what was asked', async () => {
  const clock = handClock();
  const folder = tempFolder();
  let db = openTsdb({ folder, clock });
  await scrape(db, clock, 700);
  const [from, to] = [startMs + 100 * stepMs, startMs + 697 * stepMs]; // Into what only the log holds.
  expect(db.deleteSeries([matcher('i', '=~', '1|2|3')], from, to)).toBe(3);
  const left = names.length * 700 - 3 * 598;
  expect(count(db)).toBe(left);
  db = openTsdb({ folder, clock: { ...handClock(), now: () => clock.nowMs } });
  expect(count(db)).toBe(left);
  db.compact();
  expect(count(db)).toBe(left);
  expect(db.stats().sealedSamples).toBe(left);
  expect(db.deleteSeries([matcher('i', '=', '1')], -Infinity, Infinity)).toBe(1);
  db.compact();
  expect(db.series([matcher('i', '=', '1')], -Infinity, Infinity)).toEqual([]);
  await db.close();
  db = openTsdb({ folder, clock });
  expect(count(db)).toBe(left - 102);
  expect(db.series([matcher('i', '=', '1')], -Infinity, Infinity)).toEqual([]);
  await db.close();
});

test('a long log is replayed in turns, newest first, with samples coming in', async () => {
  const folder = tempFolder();
  const clock = { ...handClock(), nowMs: startMs };
  const many = Array.from({ length: 5000 }, (_, i) => labelsFromRecord({ __name__: 'm', i: String(i) }));
  const still: Clock = { now: () => clock.nowMs, monotonicMs: () => 0, after: () => () => undefined };
  const left = openTsdb({ folder, clock: still });
  const rounds = 300;
  for (let round = 0; round < rounds; round++) {
    const batch = left.batch();
    for (const labels of many) batch.add(left.ref(labels), clock.nowMs, round);
    await batch.commit('process');
    clock.nowMs += stepMs;
  }
  let spentMs = 0;
  const db = openTsdb({ folder, clock: { ...still, now: () => clock.nowMs, monotonicMs: () => (spentMs += 100) } });
  expect(db.stats()).toMatchObject({ isReplaying: true, series: many.length, newestMs: clock.nowMs - stepMs });
  const early = db.select([matcher('i', '=', '7')], -Infinity, Infinity)[0]!;
  expect(early.timesMs.at(-1)).toBe(clock.nowMs - stepMs);
  expect(early.timesMs.length).toBeLessThan(rounds);
  const batch = db.batch();
  expect(batch.add(db.ref(many[7]!), clock.nowMs, rounds)).toBe(verdicts.stored);
  await batch.commit('process');
  while (db.stats().isReplaying) db.tick();
  const whole = db.select([matcher('i', '=', '7')], -Infinity, Infinity)[0]!;
  expect([...whole.values]).toEqual(Array.from({ length: rounds + 1 }, (_, i) => i));
  expect(count(db)).toBe(many.length * rounds + 1);
  await db.close();
});

test('a snapshot of a store in use opens like any other, and a view reads beside the writer', async () => {
  const clock = new ManualClock(startMs);
  const folder = tempFolder();
  const target = tempFolder();
  const db = openTsdb({ folder, clock });
  for (let round = 0; round < 100; round++) {
    const batch = db.batch();
    for (const labels of names) batch.add(db.ref(labels), clock.now(), round);
    db.addExemplar(db.ref(names[0]!), { labels: ['trace_id', `t${round}`], value: round, timeMs: clock.now() });
    await batch.commit('process');
    await clock.advance(stepMs);
  }
  db.setMetadata('m0', { type: 'gauge', help: 'a gauge', unit: '' });
  await clock.advance(2000);
  const view = openTsdbView(folder);
  expect(count(view)).toBe(names.length * 100);
  expect(view.metadata().get('m0')).toEqual({ type: 'gauge', help: 'a gauge', unit: '' });
  expect(view.exemplars([matcher('i', '=', '0')], startMs, startMs + 3 * stepMs)[0]!.exemplars.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  await view.close();
  await db.snapshot(target);
  await expect(db.snapshot(target)).rejects.toThrow(/is not empty; name a new folder/);
  await db.close();
  const copy = openTsdb({ folder: target, clock: new ManualClock(clock.now()) });
  expect(count(copy)).toBe(names.length * 100);
  expect(copy.stats().damage).toEqual([]);
  await copy.close();
  expect(() => openTsdbView(join(target, 'none'))).toThrow(/holds no metrics; name a data folder/);
});

test('the log is cut only behind what is sealed, also where a walk over the groups takes several segments', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  const clock = handClock();
  const many = Array.from({ length: 24_000 }, (_, i) => labelsFromRecord({ __name__: `m${i % 10}`, i: String(i) }));
  const left = openTsdb({ folder, clock });
  const refs = many.map((labels) => left.ref(labels));
  const rounds = 45;
  for (let round = 0; round < rounds; round++) {
    const batch = left.batch();
    for (const ref of refs) batch.add(ref, clock.nowMs, round);
    await batch.commit('process');
    clock.nowMs += stepMs;
    while (left.tick());
    if (round !== 33 && round !== rounds - 1) continue;
    const view = openTsdbView(folder);
    expect(count(view)).toBe(many.length * (round + 1));
    await view.close();
  }
  expect(left.stats().walBytes).toBeLessThan(many.length * 12 * 45);
  await left.close();
});

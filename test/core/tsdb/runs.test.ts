/** Samples added in runs end up as those added one by one: the same verdicts, the same answers, before a restart and after it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareLabels, labelsFromRecord, matcher, type SeriesColumns } from '#core/model/index.ts';
import { openTsdb, verdictName, type Tsdb, type Verdict } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

const outOfOrderMs = 60_000;
const odd = new Float64Array(new Uint32Array([2, 0x7ff00000, 0xdeadbeef, 0xfff8aaaa, 0, 0x80000000]).buffer);

/** A run: the series (the last two are refused), how far its first sample lies from now, and the steps between its samples. */
const run = fc.record({
  series: fc.integer({ min: 0, max: 6 }),
  fromMs: fc.oneof(fc.integer({ min: -outOfOrderMs * 2, max: 0 }), fc.constant(-30_000)),
  steps: fc.array(fc.oneof(fc.constant(1000), fc.integer({ min: -5000, max: 20_000 }), fc.constant(0.5), fc.constant(Number.NaN)), { maxLength: 12 }),
});
const requests = fc.array(fc.array(run, { maxLength: 8 }), { minLength: 1, maxLength: 6 });

interface Twin {
  readonly db: Tsdb;
  readonly refs: readonly number[];
}

function open(folder: string, clock: ManualClock): Twin {
  const db = openTsdb({ folder, clock, limits: { outOfOrderMs } });
  const names = Array.from({ length: 5 }, (_, i) => labelsFromRecord({ __name__: `m${i}` }));
  return { db, refs: [...names.map((labels) => db.ref(labels)), db.ref(['b', '1']), db.ref(['__name__', ''])] };
}

function columnsOf(request: readonly { series: number; fromMs: number; steps: readonly number[] }[], nowMs: number, refs: readonly number[]) {
  const times = request.flatMap(({ fromMs, steps }) => steps.map((_, i) => steps.slice(0, i).reduce((sum, step) => sum + step, nowMs + fromMs)));
  const values = new Float64Array(times.length);
  times.forEach((_, i) => values.set(i % 5 === 4 ? odd.subarray(i % 3, (i % 3) + 1) : Float64Array.of(i), i));
  let at = 0;
  return {
    count: request.length,
    refs: Int32Array.from(request, ({ series }) => refs[series]!),
    ends: Int32Array.from(request, ({ steps }) => (at += steps.length)),
    timesMs: Float64Array.from(times),
    values,
  };
}

const answer = ({ db }: Twin): unknown =>
  [...db.select([matcher('__name__', '=~', 'm.*')], -Infinity, Infinity)]
    .sort((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, timesMs, values }: SeriesColumns) => ({
      labels,
      timesMs: [...timesMs],
      bits: [...new Uint32Array(values.slice().buffer)],
    }));

test('added in runs and one by one', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (all) => {
      const clock = new ManualClock();
      const folders = [tempFolder(), tempFolder()] as const;
      const [inRuns, oneByOne] = [open(folders[0], clock), open(folders[1], clock)];
      for (const request of all) {
        const runs = columnsOf(request, clock.now(), inRuns.refs);
        const batch = inRuns.db.batch();
        const counts = batch.addRuns(runs);
        await batch.commit('process');
        const other = oneByOne.db.batch();
        const expected = new Uint32Array(counts.length);
        let at = 0;
        runs.ends.forEach((end, i) => {
          for (; at < end; at++) expected[other.add(runs.refs[i]!, runs.timesMs[at]!, runs.values[at]!)]!++;
        });
        await other.commit('process');
        const named = (found: Uint32Array): unknown =>
          Object.fromEntries([...found].map((count, verdict) => [verdictName(verdict as Verdict), count]));
        expect(named(counts)).toEqual(named(expected));
        expect(batch.stored).toBe(other.stored);
        await clock.advance(7000);
      }
      expect(answer(inRuns)).toEqual(answer(oneByOne));
      expect(inRuns.db.stats().rejected).toEqual(oneByOne.db.stats().rejected);
      const before = answer(inRuns);
      const again = open(folders[0], clock); // As after a crash: from the log alone.
      while (again.db.tick());
      expect(answer(again)).toEqual(before);
      for (const { db } of [again, oneByOne]) await db.close();
    }),
    { numRuns: 25, seed: 7 },
  );
});

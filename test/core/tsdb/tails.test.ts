import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Blocks, longFromSamples } from '#core/tsdb/blocks.ts';
import { Room, Tails } from '#core/tsdb/tails.ts';

type Sample = readonly [timeMs: number, value: number];

const refCount = 3;
/** Steps in time: usual ones, and such as a block's times cannot reach over. */
const step = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 30, max: 2 ** 33 }) },
);
const ref = fc.integer({ min: 0, max: refCount - 1 });
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant('run' as const), ref, steps: fc.array(step, { minLength: 1, maxLength: 3 * longFromSamples }) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('one' as const), ref, steps: fc.tuple(step) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('clear' as const), ref, steps: fc.constant([]) }) },
);

/** Adds some samples, and what they are to a plain list of them. */
function add(tails: Tails, of: number, isRun: boolean, steps: readonly number[], known: Sample[], clock: { nowMs: number }): void {
  const times = Float64Array.from(steps, (ms) => (clock.nowMs += ms));
  const values = times.map((timeMs) => timeMs % 977);
  if (isRun) tails.pushRun(of, times, values, 0, times.length);
  else tails.push(of, times[0]!, values[0]!);
  known.push(...Array.from(times, (timeMs, i): Sample => [timeMs, values[i]!]));
}

function read(tails: Tails, of: number, minMs: number, maxMs: number): Sample[] {
  const room = new Room();
  const found = tails.read(of, minMs, maxMs, room);
  return found === undefined ? [] : Array.from(found.times, (timeMs, i) => [timeMs, found.values[i]!]);
}

function expectSame(tails: Tails, known: readonly Sample[], of: number): void {
  expect(tails.count(of)).toBe(known.length);
  expect(tails.firstMs(of)).toBe(known[0]?.[0] ?? Infinity);
  expect(tails.lastMs(of)).toBe(known.at(-1)?.[0] ?? -Infinity);
  expect(read(tails, of, -Infinity, Infinity)).toEqual(known);
  const [fromMs, toMs] = [known[known.length >> 2]?.[0] ?? 0, known[(known.length * 3) >> 2]?.[0] ?? 0];
  expect(read(tails, of, fromMs, toMs)).toEqual(known.filter(([timeMs]) => timeMs >= fromMs && timeMs <= toMs));
}

test('tails hold what was put in, in blocks of both lengths, and take over older tails', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), fc.array(act, { maxLength: 10 }), (acts, olderActs) => {
      const blocks = new Blocks();
      const clock = { nowMs: 1_700_000_000_000 };
      const known = Array.from({ length: refCount }, (): Sample[] => []);
      const play = (tails: Tails, list: typeof acts, lists: Sample[][]): void => {
        for (const one of list) {
          if (one.act !== 'clear') add(tails, one.ref, one.act === 'run', one.steps, lists[one.ref]!, clock);
          else {
            tails.clear(one.ref);
            lists[one.ref] = [];
          }
        }
      };
      const older = new Tails(blocks);
      older.reserve(refCount);
      const before = Array.from({ length: refCount }, (): Sample[] => []);
      play(older, olderActs, before);
      const tails = new Tails(blocks);
      tails.reserve(refCount);
      play(tails, acts, known);
      for (let of = 0; of < refCount; of++) {
        expectSame(tails, known[of]!, of);
        tails.takeOlder(older, of);
        expectSame(tails, [...before[of]!, ...known[of]!], of);
        add(tails, of, true, [1, 2, 3], before[of]!, clock);
        expect(older.count(of)).toBe(0);
      }
      for (let of = 0; of < refCount; of++) tails.clear(of);
      expect(blocks.segments.reduce((sum, segment) => sum + (segment?.used ?? 0), 0)).toBe(0);
    }),
    { seed: 3, numRuns: 300 },
  );
});

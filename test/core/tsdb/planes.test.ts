import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planesForm, quickPlanesForm } from '#core/tsdb/codec/frame-planes.ts';
import { encodeFrame, openFrame } from '#core/tsdb/codec/frame.ts';
import type { Member } from '#core/tsdb/codec/frame-form.ts';

const startMs = Date.UTC(2026, 0, 5, 8);
const bitsOf = (values: Float64Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length * 2);

/** A column is a walk that its neighbours have too, from somewhere, and a little of its own: what a frame codes from column to column. */
interface Shape {
  readonly from: number;
  readonly sign: 1 | -1;
  readonly own: number;
  readonly divisor: number;
  readonly odd: readonly (readonly [at: number, value: number])[];
}

const edge = 2 ** 53;
const shape: fc.Arbitrary<Shape> = fc.record({
  from: fc.oneof(fc.constantFrom(edge - 1, 1 - edge, 2 ** 51), fc.integer({ min: -1e6, max: 1e6 })),
  sign: fc.constantFrom<1 | -1>(1, 1, 1, -1),
  own: fc.nat({ max: 3 }),
  divisor: fc.constantFrom(1, 1, 1, 10, 1000, 1024, 3),
  odd: fc.array(fc.tuple(fc.nat({ max: 2000 }), fc.constantFrom(NaN, Infinity, -Infinity, -0, 5e-324, 1.7e308)), { maxLength: 2 }),
});
const walk = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 200 }));

function columnOf({ from, sign, own, divisor, odd }: Shape, bits: number, steps: readonly number[]): Float64Array {
  let height = from - Math.sign(from) * 2 ** bits;
  const values = Float64Array.from(steps, (step, i) => {
    height = Math.max(1 - edge, Math.min(edge - 1, height + sign * Math.round((step / 1000) * 2 ** (bits - 4))));
    return (height + (i % (own + 1))) / divisor;
  });
  for (const [at, value] of odd) if (at < values.length) values[at] = value;
  return values;
}

test('frames of planes give back every double bit for bit, also where whole numbers end', () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 6 }), walk, (shapes, [bits, steps]) => {
      const times = Float64Array.from(steps, (_, i) => startMs + i * 15_000);
      const members: Member[] = shapes.map((one, slot) => ({ slot, columns: { times, values: columnOf(one, bits, steps) } }));
      for (const form of [planesForm, quickPlanesForm]) {
        const frame = openFrame(encodeFrame(form, startMs, members));
        for (const { slot, columns } of members) {
          const out = new Float64Array(steps.length);
          frame.stretches(slot)[0]!.read(0, steps.length, out, 0);
          expect(bitsOf(out)).toEqual(bitsOf(columns.values));
        }
      }
    }),
    { seed: 5, numRuns: 1500 },
  );
});

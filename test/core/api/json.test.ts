import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSeconds, JsonBytes } from '#core/api/json.ts';
import { formatNumber, numberBytesMax, putNumber } from '#core/api/numbers.ts';

/** Marsaglia's xorshift of 32 bits. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const text = (out: JsonBytes): string => new TextDecoder().decode(out.done());

describe('JSON of the API', () => {
  test.each([
    [0, '0'],
    [1_700_000_000_000, '1700000000'],
    [1_700_000_000_120, '1700000000.120'],
    [1_700_000_000_007, '1700000000.007'],
    [-1500, '-1.500'],
    [-7, '-0.007'],
  ])('%d ms is %s s', (ms, seconds) => expect(formatSeconds(ms)).toBe(seconds));

  test('grows over its first buffer, and text of any language stays itself', () => {
    const out = new JsonBytes().ascii('[');
    for (let i = 0; i < 2000; i++) out.sample(1500, i).ascii(',');
    out.json({ city: 'Zürich ☃ 𝄞' }).ascii(']');
    const parsed = JSON.parse(text(out)) as unknown[];
    expect(parsed.length).toBe(2001);
    expect(parsed[1999]).toEqual([1.5, '1999']);
    expect(parsed[2000]).toEqual({ city: 'Zürich ☃ 𝄞' });
  });

  test('a value of few digits has the text that its shortest form has', () => {
    const scaled = fc
      .tuple(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }), fc.integer({ min: 0, max: 9 }))
      .map(([whole, places]) => whole / 10 ** places);
    const special = fc.constantFrom(0, -0, 1e21, 1e-6, 1e-7, -0.1, 0.001, 100, 999_999_999_999_999, 1e15, Number.NaN, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer(), scaled, special), (value) => {
        expect(text(new JsonBytes().number(value))).toBe(formatNumber(value));
      }),
      { seed: 7, numRuns: 5000 },
    );
  });

  test('doubles of any bits have their shortest form', () => {
    const double = new Float64Array(1);
    const words = new Uint32Array(double.buffer);
    const random = seeded(11);
    const differing: number[] = [];
    const bytes = new Uint8Array(numberBytesMax);
    const look = (value: number): void => {
      const end = putNumber(bytes, 0, value);
      if (Buffer.from(bytes.buffer, 0, end).toString('latin1') !== formatNumber(value)) differing.push(value);
    };
    for (let i = 0; i < 200_000; i++) {
      // Exponents from -22 to 55: those that are written without an exponent, and some to both sides.
      words[0] = random();
      words[1] = ((random() & 1) << 31) | ((1001 + (random() % 78)) << 20) | (random() & 0xfffff);
      look(double[0]!);
      // Few bits: half-way cases. None: powers of two, below which doubles lie closer.
      words[0] = (random() & 7) << 29;
      look(double[0]!);
      words[0] = 0;
      words[1] &= 0xfff0_0000;
      look(double[0]!);
      look(random() / 10 ** (random() % 17));
      // The doubles around powers of ten.
      double[0] = 10 ** ((random() % 22) - 6);
      words[0] += (random() % 65) - 32;
      look(double[0]);
    }
    expect(differing.slice(0, 5)).toEqual([]);
  });

  test.each([
    [1e21, '1e+21'],
    [-1e-7, '-1e-07'],
    [5e-324, '5e-324'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [123_456_789.125, '123456789.125'],
  ])('%d is %s', (value, written) => expect(text(new JsonBytes().number(value))).toBe(written));

  test('series that share some times', () => {
    const out = new JsonBytes();
    out
      .samples(Float64Array.of(1000, 2500), Float64Array.of(1, -2.5))
      .ascii(',')
      .samples(Float64Array.of(1000, 3000, 4000), Float64Array.of(1, 2, 3));
    expect(text(out)).toBe('[[1,"1"],[2.500,"-2.5"]],[[1,"1"],[3,"2"],[4,"3"]]');
    const long = Float64Array.from({ length: 3000 }, (_, i) => 1_699_999_990_500 + i * 7_003);
    const written = JSON.parse(text(new JsonBytes().samples(long, long.map(Math.sqrt)))) as [number, string][];
    expect(written).toEqual(Array.from(long, (timeMs) => [timeMs / 1000, String(Math.sqrt(timeMs))]));
    expect(text(new JsonBytes().samples(Float64Array.of(-1500, 0, 9_999_999, 1e16), new Float64Array(4)))).toBe(
      '[[-1.500,"0"],[0,"0"],[9999.999,"0"],[10000000000000,"0"]]',
    );
    expect(text(new JsonBytes().samples(new Float64Array(0), new Float64Array(0)))).toBe('[]');
  });
});

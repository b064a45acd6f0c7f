import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsFromRecord, type SeriesColumns } from '#core/model/index.ts';
import { evaluateRange, memorySource } from '#core/promql/index.ts';

const startMs = 1_700_000_000_000;
const rangeMs = 300_000;

/** Neumaier's sum, one value after another, as Prometheus adds them. */
function neumaier(values: readonly number[]): number {
  let [sum, lost] = [0, 0];
  for (const value of values) {
    const total = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
    sum = total;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** Least squares with compensated sums. */
function line(samples: readonly (readonly [timeMs: number, value: number])[], originMs: number): { slope: number; intercept: number } {
  const first = samples[0]![1];
  if (samples.every(([, value]) => value === first)) return { slope: 0, intercept: first };
  const points = samples.map(([timeMs, y]) => ({ x: (timeMs - originMs) / 1e3, y }));
  const [n, sumX, sumY] = [points.length, neumaier(points.map(({ x }) => x)), neumaier(points.map(({ y }) => y))];
  const covariance = neumaier(points.map(({ x, y }) => x * y)) - (sumX * sumY) / n;
  const variance = neumaier(points.map(({ x }) => x * x)) - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

function expected({ timesMs, values }: SeriesColumns, atMs: number): { deriv: number; ahead: number } | undefined {
  const samples = Array.from(timesMs, (timeMs, i) => [timeMs, values[i]!] as const).filter(([timeMs]) => timeMs > atMs - rangeMs && timeMs <= atMs);
  if (samples.length < 2) return undefined;
  const { slope, intercept } = line(samples, atMs);
  return { deriv: line(samples, samples[0]![0]).slope, ahead: slope * 600 + intercept };
}

const columns = fc
  .record({
    intervalMs: fc.constantFrom(15_000, 10_000, 17_000, 60_000),
    phaseMs: fc.integer({ min: 0, max: 14_999 }),
    jitterMs: fc.constantFrom(0, 0, 3),
    lost: fc.array(fc.integer({ min: 0, max: 79 }), { maxLength: 4 }),
    values: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 10 ** 11 }), { minLength: 80, maxLength: 80 }),
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 80, maxLength: 80 }),
      fc.array(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), { minLength: 80, maxLength: 80 }),
      fc.array(fc.constantFrom<number>(5, 5, 5, 6), { minLength: 80, maxLength: 80 }),
    ),
  })
  .map(({ intervalMs, phaseMs, jitterMs, lost, values }): SeriesColumns => {
    const kept = values.map((_, i) => i).filter((i) => !lost.includes(i));
    return {
      labels: labelsFromRecord({ __name__: 'x' }),
      timesMs: Float64Array.from(kept, (i) => startMs + phaseMs + i * intervalMs + (jitterMs === 0 ? 0 : (i * 7) % jitterMs)),
      values: Float64Array.from(kept, (i) => values[i]!),
    };
  });

test('deriv() and predict_linear() have the bits of sums made anew in every window', async () => {
  await fc.assert(
    fc.asyncProperty(columns, fc.constantFrom(15_000, 60_000, 7_000), async (series, stepMs) => {
      const range = { startMs, endMs: startMs + 40 * stepMs, stepMs };
      const [ofDeriv, ofAhead] = await Promise.all(
        ['deriv(x[5m])', 'predict_linear(x[5m], 600)'].map((query) => evaluateRange(memorySource([series]), query, range)),
      );
      const steps = Array.from({ length: 41 }, (_, k) => expected(series, startMs + k * stepMs)).filter((one) => one !== undefined);
      expect(Array.from(ofDeriv!.series[0]?.values ?? [])).toEqual(steps.map(({ deriv }) => deriv));
      expect(Array.from(ofAhead!.series[0]?.values ?? [])).toEqual(steps.map(({ ahead }) => ahead));
    }),
    { seed: 5, numRuns: 150 },
  );
});

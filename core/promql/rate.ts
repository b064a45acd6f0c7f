import { float, type Row } from './vector.ts';
import { hasHistograms, type RangeCall, type RangeFunction, type RangeRow } from './windows.ts';
import { extendedRate } from './extended.ts';
import { histogramIncrease } from './range-histograms.ts';
import { setHistogram } from './vector.ts';
import { scaled } from './histogram/arithmetic.ts';

/** Which of the three: rate and increase are of counters, rate is per second. */
export interface RateKind {
  readonly counter: boolean;
  readonly perSecond: boolean;
}

/**
 * rate(), increase() and delta(): the difference over a window, extended to the window's bounds where the samples come
 * close to them. Source: Prometheus' documentation of rate() and its extrapolation, 3.x (windows open on the left).
 */
export function extrapolated(kind: RateKind): RangeFunction {
  return (row, out, call) => {
    if (call.extend !== undefined) return extendedRate(row, out, call, kind);
    const drops = kind.counter ? dropsOf(row.values) : noDrops;
    let drop = 0;
    for (let k = 0; k < call.steps; k++) {
      const from = row.lo[k]!;
      const to = row.hi[k]!;
      if (hasHistograms(row, k)) {
        if (to > from) call.notes.mixed();
        else histogramStep(row, out, call, k, kind);
        continue;
      }
      if (to - from < 2) continue;
      let difference = row.values[to - 1]! - row.values[from]!;
      while (drop < drops.length && drops[drop]! <= from) drop++;
      for (let i = drop; i < drops.length && drops[i]! < to; i++) difference += row.values[drops[i]! - 1]!;
      const firstValue = row.values[from]!;
      const zero = kind.counter && difference > 0 && firstValue >= 0 ? firstValue / difference : Infinity;
      out.values[k] = difference * factor(call, k, row.timesMs[from]!, row.timesMs[to - 1]!, to - from - 1, zero, kind);
      out.kinds[k] = float;
    }
  };
}

const noDrops = new Int32Array(0);

/** Where a counter fell: indexes of samples smaller than the one before. */
function dropsOf(values: Float64Array): Int32Array {
  let count = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) count++;
  if (count === 0) return noDrops;
  const drops = new Int32Array(count);
  for (let i = 1, at = 0; i < values.length; i++) if (values[i]! < values[i - 1]!) drops[at++] = i;
  return drops;
}

const nearFactor = 1.1; // A bound up to 10 % further away than the mean distance of samples counts as reached.

/**
 * What to multiply a difference between two samples by. `zero` is how many sampled intervals before the first sample the
 * counter was 0: it is never extended below that.
 */
function factor(call: RangeCall, step: number, firstMs: number, lastMs: number, intervals: number, zero: number, kind: RateKind): number {
  const endMs = call.sight.firstMs + step * call.sight.stepMs;
  const sampled = (lastMs - firstMs) / 1000;
  const mean = sampled / intervals;
  const near = mean * nearFactor;
  let toStart = (firstMs - (endMs - call.rangeMs)) / 1000;
  let toEnd = (endMs - lastMs) / 1000;
  if (toStart >= near) toStart = mean / 2;
  const toZero = sampled * zero;
  if (toZero < toStart) toStart = toZero;
  if (toEnd >= near) toEnd = mean / 2;
  const whole = (sampled + toStart + toEnd) / sampled;
  return kind.perSecond ? whole / (call.rangeMs / 1000) : whole;
}

function histogramStep(row: RangeRow, out: Row, call: RangeCall, step: number, kind: RateKind): void {
  const { list, timesMs, lo, hi } = row.histograms!;
  const from = lo[step]!;
  const to = hi[step]!;
  if (to - from < 2) return;
  const increase = histogramIncrease(list, from, to, kind.counter, call.notes);
  if (increase === undefined) return;
  const firstCount = list[from]!.count;
  const zero = kind.counter && increase.count > 0 && firstCount >= 0 ? firstCount / increase.count : Infinity;
  setHistogram(out, step, scaled(increase, factor(call, step, timesMs[from]!, timesMs[to - 1]!, to - from - 1, zero, kind)));
}

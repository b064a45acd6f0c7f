import { EngineError } from '#core/model/index.ts';
import { meanOf, sumOf, varianceOf } from '../kahan.ts';
import { quantileOf, SortedWindow } from './quantile.ts';
import { float, type Row } from '../vector.ts';
import { hasHistograms, type RangeCall, type RangeFunction, type RangeRow } from '../read/windows.ts';

/** A function of the floats in a window, at least `least` of them. Histograms beside them are ignored, with a note. */
export function ofFloats(one: (row: RangeRow, from: number, to: number, call: RangeCall, step: number) => number, least = 1): RangeFunction {
  return (row, out, call) => {
    const { lo, hi } = row;
    for (let k = 0; k < call.steps; k++) {
      const count = hi[k]! - lo[k]!;
      if (count > 0 && hasHistograms(row, k)) call.notes.ignoredHistograms();
      if (count < least) continue;
      out.values[k] = one(row, lo[k]!, hi[k]!, call, k);
      out.kinds[k] = float;
    }
  };
}

/** The same over floats and, instead of them, histograms; a mix of both gives nothing but a warning. */
function ofEither(one: (values: Float64Array, from: number, to: number) => number, ofHistograms: HistogramFold): RangeFunction {
  return (row, out, call) => {
    const { lo, hi, values } = row;
    for (let k = 0; k < call.steps; k++) {
      const count = hi[k]! - lo[k]!;
      if (hasHistograms(row, k)) {
        if (count > 0) call.notes.mixed();
        else ofHistograms(row, out, call, k);
      } else if (count > 0) {
        out.values[k] = one(values, lo[k]!, hi[k]!);
        out.kinds[k] = float;
      }
    }
  };
}

export type HistogramFold = (row: RangeRow, out: Row, call: RangeCall, step: number) => void;

/** max_over_time (`sign` 1) and min_over_time (-1): a queue of candidates, best first, each sample in and out once. */
export function extreme(sign: 1 | -1): RangeFunction {
  return (row, out, call) => {
    const { lo, hi, values } = row;
    const queue = new Int32Array(values.length);
    let head = 0;
    let tail = 0;
    let next = 0;
    for (let k = 0; k < call.steps; k++) {
      const from = lo[k]!;
      const to = hi[k]!;
      if (to > from && hasHistograms(row, k)) call.notes.ignoredHistograms();
      for (next = Math.max(next, from); next < to; next++) {
        const value = values[next]! * sign;
        if (value !== value) continue;
        while (tail > head && values[queue[tail - 1]!]! * sign < value) tail--;
        queue[tail++] = next;
      }
      while (head < tail && queue[head]! < from) head++;
      if (to <= from) continue;
      out.values[k] = head < tail ? values[queue[head]!]! : NaN;
      out.kinds[k] = float;
    }
  };
}

export const quantileOverTime: RangeFunction = (row, out, call) => {
  const window = new SortedWindow(row.values);
  const quantiles = call.scalars[0]!;
  for (let k = 0; k < call.steps; k++) {
    const from = row.lo[k]!;
    const to = row.hi[k]!;
    if (to <= from) continue;
    const quantile = quantiles[k]!;
    if (!(quantile >= 0 && quantile <= 1)) call.notes.invalidQuantile(quantile);
    if (hasHistograms(row, k)) call.notes.ignoredHistograms();
    window.move(from, to);
    out.values[k] = window.quantile(quantile);
    out.kinds[k] = float;
  }
};

/** Median absolute deviation; NaN when any sample is. */
function madOf(row: RangeRow, from: number, to: number): number {
  const sorted = row.values.slice(from, to);
  if (sorted.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, sorted, sorted.length);
  for (let i = 0; i < sorted.length; i++) sorted[i] = Math.abs(row.values[from + i]! - median);
  return quantileOf(0.5, sorted, sorted.length);
}

/** Time in seconds of the largest (`sign` 1) or smallest sample, the last of equals. */
export function timeOfExtreme(sign: 1 | -1): RangeFunction {
  return ofFloats(({ values, timesMs }, from, to) => {
    let best = from;
    for (let i = from; i < to; i++) if (values[i]! * sign >= values[best]! * sign || Number.isNaN(values[best]!)) best = i;
    return timesMs[best]! / 1000;
  });
}

export const stdvarOverTime = ofFloats(({ values }, from, to) => varianceOf(values, from, to));
export const stddevOverTime = ofFloats(({ values }, from, to) => Math.sqrt(varianceOf(values, from, to)));
export const madOverTime = ofFloats(madOf);
export const sumOverTime = (histograms: HistogramFold): RangeFunction => ofEither(sumOf, histograms);
export const avgOverTime = (histograms: HistogramFold): RangeFunction => ofEither(meanOf, histograms);

/** A function of how many samples of either kind there are, for windows that are not empty. */
export function ofCount(one: (count: number) => number): RangeFunction {
  return (row, out, call) => {
    const more = row.histograms;
    for (let k = 0; k < call.steps; k++) {
      const count = row.hi[k]! - row.lo[k]! + (more === undefined ? 0 : more.hi[k]! - more.lo[k]!);
      if (count === 0) continue;
      out.values[k] = one(count);
      out.kinds[k] = float;
    }
  };
}

/** Holt's linear smoothing with a smoothing and a trend factor. */
const smoothed = ofFloats(({ values }, from, to, call, k) => {
  const smoothing = call.scalars[0]![k]!;
  const trend = call.scalars[1]![k]!;
  let before = 0;
  let level = values[from]!;
  let slope = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const next = smoothing * values[i]! + (1 - smoothing) * (level + slope);
    before = level;
    level = next;
  }
  return level;
}, 2);

/** Both factors must lie strictly between 0 and 1 wherever there is a sample, be it a histogram. */
export const doubleExponentialSmoothing: RangeFunction = (row, out, call) => {
  const { lo, hi, histograms } = row;
  for (let k = 0; k < call.steps; k++) {
    const count = hi[k]! - lo[k]! + (histograms === undefined ? 0 : histograms.hi[k]! - histograms.lo[k]!);
    if (count === 0) continue;
    checkFactor('smoothing', 'sf', call.scalars[0]![k]!);
    checkFactor('trend', 'tf', call.scalars[1]![k]!);
  }
  smoothed(row, out, call);
};

function checkFactor(name: string, symbol: string, factor: number): void {
  if (factor <= 0 || factor >= 1) throw new EngineError('invalid', `invalid ${name} factor. Expected: 0 < ${symbol} < 1, got: ${factor.toFixed(6)}`);
}

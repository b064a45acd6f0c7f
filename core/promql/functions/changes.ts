import type { Histogram } from '#core/model/index.ts';
import { divided, subtracted } from '../histogram/arithmetic.ts';
import { sameHistogram, wasReset } from '../histogram/compare.ts';
import { float, setHistogram, type Row } from '../vector.ts';
import { hasHistograms, type RangeCall, type RangeFunction, type RangeRow } from '../read/windows.ts';

/** How two neighbours are compared. A float beside a histogram always counts. */
interface Comparison {
  floats(before: number, after: number): boolean;
  histograms(before: Histogram, after: Histogram): boolean;
}

const resetsComparison: Comparison = { floats: (before, after) => after < before, histograms: wasReset };
const changesComparison: Comparison = {
  floats: (before, after) => after !== before && !(after !== after && before !== before),
  histograms: (before, after) => !sameHistogram(before, after),
};

/** resets() */
export const resets = neighbours(resetsComparison);
/** changes() */
export const changes = neighbours(changesComparison);

function neighbours(comparison: Comparison): RangeFunction {
  return (row, out, call) => {
    const events = countEvents(row.values, comparison);
    for (let k = 0; k < call.steps; k++) {
      const first = firstOf(row, call, k);
      if (first === undefined) continue;
      const to = row.hi[k]!;
      if (hasHistograms(row, k)) out.values[k] = mixedEvents(row, first, comparison, k);
      else if (to > first.float) out.values[k] = events[to - 1]! - events[first.float]!;
      else continue;
      out.kinds[k] = float;
    }
  };
}

/** The first float and the first histogram that count. */
interface First {
  readonly float: number;
  readonly histogram: number;
}

/**
 * Where a window begins. With `anchored` that is the last sample of either kind at or before its start; what is before that
 * one does not count, and without a sample after the start there is nothing to measure.
 */
function firstOf({ timesMs, lo, hi, histograms }: RangeRow, call: RangeCall, step: number): First | undefined {
  const whole = { float: lo[step]!, histogram: histograms?.lo[step] ?? 0 };
  if (call.extend === undefined) return whole;
  const startMs = call.sight.firstMs + step * call.sight.stepMs - call.rangeMs;
  const afterFloat = firstAfter(timesMs, lo[step]!, hi[step]!, startMs);
  const afterHistogram = histograms === undefined ? 0 : firstAfter(histograms.timesMs, histograms.lo[step]!, histograms.hi[step]!, startMs);
  if (afterFloat === hi[step] && afterHistogram === (histograms?.hi[step] ?? 0)) return undefined;
  const floatMs = afterFloat > lo[step]! ? timesMs[afterFloat - 1]! : -Infinity;
  const histogramMs = afterHistogram > whole.histogram ? histograms!.timesMs[afterHistogram - 1]! : -Infinity;
  if (floatMs === -Infinity && histogramMs === -Infinity) return whole;
  return floatMs >= histogramMs ? { float: afterFloat - 1, histogram: afterHistogram } : { float: afterFloat, histogram: afterHistogram - 1 };
}

function firstAfter(timesMs: Float64Array, from: number, to: number, startMs: number): number {
  let first = from;
  while (first < to && timesMs[first]! <= startMs) first++;
  return first;
}

/** For each sample, how many events there were up to it. */
function countEvents(values: Float64Array, comparison: Comparison): Int32Array {
  const events = new Int32Array(values.length);
  for (let i = 1; i < values.length; i++) events[i] = events[i - 1]! + (comparison.floats(values[i - 1]!, values[i]!) ? 1 : 0);
  return events;
}

function mixedEvents(row: RangeRow, first: First, comparison: Comparison, step: number): number {
  const histograms = row.histograms!;
  let i = first.float;
  let j = first.histogram;
  let before: number | Histogram | undefined;
  let count = 0;
  while (i < row.hi[step]! || j < histograms.hi[step]!) {
    const isFloat = j >= histograms.hi[step]! || (i < row.hi[step]! && row.timesMs[i]! < histograms.timesMs[j]!);
    const value = isFloat ? row.values[i++]! : histograms.list[j++]!;
    if (before !== undefined && differ(before, value, comparison)) count++;
    before = value;
  }
  return count;
}

function differ(before: number | Histogram, after: number | Histogram, comparison: Comparison): boolean {
  if (typeof before === 'number') return typeof after !== 'number' || comparison.floats(before, after);
  return typeof after === 'number' || comparison.histograms(before, after);
}

/** last_over_time() and first_over_time(): the newest or oldest sample of either kind. */
export function edge(which: 'first' | 'last'): RangeFunction {
  return (row, out, call) => {
    for (let k = 0; k < call.steps; k++) {
      const at = edgeOf(row, which, k);
      if (at.histogram !== undefined) setHistogram(out, k, at.histogram);
      else if (at.index >= 0) {
        out.values[k] = row.values[at.index]!;
        out.kinds[k] = float;
      }
    }
  };
}

/** ts_of_last_over_time() and ts_of_first_over_time(), in seconds. */
export function edgeTime(which: 'first' | 'last'): RangeFunction {
  return (row, out, call) => {
    for (let k = 0; k < call.steps; k++) {
      const at = edgeOf(row, which, k);
      if (at.index < 0) continue;
      out.values[k] = (at.histogram === undefined ? row.timesMs : row.histograms!.timesMs)[at.index]! / 1000;
      out.kinds[k] = float;
    }
  };
}

function edgeOf(row: RangeRow, which: 'first' | 'last', step: number): { index: number; histogram: Histogram | undefined } {
  const has = row.hi[step]! > row.lo[step]!;
  const index = which === 'first' ? row.lo[step]! : row.hi[step]! - 1;
  const none = { index: has ? index : -1, histogram: undefined };
  if (!hasHistograms(row, step)) return none;
  const { lo, hi, list, timesMs } = row.histograms!;
  const at = which === 'first' ? lo[step]! : hi[step]! - 1;
  const floatWins = has && (which === 'first' ? row.timesMs[index]! < timesMs[at]! : row.timesMs[index]! > timesMs[at]!);
  return floatWins ? none : { index: at, histogram: list[at]! };
}

/** irate() (`perSecond`) and idelta(): from the last two samples. */
export function instantChange(perSecond: boolean): RangeFunction {
  return (row, out, call) => {
    for (let k = 0; k < call.steps; k++) {
      const from = row.lo[k]!;
      const to = row.hi[k]!;
      if (hasHistograms(row, k)) instantOfHistograms(row, out, call, k, perSecond);
      else if (to - from >= 2) instantOfFloats(row, out, k, perSecond);
    }
  };
}

function instantOfFloats({ hi, values, timesMs }: RangeRow, out: Row, step: number, perSecond: boolean): void {
  const last = hi[step]! - 1;
  const before = values[last - 1]!;
  const after = values[last]!;
  const change = perSecond && after < before ? after : after - before;
  out.values[step] = perSecond ? change / ((timesMs[last]! - timesMs[last - 1]!) / 1000) : change;
  out.kinds[step] = float;
}

function instantOfHistograms(row: RangeRow, out: Row, call: RangeCall, step: number, perSecond: boolean): void {
  const { lo, hi, list, timesMs } = row.histograms!;
  const last = hi[step]! - 1;
  const floats = row.hi[step]! - row.lo[step]!;
  if (floats + last - lo[step]! + 1 < 2) return;
  const newestFloatMs = floats > 0 ? row.timesMs[row.hi[step]! - 1]! : -Infinity;
  const twoFloats = floats > 1 && row.timesMs[row.hi[step]! - 2]! > timesMs[last]!;
  if (twoFloats) return instantOfFloats(row, out, step, perSecond);
  const beforeMs = last > lo[step]! ? timesMs[last - 1]! : -Infinity;
  if (newestFloatMs > beforeMs) return call.notes.mixed();
  const before = list[last - 1]!;
  const after = list[last]!;
  noteInstantKind(before, after, call, perSecond);
  const change = histogramChange(before, after, perSecond, call);
  if (change !== undefined) setHistogram(out, step, perSecond ? divided(change, (timesMs[last]! - beforeMs) / 1000) : change);
}

function histogramChange(before: Histogram, after: Histogram, counter: boolean, call: RangeCall): Histogram | undefined {
  if (counter && wasReset(before, after)) return { ...after, resetHint: 'gauge' };
  const difference = subtracted(after, before);
  if (difference === undefined) call.notes.mixedSchemas();
  else if (difference.reconciled) call.notes.reconciled('subtraction');
  return difference?.histogram;
}

function noteInstantKind(before: Histogram, after: Histogram, call: RangeCall, perSecond: boolean): void {
  const gauges = Number(before.resetHint === 'gauge') + Number(after.resetHint === 'gauge');
  if (perSecond && gauges > 0) call.notes.notCounter();
  if (!perSecond && gauges < 2) call.notes.notGauge();
}

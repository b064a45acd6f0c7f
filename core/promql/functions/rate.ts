import { hasHistograms, type Frame, type HistogramWindows, type RangeCall, type RangeFunction, type RangeRow } from '../read/windows.ts';
import { extendedRate } from './extended.ts';
import { histogramIncrease } from './range-histograms.ts';
import { float, setHistogram, type Row } from '../vector.ts';
import { scaled } from '../histogram/arithmetic.ts';
import type { RateKind } from './rate-kind.ts';

/**
 * rate(), increase() and delta(): the difference over a window, extended to the window's bounds where the samples come
 * close to them. Source: Prometheus' documentation of rate() and its extrapolation, 3.x (windows open on the left).
 */
export function extrapolated(kind: RateKind): RangeFunction {
  return (row, out, call) => {
    if (call.extend !== undefined) return extendedRate(row, out, call, kind);
    if (row.histograms === undefined) return floatRates(row, out, call, kind);
    for (let k = 0; k < call.steps; k++) {
      if (hasHistograms(row, k)) {
        if (row.hi[k]! > row.lo[k]!) call.notes.mixed();
        else histogramStep(row, out, call, k, kind);
      }
    }
    floatRates(row, out, call, kind, row.histograms);
  };
}

/** The steps whose windows have floats and no histograms. */
function floatRates(row: RangeRow, out: Row, call: RangeCall, kind: RateKind, histograms?: HistogramWindows): void {
  const { values, lo, hi } = row;
  const { counter, perSecond } = kind;
  const { sampled, toStart, toEnd, reach, factor } = stretchesOf(row, call, kind);
  const { values: rates, kinds } = out;
  const drops = counter ? dropsOf(values) : noDrops;
  const divisor = perSecond ? call.rangeMs / 1000 : 1;
  const isSteady = drops.length === 0 && histograms === undefined;
  let drop = 0;
  for (let k = 0; k < lo.length; k++) {
    const from = lo[k]!;
    const last = hi[k]! - 1;
    if (last <= from) continue;
    const first = values[from]!;
    let difference = values[last]! - first;
    if (!isSteady) {
      if (histograms !== undefined && hasHistograms(row, k)) continue;
      while (drop < drops.length && drops[drop]! <= from) drop++;
      for (let i = drop; i < drops.length && drops[i]! <= last; i++) difference += values[drops[i]! - 1]!;
    }
    let multiplier = factor[k]!;
    if (first * reach[k]! < difference && counter && first >= 0) {
      const toZero = sampled[k]! * (first / difference);
      if (toZero < toStart[k]!) multiplier = (sampled[k]! + toZero + toEnd[k]!) / sampled[k]! / divisor;
    }
    rates[k] = difference * multiplier;
    kinds[k] = float;
  }
}

export const nearlyOne = 1 + 1e-9; // Rounding may not hide that a counter reaches 0 within the window.

/** What extending does at each step, as far as it depends on the times of the samples alone; in seconds. */
interface Stretches {
  readonly kind: RateKind;
  readonly sampled: Float64Array;
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  /** How many times its first sample a counter has to rise to have been 0 within the window; a little less, so that rounding hides none. */
  readonly reach: Float64Array;
  /** What to multiply a difference by, unless the counter reaches 0 within the window. */
  readonly factor: Float64Array;
}

const stretches = new WeakMap<Frame, Stretches>();

function stretchesOf({ timesMs, frame }: RangeRow, call: RangeCall, kind: RateKind): Stretches {
  const known = stretches.get(frame);
  if (known?.kind === kind) return known;
  const made: Stretches = {
    kind,
    sampled: new Float64Array(call.steps),
    toStart: new Float64Array(call.steps),
    toEnd: new Float64Array(call.steps),
    reach: new Float64Array(call.steps),
    factor: new Float64Array(call.steps),
  };
  const divisor = kind.perSecond ? call.rangeMs / 1000 : 1;
  for (let k = 0; k < call.steps; k++) {
    const from = frame.lo[k]!;
    const last = frame.hi[k]! - 1;
    if (last <= from) continue;
    const { sampled, toStart, toEnd } = stretch(call, k, timesMs[from]!, timesMs[last]!, last - from);
    made.sampled[k] = sampled;
    made.toStart[k] = toStart;
    made.toEnd[k] = toEnd;
    made.reach[k] = sampled / toStart / nearlyOne;
    made.factor[k] = (sampled + toStart + toEnd) / sampled / divisor;
  }
  stretches.set(frame, made);
  return made;
}

const noDrops = new Int32Array(0);

/** Where a counter fell: indexes of samples smaller than the one before. Most never fall, so that is found out first. */
function dropsOf(values: Float64Array): Int32Array {
  const first = firstDrop(values);
  if (first === values.length) return noDrops;
  let count = 0;
  for (let i = first; i < values.length; i++) if (values[i]! < values[i - 1]!) count++;
  const drops = new Int32Array(count);
  for (let i = first, at = 0; at < count; i++) if (values[i]! < values[i - 1]!) drops[at++] = i;
  return drops;
}

function firstDrop(values: Float64Array): number {
  let before = values[0]!;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    if (value < before) return i;
    before = value;
  }
  return values.length;
}

const nearFactor = 1.1; // A bound up to 10 % further away than the mean distance of samples counts as reached.

/** How far the samples lie apart and how far they are extended to both sides, in seconds. */
export function stretch(
  call: RangeCall,
  step: number,
  firstMs: number,
  lastMs: number,
  intervals: number,
): { sampled: number; toStart: number; toEnd: number } {
  const endMs = call.sight.firstMs + step * call.sight.stepMs;
  const sampled = (lastMs - firstMs) / 1000;
  const mean = sampled / intervals;
  const near = mean * nearFactor;
  const toStart = (firstMs - (endMs - call.rangeMs)) / 1000;
  const toEnd = (endMs - lastMs) / 1000;
  return { sampled, toStart: toStart >= near ? mean / 2 : toStart, toEnd: toEnd >= near ? mean / 2 : toEnd };
}

function histogramStep(row: RangeRow, out: Row, call: RangeCall, step: number, kind: RateKind): void {
  const { list, timesMs, lo, hi } = row.histograms!;
  const from = lo[step]!;
  const to = hi[step]!;
  if (to - from < 2) return;
  const increase = histogramIncrease(list, from, to, kind.counter, call.notes);
  if (increase === undefined) return;
  const { sampled, toStart, toEnd } = stretch(call, step, timesMs[from]!, timesMs[to - 1]!, to - from - 1);
  const firstCount = list[from]!.count;
  const toZero = kind.counter && increase.count > 0 && firstCount >= 0 ? sampled * (firstCount / increase.count) : Infinity;
  const whole = (sampled + Math.min(toStart, toZero) + toEnd) / sampled;
  setHistogram(out, step, scaled(increase, kind.perSecond ? whole / (call.rangeMs / 1000) : whole));
}

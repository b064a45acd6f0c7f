import { labelsFrom, type Labels, type Matcher } from '#core/model/index.ts';
import type { RangeOp } from './ast.ts';
import type { MetricSeries } from './series.ts';
import type { Grid } from './grid.ts';

/** Unwrapped values; in any order until `overTime` sorts them. */
export interface Samples {
  readonly timesMs: number[];
  readonly values: number[];
}

export interface Window {
  readonly grid: Grid;
  readonly rangeMs: number;
  readonly offsetMs: number;
  /** The quantile of quantile_over_time. */
  readonly param: number;
  readonly matchers: readonly Matcher[];
}

/** Runs a function over the samples in `(t - range, t]` of every step. */
export function overTime(op: RangeOp, series: readonly { readonly labels: Labels; readonly samples: Samples }[], window: Window): MetricSeries[] {
  const made = series.map(({ labels, samples }) => ({ labels, ...windowed(op, sorted(samples), window) }));
  return op === 'absent_over_time' ? [absent(made, window)] : made;
}

function sorted({ timesMs, values }: Samples): Samples {
  if (timesMs.every((time, i) => i === 0 || time >= timesMs[i - 1]!)) return { timesMs, values };
  const order = timesMs.map((_, i) => i).sort((a, b) => timesMs[a]! - timesMs[b]!);
  return { timesMs: order.map((i) => timesMs[i]!), values: order.map((i) => values[i]!) };
}

function windowed(op: RangeOp, { timesMs, values }: Samples, { grid, rangeMs, offsetMs, param }: Window): { values: Float64Array; has: Uint8Array } {
  const steps = Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1;
  const out = { values: new Float64Array(steps).fill(Number.NaN), has: new Uint8Array(steps) };
  let [from, to] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const end = grid.startMs + i * grid.stepMs - offsetMs;
    while (to < timesMs.length && timesMs[to]! <= end) to++;
    while (from < to && timesMs[from]! <= end - rangeMs) from++;
    if (from === to) continue;
    out.values[i] = over(op, values, from, to, rangeMs / 1000, param);
    out.has[i] = 1;
  }
  return out;
}

function over(op: RangeOp, values: readonly number[], from: number, to: number, seconds: number, param: number): number {
  switch (op) {
    case 'first_over_time':
      return values[from]!;
    case 'last_over_time':
      return values[to - 1]!;
    case 'quantile_over_time':
      return quantile(
        values.slice(from, to).sort((a, b) => a - b),
        param,
      );
    case 'rate_counter':
      return increase(values, from, to) / seconds;
    case 'absent_over_time':
      return 1;
    default:
      return moment(op, values, from, to, seconds);
  }
}

function moment(op: RangeOp, values: readonly number[], from: number, to: number, seconds: number): number {
  let [sum, low, high] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    sum += value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const mean = sum / (to - from);
  if (op === 'min_over_time') return low;
  if (op === 'max_over_time') return high;
  if (op === 'avg_over_time') return mean;
  if (op === 'rate') return sum / seconds;
  if (op === 'sum_over_time') return sum;
  let squares = 0;
  for (let i = from; i < to; i++) squares += (values[i]! - mean) ** 2;
  return op === 'stdvar_over_time' ? squares / (to - from) : Math.sqrt(squares / (to - from));
}

/** Of a counter, whose falls are restarts. */
function increase(values: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let i = from + 1; i < to; i++) sum += values[i]! < values[i - 1]! ? values[i]! : values[i]! - values[i - 1]!;
  return sum;
}

/** Between the two nearest, as Prometheus does. */
function quantile(ordered: readonly number[], q: number): number {
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const rank = q * (ordered.length - 1);
  const below = Math.floor(rank);
  const above = Math.min(ordered.length - 1, below + 1);
  return ordered[below]! + (ordered[above]! - ordered[below]!) * (rank - below);
}

/** 1 at the steps at which no series has a value, with the labels that the selector fixes. */
function absent(series: readonly MetricSeries[], { grid, matchers }: Window): MetricSeries {
  const steps = Math.floor((grid.endMs - grid.startMs) / grid.stepMs) + 1;
  const has = new Uint8Array(steps).map((_, i) => Number(series.every((one) => one.has[i] === 0)));
  const values = Float64Array.from(has, (one) => (one === 1 ? 1 : Number.NaN));
  return { labels: labelsFrom(matchers.filter(({ op }) => op === '=').map(({ name, value }) => [name, value] as const)), values, has };
}

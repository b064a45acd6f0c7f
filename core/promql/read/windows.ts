import { isStale, type DurationMs, type Histogram, type Labels, type SeriesColumns } from '#core/model/index.ts';
import type { Budget } from '../budget.ts';
import type { RangeNotes } from '../notes.ts';
import { samplesIn } from '../histogram/size.ts';
import { stepTime, type Grid, type Sight } from '../grid.ts';
import type { ScannedColumns } from './source.ts';
import { absent, histogram, type Head, type Row, type Vector } from '../vector.ts';

/** Where the windows of each step begin and end among samples at given times: `[lo[k], hi[k])`. They only move forward. */
export interface Frame {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** Samples in all windows together. */
  readonly read: number;
}

/**
 * The samples of one series with a window for each step: floats `[lo[k], hi[k])`, and histograms apart.
 * Stale markers are gone.
 */
export interface RangeRow {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  /** The same object for all rows of a range vector whose samples have the same times. */
  readonly frame: Frame;
  /** Undefined when the series has no histograms. */
  readonly histograms: HistogramWindows | undefined;
}

export interface HistogramWindows {
  readonly timesMs: Float64Array;
  readonly list: readonly Histogram[];
  readonly lo: Int32Array;
  readonly hi: Int32Array;
}

/** A range vector over all steps. A row is valid until the next read. */
export interface RangeVector {
  readonly heads: readonly Head[];
  /** Where the windows end, and how long they are; open on the left. */
  readonly sight: Sight;
  readonly rangeMs: DurationMs;
  /** What a selector found; undefined of a subquery. */
  readonly selected?: Selected;
  read(index: number): RangeRow;
}

/** The series of a range selector, as its source gave them. */
export interface Selected {
  readonly series: readonly ScannedColumns[];
  readonly margin: Margin;
}

/** How far the samples of a window may reach beyond it, for `anchored` and `smoothed`. */
export interface Margin {
  readonly beforeMs: DurationMs;
  readonly afterMs: DurationMs;
}

/** The range vector of a selector. */
export function selectorRanges(series: readonly ScannedColumns[], sight: Sight, rangeMs: DurationMs, margin: Margin, budget: Budget): RangeVector {
  const windower = new Windower(sight, rangeMs, margin, budget);
  return {
    heads: series.map(({ labels }) => ({ labels, dropName: false })),
    sight,
    rangeMs,
    selected: { series, margin },
    read(index) {
      const columns = series[index]!;
      budget.loaded(columns.timesMs.length);
      if (columns.isPlain === true) return windower.plainRow(columns.timesMs, columns.values);
      return windower.row(columns.timesMs, columns.values, columns.histograms);
    },
  };
}

/** The range vector of a subquery: what an inner vector has at the steps of its own grid. */
export function subqueryRanges(inner: Vector, grid: Grid, sight: Sight, rangeMs: DurationMs, budget: Budget): RangeVector {
  const windower = new Windower(sight, rangeMs, { beforeMs: 0, afterMs: 0 }, budget);
  const whole = Float64Array.from({ length: grid.steps }, (_, k) => stepTime(grid, k));
  const timesMs = new Float64Array(grid.steps);
  const values = new Float64Array(grid.steps);
  return {
    heads: inner.heads,
    sight,
    rangeMs,
    read(index) {
      const row = inner.read(index);
      const histograms = row.histograms === undefined ? undefined : Array.from<Histogram | undefined>({ length: grid.steps });
      let count = 0;
      for (let k = 0; k < grid.steps; k++) {
        if (row.kinds[k] === absent) continue;
        timesMs[count] = whole[k]!;
        values[count] = row.kinds[k] === histogram ? 0 : row.values[k]!;
        if (histograms !== undefined && row.kinds[k] === histogram) histograms[count] = withoutHint(row.histograms![k]!);
        count++;
      }
      return windower.row(count === grid.steps ? whole : timesMs.slice(0, count), values.subarray(0, count), histograms);
    },
  };
}

/** Steps of a subquery skip samples, so that what a sample says of the one before it does not hold. */
function withoutHint(value: Histogram): Histogram {
  return value.resetHint === 'reset' || value.resetHint === 'none' ? { ...value, resetHint: 'unknown' } : value;
}

const framesMax = 64; // Targets scraped at different instants; more cost more memory than finding their windows again costs time.

/** Finds the windows of series after series. Series scraped together have the same times and share a frame. */
class Windower {
  readonly #sight: Sight;
  readonly #backMs: DurationMs;
  readonly #aheadMs: DurationMs;
  readonly #budget: Budget;
  readonly #frames = new Map<number, { readonly timesMs: Float64Array; readonly frame: Frame }>();

  constructor(sight: Sight, rangeMs: DurationMs, margin: Margin, budget: Budget) {
    this.#sight = sight;
    this.#backMs = rangeMs + margin.beforeMs;
    this.#aheadMs = margin.afterMs;
    this.#budget = budget;
  }

  row(timesMs: Float64Array, values: Float64Array, histograms: readonly (Histogram | undefined)[] | undefined): RangeRow {
    if (histograms === undefined && !hasNaN(values)) return this.#windowed(timesMs, values, undefined);
    const kept = keepSamples(timesMs, values, histograms);
    if (kept.list.length === 0) return this.#windowed(kept.timesMs, kept.values, undefined);
    const { lo, hi } = this.#slide(kept.histogramTimesMs);
    return this.#windowed(kept.timesMs, kept.values, { timesMs: kept.histogramTimesMs, list: kept.list, lo, hi });
  }

  /** Of floats, none of them a stale marker. */
  plainRow(timesMs: Float64Array, values: Float64Array): RangeRow {
    return this.#windowed(timesMs, values, undefined);
  }

  #windowed(timesMs: Float64Array, values: Float64Array, histograms: HistogramWindows | undefined): RangeRow {
    const frame = this.#frameOf(timesMs);
    this.#budget.read(frame.read);
    if (this.#sight.reads !== undefined) countWindows(frame, histograms, this.#sight.reads);
    return { timesMs, values, lo: frame.lo, hi: frame.hi, frame, histograms };
  }

  #frameOf(timesMs: Float64Array): Frame {
    const first = timesMs.length === 0 ? 0 : timesMs[0]!;
    const known = this.#frames.get(first);
    if (known !== undefined && (known.timesMs === timesMs || sameTimes(known.timesMs, timesMs))) return known.frame;
    if (known === undefined && this.#frames.size >= framesMax) this.#frames.clear();
    const frame = this.#slide(timesMs);
    this.#frames.set(first, { timesMs, frame });
    return frame;
  }

  #slide(timesMs: Float64Array): Frame {
    const { firstMs, stepMs, steps } = this.#sight;
    const [backMs, aheadMs] = [this.#backMs, this.#aheadMs];
    const lo = new Int32Array(steps);
    const hi = new Int32Array(steps);
    const length = timesMs.length;
    let from = 0;
    let to = 0;
    let read = 0;
    for (let k = 0; k < steps; k++) {
      const lastMs = firstMs + k * stepMs + aheadMs;
      const afterMs = firstMs + k * stepMs - backMs;
      while (to < length && timesMs[to]! <= lastMs) to++;
      while (from < to && timesMs[from]! <= afterMs) from++;
      lo[k] = from;
      hi[k] = to;
      read += to - from;
    }
    return { lo, hi, read };
  }
}

function countWindows({ lo, hi }: Frame, histograms: HistogramWindows | undefined, reads: Float64Array): void {
  for (let k = 0; k < reads.length; k++) {
    reads[k]! += hi[k]! - lo[k]!;
    if (histograms !== undefined) for (let i = histograms.lo[k]!; i < histograms.hi[k]!; i++) reads[k]! += samplesIn(histograms.list[i]);
  }
}

function sameTimes(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! !== values[i]!) return true;
  return false;
}

function keepSamples(timesMs: Float64Array, values: Float64Array, histograms: readonly (Histogram | undefined)[] | undefined) {
  const keptTimes = new Float64Array(timesMs.length);
  const keptValues = new Float64Array(timesMs.length);
  const histogramTimes: number[] = [];
  const list: Histogram[] = [];
  let count = 0;
  for (let i = 0; i < timesMs.length; i++) {
    if (values[i]! !== values[i]! && isStale(values, i)) continue;
    const value = histograms?.[i];
    if (value === undefined) {
      keptTimes[count] = timesMs[i]!;
      keptValues[count++] = values[i]!;
    } else {
      histogramTimes.push(timesMs[i]!);
      list.push(value);
    }
  }
  return {
    timesMs: keptTimes.subarray(0, count),
    values: keptValues.subarray(0, count),
    histogramTimesMs: Float64Array.from(histogramTimes),
    list,
  };
}

/** Whether the window of a step has histograms in it. */
export function hasHistograms(row: RangeRow, step: number): boolean {
  return row.histograms !== undefined && row.histograms.hi[step]! > row.histograms.lo[step]!;
}

/** Rows of a range function: the steps of `row` that a function left empty are absent. */
export type RangeFunction = (row: RangeRow, out: Row, call: RangeCall) => void;

/** What a range function knows besides the samples. */
export interface RangeCall {
  readonly steps: number;
  readonly sight: Sight;
  readonly rangeMs: DurationMs;
  /** Evaluation time of step k in ms, not moved by `offset` or `@`. */
  readonly grid: Grid;
  /** Scalar arguments, a value a step, in the order of the call. */
  readonly scalars: readonly Float64Array[];
  readonly extend: 'anchored' | 'smoothed' | undefined;
  /** Metric name of the series at hand, for notes. */
  readonly metric: string;
  readonly notes: RangeNotes;
}

/** The samples in the window of a step, floats and histograms in order of time. */
export function windowColumns(row: RangeRow, step: number, labels: Labels): SeriesColumns {
  const { timesMs, values, histograms } = row;
  const floats = { from: row.lo[step]!, to: row.hi[step]! };
  if (histograms === undefined || !hasHistograms(row, step))
    return { labels, timesMs: timesMs.slice(floats.from, floats.to), values: values.slice(floats.from, floats.to) };
  const order: { timeMs: number; value: number; histogram: Histogram | undefined }[] = [];
  for (let i = floats.from; i < floats.to; i++) order.push({ timeMs: timesMs[i]!, value: values[i]!, histogram: undefined });
  for (let i = histograms.lo[step]!; i < histograms.hi[step]!; i++)
    order.push({ timeMs: histograms.timesMs[i]!, value: 0, histogram: histograms.list[i] });
  order.sort((a, b) => a.timeMs - b.timeMs);
  return {
    labels,
    timesMs: Float64Array.from(order, (sample) => sample.timeMs),
    values: Float64Array.from(order, (sample) => sample.value),
    histograms: order.map((sample) => sample.histogram),
  };
}

import type { Labels } from '#core/model/index.ts';
import type { Unit } from '../ui/format.ts';
import { valueAxis, type Axis } from './scale.ts';

/** One line of a plot. Times ascend; both columns are as long. NaN and what the step says is missing are gaps. */
export interface PlotSeries {
  readonly labels: Labels;
  readonly name: string;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/** A level that decides something. */
export interface Threshold {
  readonly value: number;
  readonly name: string;
  readonly tone: 'bad' | 'warn';
}

/** A time in which something was so: an alert fired, an incident was open. */
export interface Region {
  readonly startMs: number;
  readonly endMs: number;
  readonly name: string;
  readonly tone: 'bad' | 'warn' | 'info';
}

export interface Plot {
  readonly series: readonly PlotSeries[];
  readonly startMs: number;
  readonly endMs: number;
  /** Two points further apart than 1.5 steps are not joined. */
  readonly stepMs: number;
  readonly unit: Unit;
  readonly stacked?: boolean;
  /** The value axis begins at zero even where no value is near. */
  readonly fromZero?: boolean;
  readonly thresholds?: readonly Threshold[];
  readonly regions?: readonly Region[];
  readonly exemplars?: readonly PlotExemplar[];
}

/** An observation behind the lines, which leads to its trace. */
export interface PlotExemplar {
  readonly timeMs: number;
  readonly value: number;
  /** What it is, in a line. */
  readonly title: string;
  readonly href: string;
}

/** Distances of the drawing area from the edges of the chart, in px. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
export const frame: Frame = { left: 62, right: 18, top: 10, bottom: 24 };

/** A gap is where the distance is more than 1.5 steps. */
const gapSteps = 1.5;

/**
 * The points of a series as [t, v, t, v, ...] with a NaN value put into every gap, so that no line is drawn over time in
 * which nothing was known.
 */
export function pointsWithGaps(series: PlotSeries, stepMs: number): Float64Array {
  const { timesMs, values } = series;
  const points = new Float64Array(timesMs.length * 4);
  let at = 0;
  for (let i = 0; i < timesMs.length; i++) {
    if (i > 0 && timesMs[i]! - timesMs[i - 1]! > stepMs * gapSteps) {
      points[at++] = timesMs[i - 1]! + stepMs;
      points[at++] = Number.NaN;
    }
    points[at++] = timesMs[i]!;
    points[at++] = values[i]!;
  }
  return points.subarray(0, at);
}

/**
 * The points of every series on one row of times, as a stack needs them, since ECharts adds up by place in the row: where a
 * series has no point its value is NaN, and a gap that all share is a row of NaN. [t, v, t, v, ...] for each series.
 */
export function stackedPoints(series: readonly PlotSeries[], stepMs: number): readonly Float64Array[] {
  const known = [...new Set(series.flatMap((one) => [...one.timesMs]))].sort((a, b) => a - b);
  const row = known.flatMap((ms, i) => (i > 0 && ms - known[i - 1]! > stepMs * gapSteps ? [known[i - 1]! + stepMs, ms] : [ms]));
  return series.map(({ timesMs, values }) => {
    const points = new Float64Array(row.length * 2);
    let at = 0;
    for (const [i, ms] of row.entries()) {
      points[i * 2] = ms;
      points[i * 2 + 1] = timesMs[at] === ms ? values[at++]! : Number.NaN;
    }
    return points;
  });
}

/** The points of `pointsWithGaps` as an SVG path; a gap begins a new piece. */
export function linePath(points: Float64Array, xOf: (timeMs: number) => number, yOf: (value: number) => number): string {
  let path = '';
  let down = false;
  for (let i = 0; i < points.length; i += 2) {
    const value = points[i + 1]!;
    if (Number.isFinite(value)) path += `${down ? 'L' : 'M'}${xOf(points[i]!).toFixed(1)} ${yOf(value).toFixed(1)}`;
    down = Number.isFinite(value);
  }
  return path;
}

/** Whether a point has no neighbour to draw a line to, and so needs a dot. */
export function hasLonePoints(series: PlotSeries, stepMs: number): boolean {
  const { timesMs, values } = series;
  const joined = (a: number, b: number): boolean =>
    a >= 0 && b < timesMs.length && Number.isFinite(values[a]) && Number.isFinite(values[b]) && timesMs[b]! - timesMs[a]! <= stepMs * gapSteps;
  return timesMs.some((_time, i) => Number.isFinite(values[i]) && !joined(i - 1, i) && !joined(i, i + 1));
}

/**
 * The value axis for what is shown: thresholds are kept in sight unless they would flatten the lines. Nothing but
 * zeros has nothing to flatten, and is best seen under its threshold.
 */
export function plotAxis(plot: Plot, heightPx: number): Axis {
  const [low, high] = valueExtent(plot);
  let min = low;
  let max = high;
  for (const { value } of plot.thresholds ?? []) {
    const room = Math.max(high - low, Math.abs(high) * 0.2);
    const near = value <= high + room * 3 && value >= low - room * 3;
    if (Number.isFinite(room) && (near || room === 0)) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const nearZero = min > 0 && min < max * 0.6;
  if (plot.fromZero || plot.stacked || nearZero) min = Math.min(0, min);
  return valueAxis(min, max, Math.max(2, Math.round(heightPx / 48)), plot.unit.startsWith('bytes'));
}

function valueExtent(plot: Plot): [low: number, high: number] {
  if (plot.stacked) return stackedExtent(plot);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of plot.series) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

function stackedExtent(plot: Plot): [low: number, high: number] {
  const sums = new Map<number, number>();
  for (const { timesMs, values } of plot.series) {
    for (let i = 0; i < timesMs.length; i++) {
      if (Number.isFinite(values[i])) sums.set(timesMs[i]!, (sums.get(timesMs[i]!) ?? 0) + values[i]!);
    }
  }
  return [0, Math.max(0, ...sums.values())];
}

/** The index of the point nearest to a time, or undefined when none is within 1.5 steps or the nearest is a gap. */
export function pointAt(series: PlotSeries, timeMs: number, stepMs: number): number | undefined {
  const { timesMs, values } = series;
  let low = 0;
  let high = timesMs.length - 1;
  if (high < 0) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  const nearest = low > 0 && timeMs - timesMs[low - 1]! <= timesMs[low]! - timeMs ? low - 1 : low;
  return Math.abs(timesMs[nearest]! - timeMs) <= stepMs * gapSteps && !Number.isNaN(values[nearest]) ? nearest : undefined;
}

export interface Summary {
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** NaN all through when there is no number in the series. */
export function summarise(values: Float64Array): Summary {
  let count = 0;
  let sum = 0;
  let min = Number.NaN;
  let max = Number.NaN;
  let last = Number.NaN;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
    last = value;
  }
  return { last, min, max, mean: count === 0 ? Number.NaN : sum / count };
}

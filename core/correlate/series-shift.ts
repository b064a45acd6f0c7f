import type { Pace } from './pace.ts';
import type { ServiceSeries, TimeWindow } from './types.ts';
import { medianOf, spreadOf } from './robust.ts';

/** How a series differs between the window and what was usual before. */
export interface SeriesShift {
  readonly series: ServiceSeries;
  /** Robust standard deviations between the baseline's median and the window's most unusual stretch; 0 or more. */
  readonly z: number;
  /** Median of the baseline, and the mean of that stretch. */
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  /** The window, and as long a time before it: when, and how far off the baseline's median. */
  readonly profile: { readonly timesMs: Float64Array; readonly offs: Float64Array };
}

/** Fewer points outside the window say nothing of what is usual: the window is then compared with its own median. */
const baselinePointsMin = 4;
/** A change must last for this share of the window: a fault does, a stray point does not. */
const stretchShare = 0.25;
/** A series that never moves has no spread. It is then taken to have one of this share of its level ... */
const levelFloor = 0.002;
/** ... and of this share of what its sisters at other services have. */
const sistersFloor = 0.02;

/**
 * A series that stood as far off before the window as in it changed at another time. It keeps this share of its shift, so that what
 * has no past near the window at all still has an order.
 */
const standingShare = 0.01;

interface Parts {
  readonly series: ServiceSeries;
  readonly median: number;
  readonly scale: number;
  readonly pointsBefore: number;
  /** Values of the window, and of as long a time before it. */
  readonly during: Float64Array;
  readonly nearby: Float64Array;
  readonly nearbyTimesMs: Float64Array;
}

/** The shift of every series that has enough points in both; the others are left out. */
export async function seriesShifts(all: readonly ServiceSeries[], baseline: TimeWindow, window: TimeWindow, pace: Pace): Promise<SeriesShift[]> {
  const parts: Parts[] = [];
  await pace.each(all, (series) => {
    const part = partsOf(series, baseline, window);
    if (part !== undefined) parts.push(part);
  });
  const floors = await floorsOf(parts, pace);
  // A baseline that lies apart, such as another day, says nothing of when the series moved.
  const isNext = baseline.endMs >= window.startMs - 1 && baseline.startMs <= window.endMs;
  const shifts: SeriesShift[] = [];
  await pace.each(parts, (part) => shifts.push(shiftOf(part, floors.get(part.series.metric)!, isNext)));
  return shifts;
}

function partsOf(series: ServiceSeries, baseline: TimeWindow, window: TimeWindow): Parts | undefined {
  const nearbyMs = window.startMs - (window.endMs - window.startMs);
  const nearby = pointsBetween(series, nearbyMs, window.endMs);
  const during = pointsBetween(series, window.startMs, window.endMs).values;
  const before = pointsBetween(series, baseline.startMs, Math.min(baseline.endMs, window.startMs - 1)).values;
  const after = pointsBetween(series, Math.max(baseline.startMs, window.endMs + 1), baseline.endMs).values;
  const usual = after.length === 0 ? before : joined(before, after);
  if (during.length === 0 || usual.length + during.length < baselinePointsMin) return undefined;
  const { median, scale } = spreadOf(usual.length < baselinePointsMin ? joined(usual, during) : usual);
  return { series, median, scale, pointsBefore: usual.length, during, nearby: nearby.values, nearbyTimesMs: nearby.timesMs };
}

function joined(a: Float64Array, b: Float64Array): Float64Array {
  const all = new Float64Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** The points of finite value with fromMs <= time <= toMs. Views where all are finite. */
function pointsBetween({ timesMs, values }: ServiceSeries, fromMs: number, toMs: number): { timesMs: Float64Array; values: Float64Array } {
  const from = firstAt(timesMs, fromMs);
  const to = Math.max(from, firstAt(timesMs, toMs + 0.5));
  const [times, own] = [timesMs.subarray(from, to), values.subarray(from, to)];
  let finite = 0;
  for (const value of own) if (Number.isFinite(value)) finite++;
  if (finite === own.length) return { timesMs: times, values: own };
  return { timesMs: times.filter((_, i) => Number.isFinite(own[i]!)), values: own.filter(Number.isFinite) };
}

/** Index of the first time at or after `timeMs`. */
function firstAt(timesMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The least spread that a series of each metric is taken to have. */
async function floorsOf(parts: readonly Parts[], pace: Pace): Promise<Map<string, number>> {
  const groups = Map.groupBy(parts, ({ series }) => series.metric);
  const floors = new Map<string, number>();
  await pace.each(groups, ([metric, sisters]) => {
    const moving = sisters.map(({ scale }) => scale).filter((scale) => scale > 0);
    if (moving.length > 0) floors.set(metric, medianOf(moving) * sistersFloor);
    else floors.set(metric, Math.max(...sisters.map(({ median, during }) => Math.max(...during.map((value) => Math.abs(value - median))))) * 0.05);
  });
  return floors;
}

function shiftOf({ series, median, scale, pointsBefore, during, nearby, nearbyTimesMs }: Parts, floor: number, isNext: boolean): SeriesShift {
  const spread = Math.max(scale, floor, levelFloor * Math.abs(median));
  const length = Math.max(1, Math.ceil(during.length * stretchShare));
  const [far] = stretches(during, length, median);
  const [, near] = stretches(nearby, length, median);
  const standing = isNext && (far - median) * (near - median) > 0 ? Math.abs(near - median) : 0;
  const moved = Math.max(Math.abs(far - median) - standing, Math.abs(far - median) * standingShare);
  const profile = { timesMs: nearbyTimesMs, offs: nearby.map((value) => Math.abs(value - median)) };
  return { series, z: spread === 0 ? 0 : moved / spread, before: median, during: far, pointsBefore, pointsDuring: during.length, profile };
}

/** The means of the stretches of `length` values that are farthest from `from` and nearest to it. */
function stretches(values: Float64Array, length: number, from: number): [far: number, near: number] {
  let sum = 0;
  let far = from;
  let near = Infinity;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    if (i >= length) sum -= values[i - length]!;
    if (i < length - 1) continue;
    const mean = sum / length;
    if (Math.abs(mean - from) > Math.abs(far - from)) far = mean;
    if (Math.abs(mean - from) < Math.abs(near - from)) near = mean;
  }
  return [far, near === Infinity ? from : near];
}

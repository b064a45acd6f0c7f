import { EngineError } from '#core/model/index.ts';
import { boundsIn, type Bounds } from './extended-bounds.ts';
import { extendedHistogramStep, interpolateHistograms } from './extended-histograms.ts';
import type { RateKind } from './rate-kind.ts';
import { hasCustomBounds } from '../histogram/buckets.ts';
import { clearRow, float, newRow, setHistogram, type Row, type Vector } from '../vector.ts';
import { hasHistograms, type HistogramWindows, type RangeCall, type RangeRow, type RangeVector } from '../read/windows.ts';
import type { RangeNotes } from '../notes.ts';

/** What `anchored` and `smoothed` go with. */
const allowed: Readonly<Record<'anchored' | 'smoothed', readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** Throws EngineError `invalid` when a modifier does not go with a function. */
export function checkExtended(extend: 'anchored' | 'smoothed', name: string): void {
  const names = allowed[extend];
  if (!names.includes(name)) throw new EngineError('invalid', `${extend} modifier can only be used with: ${names.join(', ')} - not with ${name}`);
}

function refuseHistograms(row: RangeRow): void {
  const some = row.histograms?.hi.some((hi, k) => hi > row.histograms!.lo[k]!) ?? false;
  if (some) throw new EngineError('invalid', 'smoothed and anchored modifiers do not work with native histograms');
}

function interpolate(row: RangeRow, at: number, timeMs: number, counter: boolean): number {
  const next = row.values[at + 1]!;
  const before = counter && next < row.values[at]! ? 0 : row.values[at]!;
  return before + ((next - before) * (timeMs - row.timesMs[at]!)) / (row.timesMs[at + 1]! - row.timesMs[at]!);
}

/** The values at the two ends of a window: interpolated with `smoothed`, else those of the samples that bound it. */
function endsOf(row: RangeRow, { first, last, startMs, endMs }: Bounds, smoothed: boolean, counter: boolean): [left: number, right: number] {
  const left = smoothed && row.timesMs[first]! < startMs ? interpolate(row, first, startMs, counter) : row.values[first]!;
  const right = smoothed && last > 0 && row.timesMs[last]! > endMs ? interpolate(row, last - 1, endMs, counter) : row.values[last]!;
  return [left, right];
}

/** rate(), increase() and delta() over windows whose ends are samples or interpolated: nothing is extrapolated. */
export function extendedRate(row: RangeRow, out: Row, call: RangeCall, kind: RateKind): void {
  const smoothed = call.extend === 'smoothed';
  for (let k = 0; k < call.steps; k++) {
    if (hasHistograms(row, k)) {
      if (row.hi[k]! > row.lo[k]!) call.notes.mixed();
      else extendedHistogramStep(row.histograms!, out, call, k, kind);
      continue;
    }
    const endMs = call.sight.firstMs + k * call.sight.stepMs;
    const bounds = boundsIn(row.timesMs, row.lo[k]!, row.hi[k]!, endMs - call.rangeMs, endMs, smoothed);
    if (bounds === undefined) continue;
    const [left, right] = endsOf(row, bounds, smoothed, kind.counter);
    const change = right - left + (kind.counter ? resetsWithin(row, bounds, left, right) : 0);
    out.values[k] = kind.perSecond ? change / (call.rangeMs / 1000) : change;
    out.kinds[k] = float;
  }
}

/** What counter resets took away between the two ends. */
function resetsWithin(row: RangeRow, { first, last, startMs, endMs }: Bounds, left: number, right: number): number {
  const from = row.timesMs[first]! <= startMs ? first + 1 : first;
  const to = row.timesMs[last]! >= endMs ? last - 1 : last;
  let correction = 0;
  let before = left;
  for (let i = from; i <= to; i++) {
    if (row.values[i]! < before) correction += before;
    before = row.values[i]!;
  }
  return right < before ? correction + before : correction;
}

/** The samples of a window with one at either end, as a range vector on its own shows them. */
export function extendedWindow(
  row: RangeRow,
  step: number,
  startMs: number,
  endMs: number,
  smoothed: boolean,
): { timesMs: Float64Array; values: Float64Array } {
  refuseHistograms(row);
  const bounds = boundsIn(row.timesMs, row.lo[step]!, row.hi[step]!, startMs, endMs, smoothed);
  if (bounds === undefined) return { timesMs: new Float64Array(0), values: new Float64Array(0) };
  const [left, right] = endsOf(row, bounds, smoothed, false);
  const from = row.timesMs[bounds.first]! <= startMs ? bounds.first + 1 : bounds.first;
  const to = Math.max(from, row.timesMs[bounds.last]! >= endMs ? bounds.last : bounds.last + 1);
  return {
    timesMs: Float64Array.from([startMs, ...row.timesMs.subarray(from, to), endMs]),
    values: Float64Array.from([left, ...row.values.subarray(from, to), right]),
  };
}

/**
 * The instant vector of a `smoothed` selector: between two samples the value on the line between them, after the last one
 * its value. The windows of `ranges` reach a lookback back and ahead.
 */
export function smoothedVector(ranges: RangeVector, notesFor: (index: number) => RangeNotes): Vector {
  const { steps } = ranges.sight;
  const out = newRow(steps);
  return {
    heads: ranges.heads,
    read(index) {
      clearRow(out);
      const row = ranges.read(index);
      for (let k = 0; k < steps; k++) {
        const atMs = ranges.sight.firstMs + k * ranges.sight.stepMs;
        const some = row.hi[k]! > row.lo[k]!;
        if (hasHistograms(row, k)) {
          if (some) notesFor(index).mixed();
          else smoothHistogram(row.histograms!, out, k, atMs, notesFor(index));
        } else if (some) smoothFloat(row, out, k, atMs);
      }
      return out;
    },
  };
}

/** The first sample at or after a time, among those of a window. */
function firstAtOrAfter({ timesMs, lo, hi }: Pick<RangeRow, 'timesMs' | 'lo' | 'hi'>, step: number, atMs: number): number {
  let next = lo[step]!;
  while (next < hi[step]! && timesMs[next]! < atMs) next++;
  return next;
}

function smoothFloat(row: RangeRow, out: Row, step: number, atMs: number): void {
  const next = firstAtOrAfter(row, step, atMs);
  const exact = next < row.hi[step]! && row.timesMs[next] === atMs;
  if (!exact && next === row.lo[step]) return;
  if (exact) out.values[step] = row.values[next]!;
  else out.values[step] = next < row.hi[step]! ? interpolate(row, next - 1, atMs, false) : row.values[next - 1]!;
  out.kinds[step] = float;
}

function smoothHistogram(windows: HistogramWindows, out: Row, step: number, atMs: number, notes: RangeNotes): void {
  const next = firstAtOrAfter(windows, step, atMs);
  if (next < windows.hi[step]! && windows.timesMs[next] === atMs) return setHistogram(out, step, windows.list[next]!);
  if (next === windows.lo[step]) return;
  if (next === windows.hi[step]) return setHistogram(out, step, windows.list[next - 1]!);
  if (hasCustomBounds(windows.list[next - 1]!) !== hasCustomBounds(windows.list[next]!)) return notes.mixedSchemas();
  setHistogram(out, step, interpolateHistograms(windows, next - 1, atMs, false, notes));
}

import type { Histogram } from '#core/model/index.ts';
import { added, divided, scaled, subtracted, type Combined } from '../histogram/arithmetic.ts';
import { hasCustomBounds } from '../histogram/buckets.ts';
import { wasReset } from '../histogram/compare.ts';
import { boundsIn, type Bounds } from './extended-bounds.ts';
import type { RateKind } from './rate-kind.ts';
import { setHistogram, type Row } from '../vector.ts';
import type { RangeNotes } from '../notes.ts';
import type { HistogramWindows, RangeCall } from '../read/windows.ts';

/** Combining failed since exponential and custom buckets met. */
class MixedSchemas extends Error {}

function take(combined: Combined | undefined, operation: 'addition' | 'subtraction', notes: RangeNotes): Histogram {
  if (combined === undefined) throw new MixedSchemas('exponential and custom buckets cannot be mixed');
  if (combined.reconciled) notes.reconciled(operation);
  return combined.histogram;
}

/** The histogram on the line between two samples; of a counter that was reset in between, the part since the reset. */
export function interpolateHistograms(windows: HistogramWindows, at: number, timeMs: number, counter: boolean, notes: RangeNotes): Histogram {
  const before = windows.list[at]!;
  const after = windows.list[at + 1]!;
  const [beforeMs, afterMs] = [windows.timesMs[at]!, windows.timesMs[at + 1]!];
  if (timeMs === beforeMs) return before;
  if (timeMs === afterMs) return after;
  const share = (timeMs - beforeMs) / (afterMs - beforeMs);
  if (counter && wasReset(before, after)) return scaled(after, share);
  const difference = take(subtracted(after, before), 'subtraction', notes);
  return take(added(scaled(difference, share), before), 'addition', notes);
}

/** rate(), increase() and delta() of histograms over windows whose ends are samples or interpolated. */
export function extendedHistogramStep(windows: HistogramWindows, out: Row, call: RangeCall, step: number, kind: RateKind): void {
  const endMs = call.sight.firstMs + step * call.sight.stepMs;
  const bounds = boundsIn(windows.timesMs, windows.lo[step]!, windows.hi[step]!, endMs - call.rangeMs, endMs, call.extend === 'smoothed');
  if (bounds === undefined || !sameKinds(windows, bounds, kind.counter, call.notes)) return;
  try {
    const change = changeBetween(windows, bounds, call, kind.counter);
    const result = kind.perSecond ? divided(change, call.rangeMs / 1000) : change;
    setHistogram(out, step, { ...result, resetHint: 'gauge' });
  } catch (error) {
    if (!(error instanceof MixedSchemas)) throw error;
    call.notes.mixedSchemas();
  }
}

function sameKinds({ list }: HistogramWindows, { first, last }: Bounds, counter: boolean, notes: RangeNotes): boolean {
  const window = list.slice(first, last + 1);
  const mixed = window.findIndex((h) => hasCustomBounds(h) !== hasCustomBounds(window[0]!));
  if (counter && window.slice(0, mixed < 0 ? undefined : mixed).some((h) => h.resetHint === 'gauge')) notes.notCounter();
  if (mixed >= 0) notes.mixedSchemas();
  return mixed < 0;
}

function changeBetween(windows: HistogramWindows, bounds: Bounds, call: RangeCall, counter: boolean): Histogram {
  const { list, timesMs } = windows;
  const { first, last, startMs, endMs } = bounds;
  const smoothed = call.extend === 'smoothed';
  const { notes } = call;
  const left = smoothed && timesMs[first]! < startMs ? interpolateHistograms(windows, first, startMs, counter, notes) : list[first]!;
  const right = smoothed && last > 0 && timesMs[last]! > endMs ? interpolateHistograms(windows, last - 1, endMs, counter, notes) : list[last]!;
  if (!counter && (left.resetHint !== 'gauge' || right.resetHint !== 'gauge')) notes.notGauge();
  let change = take(subtracted(right, left), 'subtraction', notes);
  if (!counter) return change;
  for (const lost of lostInResets(windows, bounds, left, right, smoothed)) change = take(added(change, lost), 'addition', notes);
  return change;
}

/** What the counter stood at before each reset between the two ends. */
function lostInResets({ list, timesMs }: HistogramWindows, bounds: Bounds, left: Histogram, right: Histogram, smoothed: boolean): Histogram[] {
  const { first, last, startMs } = bounds;
  let from = first + 1;
  let before = left;
  if (smoothed && timesMs[first]! < startMs && wasReset(list[first]!, list[first + 1]!)) {
    before = list[first + 1]!; // The interpolated left end accounts for this reset already.
    from++;
  }
  if (from > last) return [];
  const lost: Histogram[] = [];
  for (let i = from; i < last; i++) {
    if (wasReset(before, list[i]!)) lost.push(before);
    before = list[i]!;
  }
  if (wasReset(before, right)) lost.push(before);
  return lost;
}

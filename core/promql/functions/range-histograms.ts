import type { Histogram } from '#core/model/index.ts';
import { added, emptyHistogram, lowered, meanOfHistograms, subtracted, sumOfHistograms, type Combined } from '../histogram/arithmetic.ts';
import { hasCustomBounds } from '../histogram/buckets.ts';
import { wasReset } from '../histogram/compare.ts';
import { setHistogram } from '../vector.ts';
import type { HistogramFold } from './over-time.ts';
import type { RangeNotes } from '../notes.ts';

/**
 * By how much a histogram rose over `list[from..to)`, at least two; a gauge. With `counter`, resets in between count as in
 * rate(). Undefined, with a warning, when exponential and custom buckets meet.
 */
export function histogramIncrease(list: readonly Histogram[], from: number, to: number, counter: boolean, notes: RangeNotes): Histogram | undefined {
  const last = list[to - 1]!;
  const window = list.slice(from, to);
  noteKind(window, counter, notes);
  let first = list[from]!;
  if (counter && wasReset(first, list[from + 1]!)) {
    const { schema, bounds } = list[from + 1]!;
    first = { ...emptyHistogram, schema, bounds };
  }
  const custom = hasCustomBounds(first);
  const relevant = counter ? [...window.slice(1), first] : [first, last];
  if (relevant.some((h) => hasCustomBounds(h) !== custom)) {
    notes.mixedSchemas();
    return undefined;
  }
  const schema = Math.min(...relevant.map((h) => h.schema));
  let result = take(subtracted(lowered(last, schema), first), 'subtraction', notes);
  const firstLater = counter ? from + 2 : to;
  for (let i = firstLater; i < to; i++) if (wasReset(list[i - 1]!, list[i]!)) result = take(added(result, list[i - 1]!), 'addition', notes);
  return { ...result, resetHint: 'gauge' };
}

function noteKind(window: readonly Histogram[], counter: boolean, notes: RangeNotes): void {
  if (counter && window.some((h) => h.resetHint === 'gauge')) notes.notCounter();
  if (!counter && (window[0]!.resetHint !== 'gauge' || window.at(-1)!.resetHint !== 'gauge')) notes.notGauge();
}

function take(combined: Combined | undefined, operation: 'addition' | 'subtraction', notes: RangeNotes): Histogram {
  if (combined === undefined) throw new Error('broken invariant: histograms were checked to share a kind of schema');
  if (combined.reconciled) notes.reconciled(operation);
  return combined.histogram;
}

/** sum_over_time and avg_over_time of histograms. */
function foldWith(combine: (list: readonly Histogram[]) => Combined | undefined): HistogramFold {
  return (row, out, call, k) => {
    const { list, lo, hi } = row.histograms!;
    const combined = combine(list.slice(lo[k], hi[k]));
    if (combined === undefined) return call.notes.mixedSchemas();
    if (combined.collision) call.notes.resetCollision();
    if (combined.reconciled) call.notes.reconciled('aggregation');
    setHistogram(out, k, combined.histogram);
  };
}

export const sumHistogramsOverTime = foldWith(sumOfHistograms);
export const avgHistogramsOverTime = foldWith(meanOfHistograms);

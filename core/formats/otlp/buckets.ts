import type { Histogram, HistogramSpan } from '#core/model/index.ts';
import type { OtlpBuckets, OtlpPoint } from './metrics.ts';

/** The finest and the coarsest schema that native histograms have. */
const schemaMax = 8;
const schemaMin = -4;
/** OTLP leaves the threshold out when only exact zeros fall into the zero bucket; Prometheus then writes this. */
const zeroThresholdDefault = 1e-128;
/** Empty buckets in a row that are written out rather than begin another span, as Prometheus does. */
const emptyRunMax = 2;

/** An exponential data point as a native histogram; undefined when its scale is coarser than those go. */
export function nativeHistogram(
  point: Pick<OtlpPoint, 'scale' | 'count' | 'sum' | 'zeroCount' | 'zeroThreshold' | 'positive' | 'negative'>,
): Histogram | undefined {
  if (point.scale < schemaMin) return undefined;
  const by = Math.max(0, point.scale - schemaMax);
  const positive = spansOf(coarser(point.positive, by));
  const negative = spansOf(coarser(point.negative, by));
  return {
    schema: point.scale - by,
    resetHint: 'unknown',
    count: point.count,
    sum: point.sum ?? 0,
    zeroThreshold: point.zeroThreshold || zeroThresholdDefault,
    zeroCount: point.zeroCount,
    positiveSpans: positive.spans,
    positive: positive.counts,
    negativeSpans: negative.spans,
    negative: negative.counts,
    bounds: [],
  };
}

/** The same observations in buckets 2^`by` times as wide (in the logarithm). */
export function coarser({ offset, counts }: OtlpBuckets, by: number): OtlpBuckets {
  if (by === 0 || counts.length === 0) return { offset, counts };
  const factor = 2 ** by;
  const first = Math.floor(offset / factor);
  const merged = Array.from({ length: Math.floor((offset + counts.length - 1) / factor) - first + 1 }, () => 0);
  counts.forEach((count, i) => (merged[Math.floor((offset + i) / factor) - first]! += count));
  return { offset: first, counts: merged };
}

/** The sum of two sets of buckets of the same scale. */
export function addBuckets(a: OtlpBuckets, b: OtlpBuckets): OtlpBuckets {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const counts = Array.from({ length: end - offset }, (_, i) => (a.counts[i + offset - a.offset] ?? 0) + (b.counts[i + offset - b.offset] ?? 0));
  return { offset, counts };
}

/** Buckets as spans. OTLP's bucket i is above base^i, a native histogram's is up to base^i: the index moves by one. */
function spansOf({ offset, counts }: OtlpBuckets): { readonly spans: readonly HistogramSpan[]; readonly counts: readonly number[] } {
  const spans: { gap: number; length: number }[] = [];
  const kept: number[] = [];
  let emptyRun = 0;
  counts.forEach((count, i) => {
    if (count === 0) {
      emptyRun++;
      return;
    }
    const span = spans.at(-1);
    if (span === undefined) spans.push({ gap: offset + 1 + i, length: 1 });
    else if (emptyRun > emptyRunMax) spans.push({ gap: emptyRun, length: 1 });
    else {
      for (let k = 0; k < emptyRun; k++) kept.push(0);
      span.length += emptyRun + 1;
    }
    kept.push(count);
    emptyRun = 0;
  });
  return { spans, counts: kept };
}

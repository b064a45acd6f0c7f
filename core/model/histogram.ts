/**
 * A native histogram sample. Counts are absolute (not deltas between buckets) doubles; a histogram of integers is
 * one whose counts happen to be integers.
 * Source: Prometheus' native histogram specification.
 */
export interface Histogram {
  /** -4..8 for exponential buckets: bucket i ends at 2^(i * 2^-schema). -53 for custom bounds. */
  readonly schema: number;
  /** Whether a counter reset lies before this sample. */
  readonly resetHint: 'unknown' | 'reset' | 'none' | 'gauge';
  readonly count: number;
  readonly sum: number;
  /** Observations in [-zeroThreshold, zeroThreshold]. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** Which bucket indexes `positive` and `negative` fill: runs, each `gap` empty buckets after the one before. */
  readonly positiveSpans: readonly HistogramSpan[];
  readonly positive: readonly number[];
  readonly negativeSpans: readonly HistogramSpan[];
  readonly negative: readonly number[];
  /** Upper bounds, ascending, without +Inf, for schema -53; otherwise empty. */
  readonly bounds: readonly number[];
}

export interface HistogramSpan {
  /** Empty buckets since the span before; of the first span, the index of its first bucket. */
  readonly gap: number;
  readonly length: number;
}

export const customBoundsSchema = -53;

import type { Histogram } from '#core/model/index.ts';
import { Kahan } from '../kahan.ts';
import { allBuckets, hasCustomBounds, type Bucket } from './buckets.ts';

/** A quantile, and what NaN observations did to it. */
export interface Quantile {
  readonly value: number;
  readonly nan: 'none' | 'result' | 'skew';
}

/** The buckets with the bounds that interpolation uses: a zero bucket beside one-sided buckets is one-sided too. */
function interpolationBuckets(h: Histogram): Bucket[] {
  const buckets = allBuckets(h);
  if (hasCustomBounds(h)) return buckets;
  return buckets.map((bucket) => {
    if (!(bucket.lower < 0 && bucket.upper > 0)) return bucket;
    if (h.negative.length === 0 && h.positive.length > 0) return { ...bucket, lower: 0 };
    if (h.positive.length === 0 && h.negative.length > 0) return { ...bucket, upper: 0 };
    return bucket;
  });
}

/**
 * histogram_quantile of a native histogram. From the middle up it counts from above, so that observations of NaN, which are
 * in no bucket, do not shift it. Within exponential buckets observations are taken to be spread exponentially.
 */
export function histogramQuantile(quantile: number, h: Histogram): Quantile {
  const plain = (value: number): Quantile => ({ value, nan: 'none' });
  if (quantile < 0) return plain(-Infinity);
  if (quantile > 1) return plain(Infinity);
  if (h.count === 0 || Number.isNaN(quantile)) return plain(NaN);
  const hasNaN = Number.isNaN(h.sum);
  const upward = hasNaN || quantile < 0.5;
  const buckets = interpolationBuckets(h);
  if (!upward) buckets.reverse();
  let rank = (upward ? quantile : 1 - quantile) * h.count;
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let count = 0;
  for (bucket of buckets) {
    count += bucket.count;
    if (count >= rank) break;
  }
  if (hasCustomBounds(h)) {
    if (bucket.lower === -Infinity) {
      if (bucket.upper <= 0) return plain(bucket.upper);
      bucket = { ...bucket, lower: 0 };
    }
    if (bucket.upper === Infinity) return plain(bucket.lower);
  }
  count = Math.min(count, h.count);
  if (count < rank) return hasNaN ? { value: NaN, nan: 'result' } : plain(bucket.upper);
  rank = upward ? rank - (count - bucket.count) : count - rank;
  return { value: between(h, bucket, rank / bucket.count), nan: hasNaN ? 'skew' : 'none' };
}

/** The value a fraction of the way through a bucket. */
function between(h: Histogram, { lower, upper }: Bucket, fraction: number): number {
  if (hasCustomBounds(h) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** How far through a bucket a value lies, 0 to 1. */
export function shareBelow(h: Histogram, { lower, upper }: Bucket, value: number): number {
  if (hasCustomBounds(h) || (lower <= 0 && upper >= 0)) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  return value > 0 ? (logValue - logLower) / (logUpper - logLower) : 1 - (logValue - logUpper) / (logLower - logUpper);
}

/** histogram_fraction of a native histogram. */
export function histogramFraction(lower: number, upper: number, h: Histogram): number {
  if (h.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const buckets = interpolationBuckets(h);
  const total = Number.isNaN(h.sum) ? buckets.reduce((sum, bucket) => sum + bucket.count, 0) : h.count;
  const below = (value: number): number => observationsBelow(buckets, value, total, (bucket) => shareBelow(h, bucket, value));
  return (Math.min(below(upper), h.count) - Math.min(below(lower), h.count)) / h.count;
}

/**
 * How many observations lie below a value. Of a bucket that reaches to -Inf all do (or, with a positive upper bound, it
 * begins at 0); of one that reaches to +Inf none.
 */
export function observationsBelow(buckets: readonly Bucket[], value: number, total: number, share: (bucket: Bucket) => number): number {
  let rank = 0;
  for (const bucket of buckets) {
    const lower = bucket.lower === -Infinity && bucket.upper > 0 ? 0 : bucket.lower;
    if (lower >= value) return rank;
    if (bucket.upper > value) {
      if (lower === -Infinity) return rank + bucket.count;
      return Math.min(total, rank + (bucket.upper === Infinity ? 0 : bucket.count * share({ ...bucket, lower })));
    }
    rank += bucket.count;
  }
  return total;
}

/** histogram_stdvar: the variance if every observation lay in the middle of its bucket. */
export function histogramVariance(h: Histogram): number {
  const mean = h.sum / h.count;
  const squares = new Kahan();
  for (const bucket of allBuckets(h)) {
    const delta = middleOf(h, bucket) - mean;
    squares.add(bucket.count * delta * delta);
  }
  return (squares.sum + squares.lost) / h.count;
}

/** The arithmetic mean of custom bounds, 0 for the zero bucket, the geometric mean of exponential bounds. */
function middleOf(h: Histogram, { lower, upper }: Bucket): number {
  if (hasCustomBounds(h)) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const middle = Math.sqrt(upper * lower);
  return upper < 0 ? -middle : middle;
}

import { customBoundsSchema, type Histogram, type HistogramSpan } from '#core/model/index.ts';

/** Buckets as sorted indexes and their counts. */
export interface Buckets {
  readonly at: readonly number[];
  readonly counts: readonly number[];
}

/** A bucket with its bounds. Positive buckets hold (lower, upper], negative ones [lower, upper). */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

export function hasCustomBounds(h: Histogram): boolean {
  return h.schema === customBoundsSchema;
}

/** The buckets that spans and counts describe, empty ones among them. */
export function unpack(spans: readonly HistogramSpan[], counts: readonly number[]): Buckets {
  const at: number[] = [];
  let index = 0;
  for (const span of spans) {
    index += span.gap;
    for (let i = 0; i < span.length && at.length < counts.length; i++) at.push(index++);
  }
  return { at, counts };
}

/** Spans and counts of the buckets that are not empty. */
export function pack({ at, counts }: Buckets): { spans: HistogramSpan[]; counts: number[] } {
  const spans: { gap: number; length: number }[] = [];
  const kept: number[] = [];
  let next = 0;
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue;
    const gap = at[i]! - next;
    const last = spans.at(-1);
    if (last !== undefined && gap === 0) last.length++;
    else spans.push({ gap, length: 1 });
    kept.push(count);
    next = at[i]! + 1;
  }
  return { spans, counts: kept };
}

const fractionBits = 8;

/**
 * 2^(i/256) for i from 0 to 255, as a product of roots of two, the largest first, rounded after each. Not the nearest doubles
 * everywhere, but those of Prometheus, whose root of two is one unit below the nearest: bounds are compared for equality.
 */
const fractions: Float64Array = Float64Array.from({ length: 2 ** fractionBits }, (_, i) => {
  let bound = 1;
  for (let bit = fractionBits - 1; bit >= 0; bit--) {
    if (((i >> bit) & 1) === 1) bound *= bit === fractionBits - 1 ? 1.414213562373095 : 2 ** (2 ** (bit - fractionBits));
  }
  return bound;
});

/** The upper bound of a positive exponential bucket: 2^(index * 2^-schema), at most the largest double. */
export function exponentialBound(schema: number, index: number): number {
  const parts = schema <= 0 ? 1 : 2 ** schema;
  const whole = schema <= 0 ? index * 2 ** -schema : Math.floor(index / parts);
  const part = schema <= 0 ? 0 : index - whole * parts;
  if (whole === 1024 && part === 0) return Number.MAX_VALUE;
  return 2 ** whole * fractions[part * (fractions.length / parts)]!;
}

/** The positive buckets with their bounds, ascending; with custom bounds, all buckets. */
export function positiveBuckets(h: Histogram): Bucket[] {
  const { at, counts } = unpack(h.positiveSpans, h.positive);
  if (hasCustomBounds(h)) {
    return at.map((index, i) => ({ lower: h.bounds[index - 1] ?? -Infinity, upper: h.bounds[index] ?? Infinity, count: counts[i]! }));
  }
  return at.map((index, i) => ({
    lower: exponentialBound(h.schema, index - 1),
    upper: exponentialBound(h.schema, index),
    count: counts[i]!,
  }));
}

/** The negative buckets with their bounds, the one nearest to zero first. */
export function negativeBuckets(h: Histogram): Bucket[] {
  const { at, counts } = unpack(h.negativeSpans, h.negative);
  return at.map((index, i) => ({
    lower: -exponentialBound(h.schema, index),
    upper: -exponentialBound(h.schema, index - 1),
    count: counts[i]!,
  }));
}

/**
 * All populated buckets from the lowest to the highest, the zero bucket among them. A bucket that the zero bucket reaches into
 * begins where that one ends.
 */
export function allBuckets(h: Histogram): Bucket[] {
  const edge = h.zeroThreshold;
  const zero = !(h.zeroCount > 0) ? [] : [{ lower: -edge, upper: edge, count: h.zeroCount }];
  const negative = negativeBuckets(h).map((bucket) => (bucket.upper > -edge ? { ...bucket, upper: -edge } : bucket));
  const positive = positiveBuckets(h).map((bucket) => (bucket.lower > 0 && bucket.lower < edge ? { ...bucket, lower: edge } : bucket));
  return [...negative.reverse(), ...zero, ...positive].filter((bucket) => bucket.count !== 0);
}

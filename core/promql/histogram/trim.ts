import type { Histogram } from '#core/model/index.ts';
import { Kahan } from '../kahan.ts';
import { exponentialBound, hasCustomBounds, pack, unpack, type Bucket, type Buckets } from './buckets.ts';
import { shareBelow } from './statistics.ts';

/** What stays of a bucket: how many observations, and where they are taken to lie on average. */
interface Remainder {
  readonly count: number;
  readonly middle: number;
}

/**
 * `h </ cut` keeps what lies below (`upper` is dropped), `h >/ cut` what lies above. A bucket that is cut keeps the share
 * that interpolation gives; count and sum are estimated anew from the buckets, unless nothing was dropped.
 */
export function trimmed(h: Histogram, cut: number, drop: 'upper' | 'lower'): Histogram {
  if (cut === (drop === 'upper' ? Infinity : -Infinity)) return h;
  const count = new Kahan();
  const sum = new Kahan();
  let dropped = false;
  const keep = (bucket: Bucket): number => {
    if (bucket.count === 0) return 0;
    const rest = remainder(h, bucket, cut, drop);
    if (rest.count !== bucket.count) dropped = true;
    count.add(rest.count);
    if (rest.count !== 0) sum.add(rest.count * rest.middle);
    return rest.count;
  };
  const negative = trimSide(h, unpack(h.negativeSpans, h.negative), -1, keep);
  const zeroCount = hasCustomBounds(h) ? 0 : keep(zeroBucket(h));
  const positive = trimSide(h, unpack(h.positiveSpans, h.positive), 1, keep);
  if (!dropped) return h;
  return {
    ...h,
    count: count.sum + count.lost,
    sum: sum.sum + sum.lost,
    zeroCount,
    positiveSpans: positive.spans,
    positive: positive.counts,
    negativeSpans: negative.spans,
    negative: negative.counts,
  };
}

function trimSide(h: Histogram, buckets: Buckets, sign: 1 | -1, keep: (bucket: Bucket) => number): ReturnType<typeof pack> {
  const counts = buckets.at.map((index, i) => {
    const count = buckets.counts[i]!;
    if (hasCustomBounds(h)) return keep({ lower: h.bounds[index - 1] ?? -Infinity, upper: h.bounds[index] ?? Infinity, count });
    const near = exponentialBound(h.schema, index - 1) * sign;
    const far = exponentialBound(h.schema, index) * sign;
    return keep({ lower: Math.min(near, far), upper: Math.max(near, far), count });
  });
  return pack({ at: buckets.at, counts });
}

/** With buckets on one side only, the zero bucket is taken to lie on that side. */
function zeroBucket(h: Histogram): Bucket {
  const onlyPositive = h.negative.length === 0 && h.positive.length > 0;
  const onlyNegative = h.positive.length === 0 && h.negative.length > 0;
  return { lower: onlyPositive ? 0 : -h.zeroThreshold, upper: onlyNegative ? 0 : h.zeroThreshold, count: h.zeroCount };
}

function remainder(h: Histogram, bucket: Bucket, cut: number, drop: 'upper' | 'lower'): Remainder {
  const none = { count: 0, middle: 0 };
  const upper = drop === 'upper';
  if (bucket.lower === -Infinity || bucket.upper === Infinity) return openRemainder(h, bucket, cut, upper);
  const linear = hasCustomBounds(h) || (bucket.lower <= 0 && bucket.upper >= 0);
  if (upper ? bucket.upper <= cut : bucket.lower >= cut) return { count: bucket.count, middle: middleOf(linear, bucket.lower, bucket.upper) };
  if (upper ? bucket.lower >= cut : bucket.upper <= cut) return none;
  const share = shareBelow(h, bucket, cut);
  const kept = upper ? { share, lower: bucket.lower, upper: cut } : { share: 1 - share, lower: cut, upper: bucket.upper };
  return { count: bucket.count * kept.share, middle: middleOf(linear, kept.lower, kept.upper) };
}

/** Custom buckets without a lower or an upper bound: nothing can be interpolated, so all stays, at the bound or the cut, or nothing. */
function openRemainder(h: Histogram, { lower, upper, count }: Bucket, cut: number, dropUpper: boolean): Remainder {
  const none = { count: 0, middle: 0 };
  if (lower === -Infinity && upper === Infinity) return none;
  if (upper === Infinity) return dropUpper ? none : cut === Infinity ? none : { count, middle: Math.max(lower, cut) };
  if (upper > 0 && (dropUpper || cut >= 0)) return remainder(h, { lower: 0, upper, count }, cut, dropUpper ? 'upper' : 'lower');
  if (!dropUpper) return cut >= upper || cut > -Infinity ? none : { count, middle: upper };
  return cut === -Infinity ? none : { count, middle: Math.min(upper, cut) };
}

function middleOf(linear: boolean, lower: number, upper: number): number {
  if (linear) return (lower + upper) / 2;
  const middle = Math.sqrt(lower * upper);
  return upper < 0 ? -middle : middle;
}

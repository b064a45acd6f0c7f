import type { Histogram } from '#core/model/index.ts';
import { aligned } from './arithmetic.ts';
import { hasCustomBounds, unpack, type Buckets } from './buckets.ts';

/** Whether two histograms are the same in layout and counts, bit for bit; what they say of resets does not matter. */
export function sameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    a.zeroThreshold === b.zeroThreshold &&
    sameNumbers(a.bounds, b.bounds) &&
    sameBuckets(unpack(a.positiveSpans, a.positive), unpack(b.positiveSpans, b.positive)) &&
    sameBuckets(unpack(a.negativeSpans, a.negative), unpack(b.negativeSpans, b.negative))
  );
}

function sameBuckets(a: Buckets, b: Buckets): boolean {
  return sameNumbers(a.at, b.at) && sameNumbers(a.counts, b.counts);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** Whether a counter was reset between two samples: by what the later one says, else by anything that became less. */
export function wasReset(before: Histogram, after: Histogram): boolean {
  if (after.resetHint === 'reset') return true;
  if (after.resetHint === 'none') return false;
  if (after.count < before.count) return true;
  if (hasCustomBounds(after) !== hasCustomBounds(before)) return true;
  if (!hasCustomBounds(after) && (after.schema > before.schema || after.zeroThreshold < before.zeroThreshold)) return true;
  const both = aligned(before, after);
  if (!hasCustomBounds(after) && both.layout.zeroThreshold !== after.zeroThreshold) return true;
  return both.b.zeroCount < both.a.zeroCount || fell(both.a.positive, both.b.positive) || fell(both.a.negative, both.b.negative);
}

function fell(before: Buckets, after: Buckets): boolean {
  let next = 0;
  for (const [i, index] of before.at.entries()) {
    while (next < after.at.length && after.at[next]! < index) next++;
    const count = after.at[next] === index ? after.counts[next]! : 0;
    if (count < before.counts[i]!) return true;
  }
  return false;
}

import { observationsBelow } from './statistics.ts';

/** The buckets of a classic histogram as its series have them: cumulative counts, in any order. */
export interface ClassicBucket {
  upper: number;
  count: number;
}

/** What histogram_quantile had to mend in classic buckets. */
export interface Mended {
  /** Upper bounds of the first and last bucket whose count was raised, and by how much at most. */
  readonly lowest: number;
  readonly highest: number;
  readonly difference: number;
}

const smallDifference = 1e-12; // Relative. What floating point rounding alone makes of equal counts.

/** Puts buckets in order of their bounds. */
export const byUpper = (a: { readonly upper: number }, b: { readonly upper: number }): number => a.upper - b.upper || 0;

function isSorted(buckets: readonly ClassicBucket[]): boolean {
  for (let i = 1; i < buckets.length; i++) if (!(buckets[i - 1]!.upper <= buckets[i]!.upper)) return false;
  return true;
}

/** Sorts the buckets and joins those with the same bound, in place. False when there is no +Inf bucket, which makes them useless. */
function prepare(buckets: ClassicBucket[]): boolean {
  if (!isSorted(buckets)) buckets.sort(byUpper);
  if (buckets.at(-1)?.upper !== Infinity) return false;
  let last = 0;
  for (let i = 1; i < buckets.length; i++) {
    if (buckets[i]!.upper === buckets[last]!.upper) buckets[last]!.count += buckets[i]!.count;
    else buckets[++last] = buckets[i]!;
  }
  buckets.length = last + 1;
  return true;
}

function nearlyEqual(a: number, b: number): boolean {
  const total = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const smallest = 2.2250738585072014e-308; // Smallest normal double.
  if (a === 0 || b === 0 || total < smallest) return difference < smallDifference * smallest;
  return difference / Math.min(total, Number.MAX_VALUE) < smallDifference;
}

/** Makes counts ascend. Small differences are rounding and pass in silence. */
function makeMonotonic(buckets: readonly ClassicBucket[]): Mended | undefined {
  let before = buckets[0]!.count;
  let mended: { lowest: number; highest: number; difference: number } | undefined;
  for (let i = 1; i < buckets.length; i++) {
    const bucket = buckets[i]!;
    if (bucket.count === before) continue;
    const small = nearlyEqual(before, bucket.count);
    if (!small && bucket.count < before) {
      mended ??= { lowest: bucket.upper, highest: bucket.upper, difference: 0 };
      mended.highest = bucket.upper;
      mended.difference = Math.max(mended.difference, before - bucket.count);
    }
    if (small || bucket.count < before) bucket.count = before;
    else before = bucket.count;
  }
  return mended;
}

/** histogram_quantile of classic buckets, which it sorts and mends in place. */
export function classicQuantile(quantile: number, buckets: ClassicBucket[]): { value: number; mended: Mended | undefined } {
  const plain = (value: number): { value: number; mended: undefined } => ({ value, mended: undefined });
  if (Number.isNaN(quantile)) return plain(NaN);
  if (quantile < 0) return plain(-Infinity);
  if (quantile > 1) return plain(Infinity);
  if (!prepare(buckets)) return plain(NaN);
  const mended = makeMonotonic(buckets);
  const total = buckets.at(-1)!.count;
  if (buckets.length < 2 || total === 0) return plain(NaN);
  let rank = quantile * total;
  const last = buckets.length - 1;
  let at = 0;
  while (at < last && !(buckets[at]!.count >= rank)) at++;
  if (at === last) return { value: buckets[last - 1]!.upper, mended };
  const { upper } = buckets[at]!;
  if (at === 0 && upper <= 0) return { value: upper, mended };
  const lower = at > 0 ? buckets[at - 1]!.upper : 0;
  const before = at > 0 ? buckets[at - 1]!.count : 0;
  rank -= before;
  return { value: lower + (upper - lower) * (rank / (buckets[at]!.count - before)), mended };
}

/** histogram_fraction of classic buckets, which it sorts in place. */
export function classicFraction(lower: number, upper: number, buckets: ClassicBucket[]): number {
  if (!prepare(buckets)) return NaN;
  const total = buckets.at(-1)!.count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const single = buckets.map((bucket, i) => ({
    lower: i === 0 ? -Infinity : buckets[i - 1]!.upper,
    upper: bucket.upper,
    count: bucket.count - (i === 0 ? 0 : buckets[i - 1]!.count),
  }));
  const below = (value: number): number =>
    observationsBelow(single, value, total, (bucket) => (value - bucket.lower) / (bucket.upper - bucket.lower));
  return (below(upper) - below(lower)) / total;
}

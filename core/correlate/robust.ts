/** Order statistics that a few wild points cannot move. */

/** Quantile q of ascending values, interpolated between neighbours; NaN of none. */
export function quantileOf(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (at - low);
}

export interface Spread {
  readonly count: number;
  readonly median: number;
  /**
   * Standard deviation of a normal distribution with the same quartiles, or with as many values far off, whichever is larger; 0 when
   * nearly all values are equal. Up to 15 % of the values can be wild without moving it.
   */
  readonly scale: number;
}

/** Of the standard normal distribution: the distance between the quartiles, and what 85 % of the values lie within. */
const normalIqr = 1.349;
const normalWithin85 = 1.44;

/** Of finite values only. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const finite = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) finite[count++] = values[i]!;
  if (count === 0) return { count, median: NaN, scale: 0 };
  const sorted = finite.subarray(0, count).sort();
  const median = quantileOf(sorted, 0.5);
  const quartiles = (quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25)) / normalIqr;
  return { count, median, scale: Math.max(quartiles, within85(sorted, median) / normalWithin85) };
}

/** The distance from `median` that 85 % of the ascending values lie within: the farthest stand at the two ends. */
function within85(sorted: Float64Array, median: number): number {
  const at = (sorted.length - 1) * 0.85;
  let [low, high] = [0, sorted.length - 1];
  let [last, before] = [0, 0];
  for (let left = sorted.length - Math.floor(at); left > 0; left--) {
    before = last;
    const [below, above] = [median - sorted[low]!, sorted[high]! - median];
    if (below > above) [last, low] = [below, low + 1];
    else [last, high] = [above, high - 1];
  }
  return Number.isInteger(at) ? last : last + (before - last) * (at - Math.floor(at));
}

export function medianOf(values: readonly number[] | Float64Array): number {
  return quantileOf(new Float64Array(values).sort(), 0.5);
}

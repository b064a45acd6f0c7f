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
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return { count: 0, median: NaN, scale: 0 };
  const median = quantileOf(sorted, 0.5);
  const off = sorted.map((value) => Math.abs(value - median)).sort();
  const quartiles = (quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25)) / normalIqr;
  return { count: sorted.length, median, scale: Math.max(quartiles, quantileOf(off, 0.85) / normalWithin85) };
}

export function medianOf(values: ArrayLike<number>): number {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

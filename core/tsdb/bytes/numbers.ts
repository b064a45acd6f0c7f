/**
 * Doubles as whole numbers. Most columns of a fleet are integers, decimals of a few digits, or doubles that share an exponent: then
 * value = m / 10^k or m * 2^e with m whole, and neighbours' m differ by little. What differs is kept as residuals: of order 0 (from a
 * centre), 1 (from the sample before) or 2 (from the slope before), over their greatest common divisor, folded to unsigned numbers.
 * Everything here is exact: m stays within 2^53 and every residual within 2^51, where double arithmetic does not round.
 */

/** value = m / 10^k for exponent k >= 0; value = m * 2^(exponent) when binary. */
export interface Scale {
  readonly binary: boolean;
  readonly exponent: number;
}

const wholeMax = 2 ** 53;
const decimalsMax = 15;
const powersOf10 = Float64Array.from({ length: decimalsMax + 1 }, (_, k) => Number(`1e${k}`));

const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);

/** The value that a whole number stands for, the same double that findScale saw. */
export function unscale(whole: Float64Array, count: number, scale: Scale, out: Float64Array, into: number): void {
  if (scale.binary) {
    const factor = 2 ** scale.exponent;
    for (let i = 0; i < count; i++) out[into + i] = whole[i]! * factor;
    return;
  }
  if (scale.exponent === 0) {
    for (let i = 0; i < count; i++) out[into + i] = whole[i]!;
    return;
  }
  const divisor = powersOf10[scale.exponent]!;
  for (let i = 0; i < count; i++) out[into + i] = whole[i]! / divisor;
}

/** Fills `whole` and returns the scale, or undefined when the values have no common one. Values must be finite, and not -0. */
export function findScale(values: Float64Array, count: number, whole: Float64Array): Scale | undefined {
  return findDecimal(values, count, whole) ?? findBinary(values, count, whole);
}

function findDecimal(values: Float64Array, count: number, whole: Float64Array): Scale | undefined {
  let exponent = 0;
  let factor = 1;
  /** Numbers before it were scaled by a smaller power. */
  let scaledFrom = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    let m = Math.round(value * factor);
    while (m / factor !== value) {
      if (++exponent > decimalsMax) return undefined;
      factor = powersOf10[exponent]!;
      m = Math.round(value * factor);
      scaledFrom = i;
    }
    if (m > wholeMax || m < -wholeMax) return undefined;
    whole[i] = m;
  }
  for (let i = 0; i < scaledFrom; i++) {
    const m = Math.round(values[i]! * factor);
    if (m / factor !== values[i] || m > wholeMax || m < -wholeMax) return undefined;
    whole[i] = m;
  }
  return { binary: false, exponent };
}

/** The largest power of two that divides every value. */
function findBinary(values: Float64Array, count: number, whole: Float64Array): Scale | undefined {
  let exponent = Infinity;
  for (let i = 0; i < count; i++) if (values[i] !== 0) exponent = Math.min(exponent, lowestBit(values[i]!));
  if (exponent < -1000 || exponent > 1000) return undefined;
  const factor = 2 ** -exponent;
  for (let i = 0; i < count; i++) {
    const m = values[i]! * factor;
    if (m > wholeMax || m < -wholeMax) return undefined;
    whole[i] = m;
  }
  return { binary: true, exponent };
}

/** The exponent of the lowest bit set in a finite double other than 0. */
function lowestBit(value: number): number {
  f64[0] = value;
  const low = words[0]!;
  const high = words[1]! & 0xfffff;
  const exponent = (words[1]! >>> 20) & 2047;
  const trailing = low !== 0 ? 31 - Math.clz32(low & -low) : high !== 0 ? 63 - Math.clz32(high & -high) : 52;
  return exponent - 1075 + trailing;
}

/** How a column's residuals were made; enough, with them, to undo it. */
export interface Prediction {
  readonly order: 0 | 1 | 2;
  /** Whether the column before was taken away first. */
  readonly kin: boolean;
  /** Taken away from every residual. */
  readonly centre: number;
  /** Every residual less the centre is a multiple of it. */
  readonly step: number;
  /** The first `order` numbers, which have no residual: the first itself, then the first difference. */
  readonly first: number;
  readonly slope: number;
}

/** Most samples in one column: what the scratch columns hold. */
export const columnSamplesMax = 1 << 14;

/** Undoes predict, in place: from folded residuals to whole numbers. `kin` as it was then, or anything when it was not used; `small` when every residual is below 2^31. */
export function restore(numbers: Float64Array, count: number, prediction: Prediction, kin: Float64Array, small: boolean): void {
  const { order, centre, step, first, slope } = prediction;
  unfold(numbers, count - order, centre, step, small);
  if (order === 2) integrate(numbers, count - 1, slope);
  if (order >= 1) integrate(numbers, count, first);
  if (prediction.kin) for (let i = 0; i < count; i++) numbers[i]! += kin[i]!;
}

/**
 * The same for residuals of two planes, low bytes and high bytes, in one pass. `low` and `high` hold the byte of residual i at `lowAt + i`
 * and `highAt + i`.
 */
export function restoreBytes(
  low: Uint8Array,
  lowAt: number,
  high: Uint8Array,
  highAt: number,
  count: number,
  prediction: Prediction,
  out: Float64Array,
): void {
  const { order, centre, step, first, slope } = prediction;
  const length = count - order;
  if (order === 0) {
    for (let i = 0; i < length; i++) out[i] = unfolded(low[lowAt + i]! | (high[highAt + i]! << 8)) * step + centre;
    return;
  }
  let sum = first;
  if (order === 1) {
    for (let i = 0; i < length; i++) {
      out[i] = sum;
      sum += unfolded(low[lowAt + i]! | (high[highAt + i]! << 8)) * step + centre;
    }
    out[length] = sum;
    return;
  }
  let rise = slope;
  for (let i = 0; i < length; i++) {
    out[i] = sum;
    sum += rise;
    rise += unfolded(low[lowAt + i]! | (high[highAt + i]! << 8)) * step + centre;
  }
  out[length] = sum;
  out[length + 1] = sum + rise;
}

const unfolded = (folded: number): number => (folded >>> 1) ^ -(folded & 1);

function unfold(numbers: Float64Array, count: number, centre: number, step: number, small: boolean): void {
  if (small) for (let i = 0; i < count; i++) numbers[i] = unfolded(numbers[i]!) * step + centre;
  else {
    for (let i = 0; i < count; i++) {
      const folded = numbers[i]!;
      numbers[i] = (folded % 2 === 1 ? -(folded + 1) / 2 : folded / 2) * step + centre;
    }
  }
}

/** Differences to sums: entry i becomes `first` plus the entries before i. */
function integrate(numbers: Float64Array, count: number, first: number): void {
  let sum = first;
  for (let i = 0; i < count; i++) {
    const step = numbers[i]!;
    numbers[i] = sum;
    sum += step;
  }
}

import { columnSamplesMax, type Prediction } from './numbers.ts';

/**
 * The writing side of numbers.ts: which prediction of a column leaves the fewest bits, and what it leaves. Differences within 2^30, which
 * nearly all are, take a way of their own in 32-bit integers, at a third of the time; both ways come to the same answers.
 */

/** Beyond it a difference is not exact in a double. */
const residualMax = 2 ** 51;
const smallMax = 2 ** 30;
/** Residuals below it, less a centre among them and folded, fit 32 bits. */
const foldableMax = 2 ** 29;

const apart = new Float64Array(columnSamplesMax);
const residuals = new Float64Array(columnSamplesMax);
const steps = new Int32Array(columnSamplesMax);

/** Folded residuals: in `small` when all are below 2^32, else in `large`. */
export interface Folded {
  readonly small: Uint32Array;
  readonly large: Float64Array;
  isSmall: boolean;
}

interface Choice {
  readonly order: 0 | 1 | 2;
  readonly isKin: boolean;
  readonly centre: number;
}

/**
 * Chooses the cheapest prediction of `whole` and leaves its folded residuals in `folded`, `count - order` of them.
 * `kin` is the column before, of the same scale and times, or undefined. Undefined when no prediction stays exact.
 */
export function predict(whole: Float64Array, count: number, kin: Float64Array | undefined, folded: Folded): Prediction | undefined {
  const search = new Search();
  search.consider(whole, count, false);
  if (kin !== undefined && search.leastBits > count / 2 && takeApart(whole, kin, count)) search.consider(apart, count, true);
  return search.chosen === undefined ? undefined : fold(search.chosen.isKin ? apart : whole, count, search.chosen, folded);
}

/** Leaves what is between two columns in `apart`; false when some of it is more than a double can tell. */
function takeApart(whole: Float64Array, kin: Float64Array, count: number): boolean {
  let farthest = 0;
  for (let i = 0; i < count; i++) {
    apart[i] = whole[i]! - kin[i]!;
    farthest = Math.max(farthest, Math.abs(apart[i]!));
  }
  return farthest <= Number.MAX_SAFE_INTEGER;
}

/** Bits that an order's first numbers and the word of kin add to a column's head. */
const orderBits = 16;

class Search {
  chosen: Choice | undefined;
  leastBits = Infinity;

  /** Tries all orders. Where two cost the same, the first of 1, 0, 2 stays. */
  consider(source: Float64Array, count: number, isKin: boolean): void {
    const handicap = isKin ? orderBits : 0;
    const isSmall = count > 2 && smallSteps(source, count);
    const slope = count > 1 ? Math.round((source[count - 1]! - source[0]!) / (count - 1)) : 0;
    if (isSmall) measureSteps(count - 1, slope);
    if (count > 1) {
      this.#offer(1, isKin, 0, (isSmall ? bits1 : costOf(source, count, 1, 0)) + orderBits + handicap);
      if (slope !== 0) this.#offer(1, isKin, slope, (isSmall ? bitsSlope : costOf(source, count, 1, slope)) + orderBits + handicap);
    }
    const centre = Math.round(mean(source, count));
    this.#offer(0, isKin, centre, costOfLevels(source, count, centre, this.leastBits - handicap) + handicap);
    if (count > 2) this.#offer(2, isKin, 0, (isSmall ? bits2 : costOf(source, count, 2, 0)) + 2 * orderBits + handicap);
  }

  #offer(order: 0 | 1 | 2, isKin: boolean, centre: number, bits: number): void {
    if (bits >= this.leastBits) return;
    this.leastBits = bits;
    this.chosen = { order, isKin, centre };
  }
}

function mean(source: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += source[i]!;
  return sum / count;
}

/** Leaves the steps from number to number in `steps`; false when one is not small. */
function smallSteps(source: Float64Array, count: number): boolean {
  let least = 0;
  let most = 0;
  let before = source[0]!;
  for (let i = 1; i < count; i++) {
    const now = source[i]!;
    const step = now - before;
    before = now;
    steps[i - 1] = step;
    if (step > most) most = step;
    else if (step < least) least = step;
  }
  return most < smallMax && least > -smallMax;
}

/** What measureSteps found: bits of the steps, of the steps less their slope, and of the steps' steps. */
let bits1 = 0;
let bitsSlope = 0;
let bits2 = 0;

function measureSteps(count: number, slope: number): void {
  const centre = slope | 0;
  let before = steps[0]!;
  let zeros1 = Math.clz32(Math.abs(before));
  let zerosSlope = Math.clz32(Math.abs((before - centre) | 0));
  let zeros2 = 0;
  for (let i = 1; i < count; i++) {
    const step = steps[i]!;
    zeros1 += Math.clz32(Math.abs(step));
    zerosSlope += Math.clz32(Math.abs((step - centre) | 0));
    zeros2 += Math.clz32(Math.abs((step - before) | 0));
    before = step;
  }
  bits1 = count * 32 - zeros1;
  bitsSlope = count * 32 - zerosSlope;
  bits2 = (count - 1) * 32 - zeros2;
}

/** The length of a number in bits; a zero, which a run of zeros nearly costs, has none. */
function lengthOf(size: number): number {
  return size < 0x80000000 ? 32 - Math.clz32(size) : 64 - Math.clz32(size / 4294967296);
}

/** About how many bits the residuals of an order take; Infinity when one is too large to be exact. */
function costOf(source: Float64Array, count: number, order: 1 | 2, centre: number): number {
  if (difference(source, count, order) > residualMax) return Infinity;
  let bits = 0;
  for (let i = 0; i < count - order; i++) bits += lengthOf(Math.abs(residuals[i]! - centre));
  return bits;
}

/** The same of order 0, or any number from `limit` on when it would come to that. */
function costOfLevels(source: Float64Array, count: number, centre: number, limit: number): number {
  let bits = 0;
  for (let i = 0; i < count && bits < limit; i++) {
    const value = source[i]!;
    if (value > residualMax || value < -residualMax) return Infinity;
    bits += lengthOf(Math.abs(value - centre));
  }
  return bits;
}

/** Leaves the differences of an order in `residuals` and answers how far the farthest is from 0. */
function difference(source: Float64Array, count: number, order: 0 | 1 | 2): number {
  let least = 0;
  let most = 0;
  for (let i = order; i < count; i++) {
    const now = source[i]!;
    const before = order === 0 ? 0 : source[i - 1]!;
    const residual = order === 2 ? now - before - (before - source[i - 2]!) : now - before;
    residuals[i - order] = residual;
    if (residual > most) most = residual;
    else if (residual < least) least = residual;
  }
  return Math.max(most, -least);
}

/** The step is what all residuals share besides an offset; the centre moves to the nearest number that keeps them whole. */
function fold(source: Float64Array, count: number, { order, isKin: kin, centre }: Choice, folded: Folded): Prediction {
  const isSmall = difference(source, count, order) < foldableMax;
  const length = count - order;
  const offset = residuals[0]!;
  let step = 0;
  for (let i = 1; i < length && step !== 1; i++) {
    const distance = Math.abs(residuals[i]! - offset);
    if (distance !== step && distance !== 0) step = divisor(distance, step);
  }
  if (step === 0) step = 1;
  const whole = offset + Math.round((centre - offset) / step) * step;
  if (isSmall) foldSmall(length, whole, step, folded);
  else foldAll(length, whole, step, folded);
  return { order, kin, centre: whole, step, first: order === 0 ? 0 : source[0]!, slope: order === 2 ? source[1]! - source[0]! : 0 };
}

function foldSmall(length: number, centre: number, step: number, folded: Folded): void {
  const { small } = folded;
  folded.isSmall = true;
  for (let i = 0; i < length; i++) {
    const distance = (residuals[i]! - centre) | 0;
    const residual = step === 1 ? distance : (distance / step) | 0;
    small[i] = (residual << 1) ^ (residual >> 31);
  }
}

function foldAll(length: number, centre: number, step: number, folded: Folded): void {
  let largest = 0;
  const { small, large } = folded;
  for (let i = 0; i < length; i++) {
    const residual = step === 1 ? residuals[i]! - centre : (residuals[i]! - centre) / step;
    const size = residual < 0 ? -residual * 2 - 1 : residual * 2;
    large[i] = size;
    small[i] = size;
    if (size > largest) largest = size;
  }
  folded.isSmall = largest < 2 ** 32;
}

/** The greatest common divisor; of 32-bit integers without the division of doubles, which takes ten times as long. */
function divisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) {
    if (x < smallMax && y < smallMax) return smallDivisor(x | 0, y | 0);
    [x, y] = [y, x % y];
  }
  return x;
}

function smallDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = (x % y) | 0;
    x = y;
    y = rest;
  }
  return x;
}

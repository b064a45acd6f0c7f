import { ofFloats } from './over-time.ts';
import { stepTime } from '../grid.ts';
import type { Frame, RangeCall, RangeFunction, RangeRow } from '../read/windows.ts';

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** Where x is 0, in ms: at the first sample of a window, or at the evaluation time. */
type Origin = (row: RangeRow, call: RangeCall, step: number) => number;
const atFirst: Origin = (row, _call, step) => row.timesMs[row.lo[step]!]!;
const atStep: Origin = (_row, call, step) => stepTime(call.grid, step);

/**
 * The x of the samples in each window, in seconds, and the sums of x and x squared. They depend on the times of the samples alone, and what is
 * scraped in step with the grid has the same in every window.
 */
class Abscissas {
  readonly origin: Origin;
  readonly sumX: Float64Array;
  readonly sumXX: Float64Array;
  readonly #timesMs: Float64Array;
  readonly #originsMs: Float64Array;
  /** Equal for windows with the same x. */
  readonly #patterns: Int32Array;
  readonly #xs: Float64Array;
  #patternOfXs = -1;

  constructor(row: RangeRow, call: RangeCall, origin: Origin) {
    const { lo, hi, timesMs } = row;
    this.origin = origin;
    this.sumX = new Float64Array(call.steps);
    this.sumXX = new Float64Array(call.steps);
    this.#timesMs = timesMs;
    this.#originsMs = new Float64Array(call.steps);
    this.#patterns = new Int32Array(call.steps);
    this.#xs = new Float64Array(hi.reduce((most, to, k) => Math.max(most, to - lo[k]!), 0));
    const rhythm = new Rhythm(row);
    for (let k = 0; k < call.steps; k++) {
      if (hi[k]! <= lo[k]!) continue;
      this.#originsMs[k] = origin(row, call, k);
      const isLikeBefore = k > 0 && rhythm.holds(k, this.#originsMs[k]! - this.#originsMs[k - 1]!);
      this.#patterns[k] = isLikeBefore ? this.#patterns[k - 1]! : k;
      if (isLikeBefore) {
        this.sumX[k] = this.sumX[k - 1]!;
        this.sumXX[k] = this.sumXX[k - 1]!;
      } else this.#sum(lo[k]!, hi[k]!, k);
    }
  }

  /** Of the samples `[from, to)`, the window of a step. Good until the next call. */
  xs(from: number, to: number, step: number): Float64Array {
    const [xs, timesMs, originMs] = [this.#xs, this.#timesMs, this.#originsMs[step]!];
    if (this.#patternOfXs !== this.#patterns[step]) for (let i = from; i < to; i++) xs[i - from] = (timesMs[i]! - originMs) / 1e3;
    this.#patternOfXs = this.#patterns[step]!;
    return xs;
  }

  /** Compensated (Neumaier). */
  #sum(from: number, to: number, step: number): void {
    let [sumX, lostX, sumXX, lostXX] = [0, 0, 0, 0];
    for (let i = from; i < to; i++) {
      const x = (this.#timesMs[i]! - this.#originsMs[step]!) / 1e3;
      const totalX = sumX + x;
      lostX += Math.abs(sumX) >= Math.abs(x) ? sumX - totalX + x : x - totalX + sumX;
      sumX = totalX;
      const xx = x * x;
      const totalXX = sumXX + xx;
      lostXX += sumXX >= xx ? sumXX - totalXX + xx : xx - totalXX + sumXX;
      sumXX = totalXX;
    }
    this.sumX[step] = sumX + lostX;
    this.sumXX[step] = sumXX + lostXX;
  }
}

/** Tells which windows hold the same times as the one before, moved by as much as their origin. Looks at each sample once while that is so. */
class Rhythm {
  readonly #row: RangeRow;
  /** What is looked for: samples that many places apart lie that far apart. */
  #places = 0;
  #apartMs = 0;
  #lookedTo = 0;
  /** Behind the last sample for which it does not hold. */
  #holdsFrom = 0;

  constructor(row: RangeRow) {
    this.#row = row;
  }

  /** Asked of one step after the other. */
  holds(step: number, movedMs: number): boolean {
    const { lo, hi, timesMs } = this.#row;
    const [from, to, places] = [lo[step]!, hi[step]!, lo[step]! - lo[step - 1]!];
    if (places !== this.#places || movedMs !== this.#apartMs) {
      this.#places = places;
      this.#apartMs = movedMs;
      this.#lookedTo = this.#holdsFrom = from;
    }
    for (let i = Math.max(from, this.#lookedTo); i < to; i++) if (timesMs[i]! - timesMs[i - places]! !== movedMs) this.#holdsFrom = i + 1;
    this.#lookedTo = to;
    return this.#holdsFrom <= from && to - from === hi[step - 1]! - lo[step - 1]!;
  }
}

const abscissas = new WeakMap<Frame, Abscissas>();

function abscissasOf(row: RangeRow, call: RangeCall, origin: Origin): Abscissas {
  const known = abscissas.get(row.frame);
  if (known?.origin === origin) return known;
  const made = new Abscissas(row, call, origin);
  abscissas.set(row.frame, made);
  return made;
}

/** A function of the line of least squares through the samples of a window, with x in seconds. The sums are compensated (Neumaier). */
function ofLine(origin: Origin, one: (line: Line, call: RangeCall, step: number) => number): RangeFunction {
  return (row, out, call) => {
    const { values } = row;
    const places = abscissasOf(row, call, origin);
    const sums = exactSums(values);
    const fit = (from: number, to: number, step: number): Line => {
      const first = values[from]!;
      if (isConstant(values, from, to)) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
      const xs = places.xs(from, to, step);
      const [sumY, sumXY] = sums === undefined ? bothSums(xs, values, from, to) : [sums[to]! - sums[from]!, sumOfProducts(xs, values, from, to)];
      return lineOf(to - from, places.sumX[step]!, sumY, sumXY, places.sumXX[step]!);
    };
    ofFloats((_row, from, to, _call, step) => one(fit(from, to, step), call, step), 2)(row, out, call);
  };
}

let sumsSpace = new Float64Array(512);

/**
 * What the values before each add up to, if all are whole numbers that no sum of them rounds: then order and compensation do not matter. Good
 * until the next call.
 */
function exactSums(values: Float64Array): Float64Array | undefined {
  if (sumsSpace.length <= values.length) sumsSpace = new Float64Array(values.length * 2);
  const sums = sumsSpace;
  let sizes = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    sizes += Math.abs(value);
    if (!Number.isInteger(value) || sizes > Number.MAX_SAFE_INTEGER) return undefined;
    sums[i + 1] = sums[i]! + value;
  }
  return sums;
}

/** Compensated as all sums are. What an addition loses is found without comparing sizes: Knuth's TwoSum, The Art of Computer Programming 2, 4.2.2. */
function sumOfProducts(xs: Float64Array, values: Float64Array, from: number, to: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const product = xs[i - from]! * values[i]!;
    const total = sum + product;
    const put = total - sum;
    lost += sum - (total - put) + (product - put);
    sum = total;
  }
  return compensated(sum, lost);
}

/** The sums of the values and of the products, which are made in the time of one. */
function bothSums(xs: Float64Array, values: Float64Array, from: number, to: number): [sumY: number, sumXY: number] {
  let [sumY, lostY, sumXY, lostXY] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const y = values[i]!;
    const totalY = sumY + y;
    const putY = totalY - sumY;
    lostY += sumY - (totalY - putY) + (y - putY);
    sumY = totalY;
    const xy = xs[i - from]! * y;
    const totalXY = sumXY + xy;
    const putXY = totalXY - sumXY;
    lostXY += sumXY - (totalXY - putXY) + (xy - putXY);
    sumXY = totalXY;
  }
  return [compensated(sumY, lostY), compensated(sumXY, lostXY)];
}

/** An infinite sum has lost nothing. */
function compensated(sum: number, lost: number): number {
  return sum === Infinity || sum === -Infinity ? sum : sum + lost;
}

function isConstant(values: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (values[i] !== values[from]) return false;
  return true;
}

function lineOf(n: number, sumX: number, sumY: number, sumXY: number, sumXX: number): Line {
  const covariance = sumXY - (sumX * sumY) / n;
  const variance = sumXX - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** deriv(): the slope per second. */
export const deriv = ofLine(atFirst, ({ slope }) => slope);

/** predict_linear(): the value `scalars[0]` seconds after the evaluation time. */
export const predictLinear = ofLine(atStep, ({ slope, intercept }, call, step) => slope * call.scalars[0]![step]! + intercept);

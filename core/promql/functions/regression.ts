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

/** The sums of x and x squared in each window. They depend on the times of the samples alone. */
interface Abscissas {
  readonly origin: Origin;
  readonly sumX: Float64Array;
  readonly sumXX: Float64Array;
}

const abscissas = new WeakMap<Frame, Abscissas>();

function abscissasOf(row: RangeRow, call: RangeCall, origin: Origin): Abscissas {
  const known = abscissas.get(row.frame);
  if (known?.origin === origin) return known;
  const made: Abscissas = { origin, sumX: new Float64Array(call.steps), sumXX: new Float64Array(call.steps) };
  for (let k = 0; k < call.steps; k++) {
    if (row.hi[k]! > row.lo[k]!) addAbscissas(row.timesMs, row.lo[k]!, row.hi[k]!, origin(row, call, k), made, k);
  }
  abscissas.set(row.frame, made);
  return made;
}

function addAbscissas(timesMs: Float64Array, from: number, to: number, originMs: number, into: Abscissas, step: number): void {
  let [sumX, lostX, sumXX, lostXX] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const x = (timesMs[i]! - originMs) / 1e3;
    const totalX = sumX + x;
    lostX += Math.abs(sumX) >= Math.abs(x) ? sumX - totalX + x : x - totalX + sumX;
    sumX = totalX;
    const xx = x * x;
    const totalXX = sumXX + xx;
    lostXX += sumXX >= xx ? sumXX - totalXX + xx : xx - totalXX + sumXX;
    sumXX = totalXX;
  }
  into.sumX[step] = sumX + lostX;
  into.sumXX[step] = sumXX + lostXX;
}

/** Least squares through the samples `[from, to)` of a window, with x in seconds. The sums are compensated (Neumaier). */
function fit(row: RangeRow, from: number, to: number, call: RangeCall, step: number, origin: Origin): Line {
  const { timesMs, values } = row;
  const first = values[from]!;
  if (isConstant(values, from, to)) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
  const originMs = origin(row, call, step);
  let [sumY, lostY, sumXY, lostXY] = [0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const y = values[i]!;
    const xy = ((timesMs[i]! - originMs) / 1e3) * y;
    const totalY = sumY + y;
    lostY += Math.abs(sumY) >= Math.abs(y) ? sumY - totalY + y : y - totalY + sumY;
    sumY = totalY;
    const totalXY = sumXY + xy;
    lostXY += Math.abs(sumXY) >= Math.abs(xy) ? sumXY - totalXY + xy : xy - totalXY + sumXY;
    sumXY = totalXY;
  }
  const { sumX, sumXX } = abscissasOf(row, call, origin);
  return lineOf(to - from, sumX[step]!, total(sumY, lostY), total(sumXY, lostXY), sumXX[step]!);
}

function isConstant(values: Float64Array, from: number, to: number): boolean {
  for (let i = from + 1; i < to; i++) if (values[i] !== values[from]) return false;
  return true;
}

/** An infinite sum has lost nothing. */
function total(sum: number, lost: number): number {
  return sum === Infinity || sum === -Infinity ? sum : sum + lost;
}

function lineOf(n: number, sumX: number, sumY: number, sumXY: number, sumXX: number): Line {
  const covariance = sumXY - (sumX * sumY) / n;
  const variance = sumXX - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** deriv(): the slope per second. */
export const deriv: RangeFunction = ofFloats((row, from, to, call, k) => fit(row, from, to, call, k, atFirst).slope, 2);

/** predict_linear(): the value `scalars[0]` seconds after the evaluation time. */
export const predictLinear: RangeFunction = ofFloats((row, from, to, call, k) => {
  const line = fit(row, from, to, call, k, atStep);
  return line.slope * call.scalars[0]![k]! + line.intercept;
}, 2);

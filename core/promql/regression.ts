import { Kahan } from './kahan.ts';
import { ofFloats } from './over-time.ts';
import { stepTime } from './grid.ts';
import type { RangeFunction, RangeRow } from './windows.ts';

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** Least squares through the samples `[from, to)`, with x in seconds from `originMs`. */
function fit({ timesMs, values }: RangeRow, from: number, to: number, originMs: number): Line {
  const first = values[from]!;
  let constant = true;
  const x = new Kahan();
  const y = new Kahan();
  const xy = new Kahan();
  const xx = new Kahan();
  for (let i = from; i < to; i++) {
    const seconds = (timesMs[i]! - originMs) / 1e3;
    const value = values[i]!;
    if (value !== first && i > from) constant = false;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    xx.add(seconds * seconds);
  }
  if (constant) return first === Infinity || first === -Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  const n = to - from;
  const sumX = x.sum + x.lost;
  const sumY = y.sum + y.lost;
  const covariance = xy.sum + xy.lost - (sumX * sumY) / n;
  const variance = xx.sum + xx.lost - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** deriv(): the slope per second. */
export const deriv: RangeFunction = ofFloats((row, from, to) => fit(row, from, to, row.timesMs[from]!).slope, 2);

/** predict_linear(): the value `scalars[0]` seconds after the evaluation time. */
export const predictLinear: RangeFunction = ofFloats((row, from, to, call, k) => {
  const line = fit(row, from, to, stepTime(call.grid, k));
  return line.slope * call.scalars[0]![k]! + line.intercept;
}, 2);

import { ofFloats } from './over-time.ts';
import { stepTime } from './grid.ts';
import type { RangeFunction, RangeRow } from './windows.ts';

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** Least squares through the samples `[from, to)`, with x in seconds from `originMs`. The four sums are compensated (Neumaier). */
function fit({ timesMs, values }: RangeRow, from: number, to: number, originMs: number): Line {
  const first = values[from]!;
  let constant = true;
  let [sumX, lostX, sumY, lostY, sumXY, lostXY, sumXX, lostXX] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = from; i < to; i++) {
    const x = (timesMs[i]! - originMs) / 1e3;
    const y = values[i]!;
    if (y !== first) constant = false;
    const totalX = sumX + x;
    lostX += Math.abs(sumX) >= Math.abs(x) ? sumX - totalX + x : x - totalX + sumX;
    sumX = totalX;
    const totalY = sumY + y;
    lostY += Math.abs(sumY) >= Math.abs(y) ? sumY - totalY + y : y - totalY + sumY;
    sumY = totalY;
    const xy = x * y;
    const totalXY = sumXY + xy;
    lostXY += Math.abs(sumXY) >= Math.abs(xy) ? sumXY - totalXY + xy : xy - totalXY + sumXY;
    sumXY = totalXY;
    const xx = x * x;
    const totalXX = sumXX + xx;
    lostXX += sumXX >= xx ? sumXX - totalXX + xx : xx - totalXX + sumXX;
    sumXX = totalXX;
  }
  if (constant) return first === Infinity || first === -Infinity ? { slope: NaN, intercept: NaN } : { slope: 0, intercept: first };
  return lineOf(to - from, sumX + lostX, total(sumY, lostY), total(sumXY, lostXY), sumXX + lostXX);
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
export const deriv: RangeFunction = ofFloats((row, from, to) => fit(row, from, to, row.timesMs[from]!).slope, 2);

/** predict_linear(): the value `scalars[0]` seconds after the evaluation time. */
export const predictLinear: RangeFunction = ofFloats((row, from, to, call, k) => {
  const line = fit(row, from, to, stepTime(call.grid, k));
  return line.slope * call.scalars[0]![k]! + line.intercept;
}, 2);

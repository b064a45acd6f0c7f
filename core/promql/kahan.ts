/**
 * Kahan summation as improved by Neumaier: `sum` and what rounding lost of it so far, `lost`. Prometheus adds up samples
 * this way, so results agree to the last bits. Source: A. Neumaier, ZAMM 54 (1974), 39-51.
 */
export class Kahan {
  sum = 0;
  lost = 0;

  add(value: number): void {
    const total = this.sum + value;
    if (total === Infinity || total === -Infinity) this.lost = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.lost += this.sum - total + value;
    else this.lost += value - total + this.sum;
    this.sum = total;
  }
}

/** Sum of `values[from..to)`. */
export function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) lost = 0;
    else if (Math.abs(sum) >= Math.abs(value)) lost += sum - total + value;
    else lost += value - total + sum;
    sum = total;
  }
  return sum === Infinity || sum === -Infinity ? sum : sum + lost;
}

/**
 * Mean of `values[from..to)`, at least one. As long as the sum stays finite it is the sum divided; from there on the mean
 * is carried along, which does not overflow.
 */
export function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = values[from]!;
  let lost = 0;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) return runningMean(values, i, to, i - from, sum, lost);
    if (Math.abs(sum) >= Math.abs(value)) lost += sum - total + value;
    else lost += value - total + sum;
    sum = total;
  }
  const count = to - from;
  return sum / count + lost / count;
}

function runningMean(values: Float64Array, from: number, to: number, before: number, sum: number, lost: number): number {
  const mean = new Kahan();
  mean.sum = sum / before;
  mean.lost = lost / before;
  for (let i = from, count = before + 1; i < to; i++, count++) {
    const share = (count - 1) / count;
    mean.sum *= share;
    mean.lost *= share;
    mean.add(values[i]! / count);
  }
  return mean.sum + mean.lost;
}

/** Population variance of `values[from..to)`, by Welford's method with compensated sums. */
export function varianceOf(values: Float64Array, from: number, to: number): number {
  const mean = new Kahan();
  const squares = new Kahan();
  for (let i = from, count = 1; i < to; i++, count++) {
    const delta = values[i]! - (mean.sum + mean.lost);
    mean.add(delta / count);
    squares.add(delta * (values[i]! - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / (to - from);
}

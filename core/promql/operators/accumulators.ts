import type { Histogram } from '#core/model/index.ts';
import { meanOfHistograms, sumOfHistograms, type Combined } from '../histogram/arithmetic.ts';
import { absent, float, histogram, setHistogram, type Row } from '../vector.ts';
import type { AggregationContext } from './aggregation-context.ts';

/** Adds up the rows of a group, step by step, in place. */
interface Accumulator {
  add(group: number, row: Row): void;
  /** Writes the results; steps without any are left absent. */
  finish(out: readonly Row[]): void;
}

type AccumulatorKind = new (groups: number, context: AggregationContext) => Accumulator;

/** Histograms of each group and step, kept apart until all are there. */
class HistogramLists {
  readonly #lists = new Map<number, Histogram[]>();

  push(cell: number, value: Histogram): void {
    const list = this.#lists.get(cell);
    if (list === undefined) this.#lists.set(cell, [value]);
    else list.push(value);
  }

  get(cell: number): readonly Histogram[] | undefined {
    return this.#lists.get(cell);
  }
}

const sawFloat = 1;
const sawHistogram = 2;

abstract class FloatsAndHistograms implements Accumulator {
  protected readonly steps: number;
  protected readonly seen: Uint8Array;
  readonly #context: AggregationContext;
  readonly #histograms = new HistogramLists();

  constructor(groups: number, context: AggregationContext) {
    this.steps = context.steps;
    this.seen = new Uint8Array(groups * context.steps);
    this.#context = context;
  }

  /** Adds the floats of a row to the cells from `base` on. */
  abstract addFloats(base: number, row: Row): void;
  abstract result(cell: number): number;
  abstract combine(list: readonly Histogram[]): Combined | undefined;

  add(group: number, row: Row): void {
    const base = group * this.steps;
    this.addFloats(base, row);
    if (row.histograms === undefined) return;
    for (let k = 0; k < this.steps; k++) {
      if (row.kinds[k] !== histogram) continue;
      this.seen[base + k]! |= sawHistogram;
      this.#histograms.push(base + k, row.histograms[k]!);
    }
  }

  finish(out: readonly Row[]): void {
    for (const [group, row] of out.entries()) {
      for (let k = 0; k < this.steps; k++) {
        const cell = group * this.steps + k;
        const seen = this.seen[cell]!;
        if (seen === sawFloat) {
          row.values[k] = this.result(cell);
          row.kinds[k] = float;
        } else if (seen === sawHistogram) this.#finishHistogram(row, k, this.#histograms.get(cell)!);
        else if (seen !== 0) this.#context.notes.mixedFloatsHistogramsInAggregation(this.#context.place);
      }
    }
  }

  #finishHistogram(row: Row, step: number, list: readonly Histogram[]): void {
    const { notes, place } = this.#context;
    const combined = this.combine(list);
    if (combined === undefined) return notes.mixedExponentialCustom('', place);
    if (combined.collision) notes.resetCollision('aggregation', place);
    if (combined.reconciled) notes.boundsReconciled('aggregation', place);
    setHistogram(row, step, combined.histogram);
  }
}

/** A sum for each cell, compensated as kahan.ts says. */
class Sums {
  readonly sum: Float64Array;
  readonly lost: Float64Array;

  constructor(cells: number) {
    this.sum = new Float64Array(cells);
    this.lost = new Float64Array(cells);
  }

  start(cell: number, value: number): void {
    this.sum[cell] = value;
  }

  add(cell: number, value: number): void {
    const sum = this.sum[cell]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) this.lost[cell] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.lost[cell]! += sum - total + value;
    else this.lost[cell]! += value - total + sum;
    this.sum[cell] = total;
  }

  scale(cell: number, factor: number): void {
    this.sum[cell]! *= factor;
    this.lost[cell]! *= factor;
  }

  divide(cell: number, divisor: number): void {
    this.sum[cell]! /= divisor;
    this.lost[cell]! /= divisor;
  }
}

class Sum extends FloatsAndHistograms {
  readonly #sums: Sums;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#sums = new Sums(this.seen.length);
  }

  /** Sums.add in one loop: where most of the time of an aggregation goes. */
  override addFloats(base: number, { kinds, values }: Row): void {
    const { seen } = this;
    const { sum, lost } = this.#sums;
    for (let k = 0; k < kinds.length; k++) {
      if (kinds[k] !== float) continue;
      const cell = base + k;
      const value = values[k]!;
      if ((seen[cell]! & sawFloat) === 0) {
        seen[cell]! |= sawFloat;
        sum[cell] = value;
        continue;
      }
      const before = sum[cell]!;
      const total = before + value;
      if (total === Infinity || total === -Infinity) lost[cell] = 0;
      else lost[cell]! += Math.abs(before) >= Math.abs(value) ? before - total + value : value - total + before;
      sum[cell] = total;
    }
  }

  override result(cell: number): number {
    return this.#sums.sum[cell]! + this.#sums.lost[cell]!;
  }

  override combine(list: readonly Histogram[]): Combined | undefined {
    return sumOfHistograms(list);
  }
}

class Average extends FloatsAndHistograms {
  readonly #sums: Sums;
  /** Number of floats; negative once the sum would overflow and a running mean is kept instead. */
  readonly #count: Float64Array;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#sums = new Sums(this.seen.length);
    this.#count = new Float64Array(this.seen.length);
  }

  override addFloats(base: number, { kinds, values }: Row): void {
    for (let k = 0; k < kinds.length; k++) if (kinds[k] === float) this.#addFloat(base + k, values[k]!);
  }

  #addFloat(cell: number, value: number): void {
    this.seen[cell]! |= sawFloat;
    const count = this.#count[cell]!;
    if (count === 0) {
      this.#count[cell] = 1;
      return this.#sums.start(cell, value);
    }
    if (count > 0 && Math.abs(this.#sums.sum[cell]! + value) !== Infinity) {
      this.#count[cell] = count + 1;
      return this.#sums.add(cell, value);
    }
    if (count > 0) this.#sums.divide(cell, count);
    const next = Math.abs(count) + 1;
    this.#count[cell] = -next;
    this.#sums.scale(cell, (next - 1) / next);
    this.#sums.add(cell, value / next);
  }

  override result(cell: number): number {
    const count = this.#count[cell]!;
    const [sum, lost] = [this.#sums.sum[cell]!, this.#sums.lost[cell]!];
    return count < 0 ? sum + lost : sum / count + lost / count;
  }

  override combine(list: readonly Histogram[]): Combined | undefined {
    return meanOfHistograms(list);
  }
}

/** Aggregations of floats only: histograms are left out, with a note. */
abstract class FloatsOnly implements Accumulator {
  protected readonly steps: number;
  protected readonly count: Float64Array;
  readonly #context: AggregationContext;

  constructor(groups: number, context: AggregationContext) {
    this.steps = context.steps;
    this.count = new Float64Array(groups * context.steps);
    this.#context = context;
  }

  abstract addFloat(cell: number, value: number): void;
  abstract result(cell: number): number;

  add(group: number, row: Row): void {
    const base = group * this.steps;
    for (let k = 0; k < this.steps; k++) {
      const kind = row.kinds[k]!;
      if (kind === float) this.addFloat(base + k, row.values[k]!);
      else if (kind === histogram) this.#context.notes.histogramIgnoredInAggregation(this.#context.expr.op, this.#context.place);
    }
  }

  finish(out: readonly Row[]): void {
    for (const [group, row] of out.entries()) {
      for (let k = 0; k < this.steps; k++) {
        if (this.count[group * this.steps + k] === 0) continue;
        row.values[k] = this.result(group * this.steps + k);
        row.kinds[k] = float;
      }
    }
  }
}

class Extreme extends FloatsOnly {
  readonly #best: Float64Array;
  readonly #sign: 1 | -1;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#best = new Float64Array(this.count.length);
    this.#sign = context.expr.op === 'max' ? 1 : -1;
  }

  override addFloat(cell: number, value: number): void {
    const best = this.#best[cell]!;
    if (this.count[cell] === 0 || best * this.#sign < value * this.#sign || best !== best) this.#best[cell] = value;
    this.count[cell] = 1;
  }

  override result(cell: number): number {
    return this.#best[cell]!;
  }
}

/** stddev and stdvar, by Welford's method. */
class Variance extends FloatsOnly {
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  readonly #root: boolean;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#mean = new Float64Array(this.count.length);
    this.#squares = new Float64Array(this.count.length);
    this.#root = context.expr.op === 'stddev';
  }

  override addFloat(cell: number, value: number): void {
    const count = this.count[cell]! + 1;
    this.count[cell] = count;
    if (count === 1) {
      this.#mean[cell] = value;
      this.#squares[cell] = Number.isFinite(value) ? 0 : NaN;
      return;
    }
    const delta = value - this.#mean[cell]!;
    this.#mean[cell]! += delta / count;
    this.#squares[cell]! += delta * (value - this.#mean[cell]!);
  }

  override result(cell: number): number {
    const variance = this.#squares[cell]! / this.count[cell]!;
    return this.#root ? Math.sqrt(variance) : variance;
  }
}

/** count and group: of floats and histograms alike. */
class Count implements Accumulator {
  readonly #steps: number;
  readonly #count: Float64Array;
  readonly #one: boolean;

  constructor(groups: number, context: AggregationContext) {
    this.#steps = context.steps;
    this.#count = new Float64Array(groups * context.steps);
    this.#one = context.expr.op === 'group';
  }

  add(group: number, row: Row): void {
    const { kinds } = row;
    const count = this.#count;
    let cell = group * this.#steps;
    for (let k = 0; k < kinds.length; k++, cell++) count[cell]! += kinds[k] === absent ? 0 : 1;
  }

  finish(out: readonly Row[]): void {
    for (const [group, row] of out.entries()) {
      for (let k = 0; k < this.#steps; k++) {
        const count = this.#count[group * this.#steps + k]!;
        if (count === 0) continue;
        row.values[k] = this.#one ? 1 : count;
        row.kinds[k] = float;
      }
    }
  }
}

export const accumulators: ReadonlyMap<string, AccumulatorKind> = new Map<string, AccumulatorKind>([
  ['sum', Sum],
  ['avg', Average],
  ['min', Extreme],
  ['max', Extreme],
  ['count', Count],
  ['group', Count],
  ['stddev', Variance],
  ['stdvar', Variance],
]);

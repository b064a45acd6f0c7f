import { labelValue, keepLabels, dropLabels, METRIC_NAME, noLabels, type Histogram, type Labels, type Place } from '#core/model/index.ts';
import type { Aggregation } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import { meanOfHistograms, sumOfHistograms, type Combined } from '../histogram/arithmetic.ts';
import type { Notebook } from '../notes.ts';
import { absent, Block, float, histogram, newRows, perHead, setHistogram, type Head, type Row, type Vector } from '../vector.ts';

/** What an aggregation groups by: for each row its group, for each group its head. */
export interface Groups {
  readonly of: Int32Array;
  readonly heads: readonly Head[];
}

/** What all aggregations need besides their vector. */
export interface AggregationContext {
  readonly expr: Aggregation;
  readonly steps: number;
  readonly budget: Budget;
  readonly notes: Notebook;
  /** Of the vector and of the parameter, without parentheses around. */
  readonly place: Place;
  readonly paramPlace: Place;
}

export async function groupsOf(expr: Aggregation, input: Vector, budget: Budget): Promise<Groups> {
  const index = new Map<string, number>();
  const heads: { labels: Labels; dropName: boolean }[] = [];
  const names = new Set(expr.without ? [...expr.labels, METRIC_NAME] : expr.labels);
  const single = !expr.without && expr.labels.length === 1 ? expr.labels[0]! : undefined;
  const of = await perHead(input.heads, budget, (head) => {
    const key = names.size === 0 ? '' : single !== undefined ? labelValue(head.labels, single) : groupKey(head.labels, names, expr.without);
    let group = index.get(key);
    if (group === undefined) {
      group = heads.length;
      index.set(key, group);
      heads.push({ labels: groupLabels(head.labels, names, expr.without), dropName: head.dropName });
    } else if (head.dropName) heads[group]!.dropName = true;
    return group;
  });
  return { of: Int32Array.from(of), heads };
}

function groupKey(labels: Labels, names: ReadonlySet<string>, without: boolean): string {
  let key = '';
  for (let i = 0; i < labels.length; i += 2) {
    if (names.has(labels[i]!) !== without) key += `${labels[i]}\ud800${labels[i + 1]}\ud800`;
  }
  return key;
}

function groupLabels(labels: Labels, names: ReadonlySet<string>, without: boolean): Labels {
  if (without) return dropLabels(labels, names);
  return names.size === 0 ? noLabels : keepLabels(labels, names);
}

/** Adds up the rows of a group, step by step, in place. */
interface Accumulator {
  add(group: number, row: Row): void;
  /** Writes the results; steps without any are left absent. */
  finish(out: readonly Row[]): void;
}

type AccumulatorKind = new (groups: number, context: AggregationContext) => Accumulator;

/** sum, avg, min, max, count, group, stddev and stdvar: one pass over the rows, none of them kept. */
export async function aggregate(context: AggregationContext, input: Vector): Promise<Vector> {
  const { expr, steps, budget } = context;
  const groups = await groupsOf(expr, input, budget);
  const accumulator = new (accumulators.get(expr.op)!)(groups.heads.length, context);
  for (let i = 0; i < input.heads.length; i++) {
    accumulator.add(groups.of[i]!, input.read(i));
    if (budget.spend(steps)) await budget.breathe();
  }
  const rows = newRows(groups.heads.length, steps, budget);
  accumulator.finish(rows);
  return new Block(groups.heads, rows);
}

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

  abstract addFloat(cell: number, value: number): void;
  abstract result(cell: number): number;
  abstract combine(list: readonly Histogram[]): Combined | undefined;

  add(group: number, row: Row): void {
    const base = group * this.steps;
    for (let k = 0; k < this.steps; k++) {
      const kind = row.kinds[k]!;
      if (kind === float) this.addFloat(base + k, row.values[k]!);
      else if (kind === histogram) {
        this.seen[base + k]! |= sawHistogram;
        this.#histograms.push(base + k, row.histograms![k]!);
      }
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

class Sum extends FloatsAndHistograms {
  readonly #sum: Float64Array;
  readonly #lost: Float64Array;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#sum = new Float64Array(this.seen.length);
    this.#lost = new Float64Array(this.seen.length);
  }

  override add(group: number, row: Row): void {
    if (row.histograms !== undefined) return super.add(group, row);
    const { values, kinds } = row;
    const [sums, losses, seen] = [this.#sum, this.#lost, this.seen];
    for (let k = 0, cell = group * this.steps; k < this.steps; k++, cell++) {
      if (kinds[k] !== float) continue;
      const value = values[k]!;
      if ((seen[cell]! & sawFloat) === 0) {
        seen[cell]! |= sawFloat;
        sums[cell] = value;
        continue;
      }
      const sum = sums[cell]!;
      const total = sum + value;
      const lost = Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
      // What an infinite total lost is no number.
      losses[cell] = total - total === 0 ? losses[cell]! + lost : total !== total ? NaN : 0;
      sums[cell] = total;
    }
  }

  override addFloat(cell: number, value: number): void {
    if ((this.seen[cell]! & sawFloat) === 0) {
      this.seen[cell]! |= sawFloat;
      this.#sum[cell] = value;
      return;
    }
    const sum = this.#sum[cell]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) this.#lost[cell] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.#lost[cell]! += sum - total + value;
    else this.#lost[cell]! += value - total + sum;
    this.#sum[cell] = total;
  }

  override result(cell: number): number {
    return this.#sum[cell]! + this.#lost[cell]!;
  }

  override combine(list: readonly Histogram[]): Combined | undefined {
    return sumOfHistograms(list);
  }
}

class Average extends FloatsAndHistograms {
  readonly #sum: Float64Array;
  readonly #lost: Float64Array;
  /** Number of floats; negative once the sum would overflow and a running mean is kept instead. */
  readonly #count: Float64Array;

  constructor(groups: number, context: AggregationContext) {
    super(groups, context);
    this.#sum = new Float64Array(this.seen.length);
    this.#lost = new Float64Array(this.seen.length);
    this.#count = new Float64Array(this.seen.length);
  }

  override addFloat(cell: number, value: number): void {
    this.seen[cell]! |= sawFloat;
    const count = this.#count[cell]!;
    if (count >= 0) {
      const total = this.#sum[cell]! + value;
      if (count === 0) {
        this.#count[cell] = 1;
        this.#sum[cell] = value;
        return;
      }
      if (total !== Infinity && total !== -Infinity) {
        this.#count[cell] = count + 1;
        return this.#compensate(cell, value);
      }
      this.#sum[cell]! /= count;
      this.#lost[cell]! /= count;
    }
    const next = Math.abs(count) + 1;
    const share = (next - 1) / next;
    this.#count[cell] = -next;
    this.#sum[cell]! *= share;
    this.#lost[cell]! *= share;
    this.#compensate(cell, value / next);
  }

  #compensate(cell: number, value: number): void {
    const sum = this.#sum[cell]!;
    const total = sum + value;
    if (total === Infinity || total === -Infinity) this.#lost[cell] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.#lost[cell]! += sum - total + value;
    else this.#lost[cell]! += value - total + sum;
    this.#sum[cell] = total;
  }

  override result(cell: number): number {
    const count = this.#count[cell]!;
    return count < 0 ? this.#sum[cell]! + this.#lost[cell]! : this.#sum[cell]! / count + this.#lost[cell]! / count;
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
    const base = group * this.#steps;
    const { kinds } = row;
    for (let k = 0; k < this.#steps; k++) if (kinds[k] !== absent) this.#count[base + k]!++;
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

const accumulators: ReadonlyMap<string, AccumulatorKind> = new Map<string, AccumulatorKind>([
  ['sum', Sum],
  ['avg', Average],
  ['min', Extreme],
  ['max', Extreme],
  ['count', Count],
  ['group', Count],
  ['stddev', Variance],
  ['stdvar', Variance],
]);

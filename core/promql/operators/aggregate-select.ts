import { EngineError, METRIC_NAME, withLabel } from '#core/model/index.ts';
import { quote } from '../syntax/index.ts';
import { groupsOf } from './aggregate.ts';
import type { AggregationContext } from './aggregation-context.ts';
import { formatG, formatValue } from '../format-number.ts';
import { labelsFraction } from './hash.ts';
import { formatHistogram } from '../histogram/format.ts';
import { quantileOf } from '../functions/quantile.ts';
import { absent, Block, collect, copyStep, float, histogram, newRow, newRows, perHead, type Head, type Row, type Vector } from '../vector.ts';

const int64Max = 2 ** 63;

/** The rows of each group. */
function members(of: Int32Array, groups: number): number[][] {
  const lists: number[][] = Array.from({ length: groups }, () => []);
  for (const [row, group] of of.entries()) lists[group]!.push(row);
  return lists;
}

/** How many elements topk, bottomk or limitk take at a step. */
function countAt(param: number, what: string): number {
  if (Number.isNaN(param)) throw new EngineError('invalid', `${what} value is NaN`);
  if (param <= -int64Max) throw new EngineError('invalid', `Scalar value ${formatG(param)} underflows int64`);
  if (param >= int64Max) throw new EngineError('invalid', `Scalar value ${formatG(param)} overflows int64`);
  return Math.max(0, Math.trunc(param));
}

/** Which rows stay at a step, best first. */
type Choice = (rows: readonly Row[], members: readonly number[], step: number) => readonly number[];

/** Keeps, in each group and at each step, the elements that `choose` names. At a single step the order of choice stays. */
async function keepChosen(context: AggregationContext, input: Vector, choose: Choice): Promise<Vector> {
  const { expr, steps, budget } = context;
  const groups = await groupsOf(expr, input, budget);
  const { rows } = await collect(input, steps, budget);
  const kept = new Map<number, Row>();
  for (const list of members(groups.of, groups.heads.length)) {
    for (let k = 0; k < steps; k++) {
      for (const i of choose(rows, list, k)) {
        let row = kept.get(i);
        if (row === undefined) kept.set(i, (row = newRow(steps)));
        copyStep(rows[i]!, row, k);
      }
      if (budget.spend(list.length)) await budget.breathe();
    }
  }
  budget.hold(kept.size * steps);
  return new Block(
    [...kept.keys()].map((i) => input.heads[i]!),
    [...kept.values()],
  );
}

/** topk and bottomk. NaN comes last; of equals the first stay. */
export async function topOrBottom(context: AggregationContext, input: Vector, counts: Float64Array): Promise<Vector> {
  const sign = context.expr.op === 'topk' ? 1 : -1;
  const takes = Array.from(counts, (count) => countAt(count, 'Parameter'));
  const better = (a: number, b: number): boolean => a * sign > b * sign || (b !== b && a === a);
  return keepChosen(context, input, (rows, list, k) => {
    const take = takes[k]!;
    const best: number[] = [];
    for (const i of list) {
      const row = rows[i]!;
      if (row.kinds[k] === histogram) context.notes.histogramIgnoredInAggregation(context.expr.op, context.expr.place);
      if (row.kinds[k] !== float || take === 0) continue;
      const value = row.values[k]!;
      if (best.length === take && !better(value, rows[best[take - 1]!]!.values[k]!)) continue;
      let at = best.length < take ? best.length : take - 1;
      for (; at > 0 && better(value, rows[best[at - 1]!]!.values[k]!); at--) best[at] = best[at - 1]!;
      best[at] = i;
    }
    return best;
  });
}

/** limitk: the first `count` elements of each group. */
export async function limitCount(context: AggregationContext, input: Vector, counts: Float64Array): Promise<Vector> {
  const takes = Array.from(counts, (count) => countAt(count, 'Parameter'));
  return keepChosen(context, input, (rows, list, k) => {
    const kept: number[] = [];
    for (const i of list) {
      if (kept.length >= takes[k]!) break;
      if (rows[i]!.kinds[k] !== absent) kept.push(i);
    }
    return kept;
  });
}

/** limit_ratio: a pseudo-random share of the elements; r and -(1 - r) take complements. */
export async function limitRatio(context: AggregationContext, input: Vector, ratios: Float64Array): Promise<Vector> {
  const { budget, notes } = context;
  const capped = ratios.map((ratio) => {
    if (Number.isNaN(ratio)) throw new EngineError('invalid', 'Ratio value is NaN');
    const within = Math.max(-1, Math.min(1, ratio));
    if (within !== ratio) notes.invalidRatio(ratio, within, context.paramPlace);
    return within;
  });
  const fractions = await perHead(input.heads, budget, (head) => labelsFraction(head.labels));
  return keepChosen(context, input, (rows, list, k) => {
    const ratio = capped[k]!;
    return list.filter((i) => rows[i]!.kinds[k] !== absent && (ratio >= 0 ? fractions[i]! < ratio : fractions[i]! >= 1 + ratio));
  });
}

/** Of the quantiles of all steps NaN is told, or else the farthest out on either side; whether or not there is a sample. */
function noteQuantiles(context: AggregationContext, quantiles: Float64Array): void {
  const { notes, paramPlace } = context;
  const most = quantiles.reduce((a, b) => Math.max(a, b), 0);
  const least = quantiles.reduce((a, b) => Math.min(a, b), 0);
  if (!(most <= 1)) notes.invalidQuantile(most, paramPlace);
  if (least < 0) notes.invalidQuantile(least, paramPlace);
}

/** quantile: of the floats in each group. */
export async function quantileAggregate(context: AggregationContext, input: Vector, quantiles: Float64Array): Promise<Vector> {
  const { expr, steps, budget, notes } = context;
  noteQuantiles(context, quantiles);
  const groups = await groupsOf(expr, input, budget);
  const { rows } = await collect(input, steps, budget);
  const out = newRows(groups.heads.length, steps, budget);
  const values = new Float64Array(rows.length);
  for (const [group, list] of members(groups.of, groups.heads.length).entries()) {
    for (let k = 0; k < steps; k++) {
      let count = 0;
      for (const i of list) {
        if (rows[i]!.kinds[k] === float) values[count++] = rows[i]!.values[k]!;
        else if (rows[i]!.kinds[k] === histogram) notes.histogramIgnoredInAggregation('quantile', context.place);
      }
      if (count === 0) continue;
      out[group]!.values[k] = quantileOf(quantiles[k]!, values, count);
      out[group]!.kinds[k] = float;
      if (budget.spend(list.length * 4)) await budget.breathe();
    }
  }
  return new Block(groups.heads, out);
}

/** count_values: how many elements have each value, the value as a label, unless that is one of those left out. */
export async function countValues(context: AggregationContext, input: Vector, label: string): Promise<Vector> {
  const { expr, steps, budget } = context;
  if (label === '' || !label.isWellFormed()) throw new EngineError('invalid', `invalid label name ${quote(label)}`);
  const dropped = expr.without && (label === METRIC_NAME || expr.labels.includes(label));
  const labels = expr.without ? [...expr.labels, label] : expr.labels.filter((name) => name !== label);
  const groups = await groupsOf({ ...expr, labels }, input, budget);
  const found = new Map<string, { head: Head; row: Row }>();
  for (let i = 0; i < input.heads.length; i++) {
    const row = input.read(i);
    const group = groups.of[i]!;
    for (let k = 0; k < steps; k++) {
      if (row.kinds[k] === absent) continue;
      const value = row.kinds[k] === float ? formatValue(row.values[k]!) : formatHistogram(row.histograms![k]!);
      const key = dropped ? String(group) : `${group} ${value}`;
      let cell = found.get(key);
      if (cell === undefined) {
        const head = groups.heads[group]!;
        budget.hold(steps);
        cell = { head: { labels: dropped ? head.labels : withLabel(head.labels, label, value), dropName: false }, row: newRow(steps) };
        found.set(key, cell);
      }
      cell.row.kinds[k] = float;
      cell.row.values[k]!++;
    }
    if (budget.spend(steps * 4)) await budget.breathe();
  }
  const cells = [...found.values()];
  return new Block(
    cells.map((cell) => cell.head),
    cells.map((cell) => cell.row),
  );
}

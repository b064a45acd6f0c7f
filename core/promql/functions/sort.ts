import { assert, compareLabels, compareText, labelValue, type Labels } from '#core/model/index.ts';
import { unwrap, type Call } from '../syntax/index.ts';
import type { Evaluator } from '../context.ts';
import type { Grid } from '../grid.ts';
import { absent, Block, collect, float, mapRows, type Vector } from '../vector.ts';

/** sort() and sort_desc(): floats only, NaN last. Over several steps the order has no meaning, which a warning says. */
export async function sortByValue(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const input = await evaluator.vector(call.args[0]!, grid);
  const floats = mapRows(input, grid.steps, input.heads, (from, to) => {
    to.values.set(from.values);
    for (let k = 0; k < grid.steps; k++) to.kinds[k] = from.kinds[k] === float ? float : absent;
  });
  if (grid.steps > 1) {
    evaluator.query.notes.sortInRange(call.place);
    return floats;
  }
  const block = await collect(floats, grid.steps, evaluator.query.budget);
  const sign = call.name === 'sort' ? 1 : -1;
  const value = (i: number): number => block.rows[i]!.values[0]!;
  return reordered(block, (a, b) => Number(Number.isNaN(value(a))) - Number(Number.isNaN(value(b))) || (value(a) - value(b)) * sign || 0);
}

/** sort_by_label() and sort_by_label_desc(): digits in label values count as numbers. */
export async function sortByLabel(evaluator: Evaluator, call: Call, grid: Grid): Promise<Vector> {
  const input = await evaluator.vector(call.args[0]!, grid);
  if (grid.steps > 1) {
    evaluator.query.notes.sortInRange(call.place);
    return input;
  }
  const names = call.args.slice(1).map((arg) => {
    const inner = unwrap(arg);
    assert(inner.kind === 'string', 'label names are strings');
    return inner.value;
  });
  const sign = call.name === 'sort_by_label' ? 1 : -1;
  const block = await collect(input, grid.steps, evaluator.query.budget);
  return reordered(block, (a, b) => sign * compareByLabels(block.heads[a]!.labels, block.heads[b]!.labels, names));
}

function compareByLabels(a: Labels, b: Labels, names: readonly string[]): number {
  for (const name of names) {
    const [left, right] = [labelValue(a, name), labelValue(b, name)];
    if (left !== right) return compareNaturally(left, right);
  }
  return compareLabels(a, b);
}

function reordered(block: Block, compare: (a: number, b: number) => number): Vector {
  const order = block.rows.map((_, i) => i).sort(compare);
  return new Block(
    order.map((i) => block.heads[i]!),
    order.map((i) => block.rows[i]!),
  );
}

/** Natural order: runs of digits compare as numbers, the rest as text. */
function compareNaturally(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const order = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

import { labelValue, keepLabels, dropLabels, METRIC_NAME, noLabels, type Labels } from '#core/model/index.ts';
import type { Aggregation } from '../syntax/index.ts';
import type { Budget } from '../budget.ts';
import { Block, newRows, perHead, type Head, type Vector } from '../vector.ts';
import { accumulators } from './accumulators.ts';
import type { AggregationContext } from './aggregation-context.ts';

/** What an aggregation groups by: for each row its group, for each group its head. */
export interface Groups {
  readonly of: Int32Array;
  readonly heads: readonly Head[];
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

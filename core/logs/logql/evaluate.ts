import { EngineError, labelPairs, labelsFrom, labelsKey, labelValue, type Labels } from '#core/model/index.ts';
import type { BinaryOp, Grouping, LabelReplace, MetricExpr, VectorOp } from './ast.ts';
import { joined, joinKey, type JoinExpr } from './join.ts';
import { calculate, groupLabels, put, type MetricSeries } from './series.ts';

export type MetricValue = { readonly kind: 'scalar'; readonly value: number } | { readonly kind: 'series'; readonly series: readonly MetricSeries[] };

/** Aggregates, joins and calculates over what ranges gave. `ranges` holds the series of every range expression. */
export function evaluateMetric(expr: MetricExpr, ranges: ReadonlyMap<MetricExpr, readonly MetricSeries[]>, steps: number): MetricValue {
  switch (expr.kind) {
    case 'number':
      return { kind: 'scalar', value: expr.value };
    case 'constant':
      return { kind: 'series', series: [{ labels: [], values: new Float64Array(steps).fill(expr.value), has: new Uint8Array(steps).fill(1) }] };
    case 'range':
      return { kind: 'series', series: ranges.get(expr)! };
    case 'vector': {
      const of = evaluateMetric(expr.of, ranges, steps);
      if (of.kind === 'scalar') throw new EngineError('invalid', `${expr.op} aggregates series, not a number`);
      return { kind: 'series', series: aggregate(expr.op, of.series, expr.grouping, expr.param, steps) };
    }
    case 'labelReplace': {
      const of = evaluateMetric(expr.of, ranges, steps);
      if (of.kind === 'scalar') throw new EngineError('invalid', 'label_replace changes series, not a number');
      return { kind: 'series', series: relabelled(of.series, expr) };
    }
    case 'binary':
      return binary(expr.op, evaluateMetric(expr.left, ranges, steps), evaluateMetric(expr.right, ranges, steps), expr);
  }
}

function aggregate(
  op: VectorOp,
  series: readonly MetricSeries[],
  grouping: Grouping | undefined,
  param: number | undefined,
  steps: number,
): readonly MetricSeries[] {
  if (op === 'sort' || op === 'sort_desc') return sorted(series, op === 'sort' ? 1 : -1);
  const groups = new Map<string, { labels: Labels; members: MetricSeries[] }>();
  for (const one of series) {
    const labels = groupLabels(one.labels, grouping);
    const key = labelsKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, members: [one] });
    else group.members.push(one);
  }
  if (op === 'topk' || op === 'bottomk') return [...groups.values()].flatMap(({ members }) => best(members, param!, op === 'topk' ? 1 : -1, steps));
  return [...groups.values()].map(({ labels, members }) => combined(op, labels, members, steps));
}

function combined(op: VectorOp, labels: Labels, members: readonly MetricSeries[], steps: number): MetricSeries {
  const out = { labels, values: new Float64Array(steps).fill(Number.NaN), has: new Uint8Array(steps) };
  for (let i = 0; i < steps; i++) {
    let [count, sum, squares, low, high] = [0, 0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { values, has } of members) {
      if (has[i] === 0) continue;
      const value = values[i]!;
      count++;
      sum += value;
      squares += value * value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (count === 0) continue;
    const variance = Math.max(0, squares / count - (sum / count) ** 2);
    const results: Partial<Record<VectorOp, number>> = {
      sum,
      count,
      avg: sum / count,
      min: low,
      max: high,
      stdvar: variance,
      stddev: Math.sqrt(variance),
    };
    out.values[i] = results[op]!;
    out.has[i] = 1;
  }
  return out;
}

/** The `k` largest (or smallest) at each step. */
function best(members: readonly MetricSeries[], k: number, sign: number, steps: number): MetricSeries[] {
  const kept = members.map(({ labels }) => ({ labels, values: new Float64Array(steps).fill(Number.NaN), has: new Uint8Array(steps) }));
  for (let i = 0; i < steps; i++) {
    const order = members.map((_, m) => m).filter((m) => members[m]!.has[i] === 1);
    order.sort((a, b) => sign * (members[b]!.values[i]! - members[a]!.values[i]!));
    for (const m of order.slice(0, Math.max(0, Math.floor(k)))) {
      kept[m]!.values[i] = members[m]!.values[i]!;
      kept[m]!.has[i] = 1;
    }
  }
  return kept.filter(({ has }) => has.includes(1));
}

function sorted(series: readonly MetricSeries[], sign: number): MetricSeries[] {
  return series.toSorted((a, b) => sign * ((a.values.at(-1) ?? 0) - (b.values.at(-1) ?? 0)));
}

/** Series whose label was written anew; two that are the same then cannot be told apart. */
function relabelled(series: readonly MetricSeries[], { target, source, replaced }: LabelReplace): MetricSeries[] {
  const seen = new Set<string>();
  return series.map((one) => {
    const value = replaced(labelValue(one.labels, source));
    const labels =
      value === undefined ? one.labels : labelsFrom([...[...labelPairs(one.labels)].filter(([name]) => name !== target), [target, value]]);
    const key = labelsKey(labels);
    if (seen.has(key)) throw new EngineError('invalid', 'label_replace makes several series with the same labels; aggregate them first');
    seen.add(key);
    return { ...one, labels };
  });
}

const setOps: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['and', 'or', 'unless']);

function binary(op: BinaryOp, left: MetricValue, right: MetricValue, expr: JoinExpr): MetricValue {
  const { isBool, on } = expr;
  if (left.kind === 'scalar' && right.kind === 'scalar') return { kind: 'scalar', value: calculate(op, left.value, right.value) };
  if (setOps.has(op)) {
    if (left.kind === 'scalar' || right.kind === 'scalar') throw new EngineError('invalid', `"${op}" joins series, not numbers`);
    return { kind: 'series', series: setJoin(op, left.series, right.series, on) };
  }
  if (left.kind === 'series' && right.kind === 'series') return { kind: 'series', series: joined(expr, left.series, right.series) };
  const series = left.kind === 'series' ? left.series : (right as { series: readonly MetricSeries[] }).series;
  const number = left.kind === 'scalar' ? left.value : (right as { value: number }).value;
  return { kind: 'series', series: series.map((one) => withNumber(op, one, number, left.kind === 'scalar', isBool)) };
}

function withNumber(op: BinaryOp, { labels, values, has }: MetricSeries, number: number, isFirst: boolean, isBool: boolean): MetricSeries {
  const out = { labels, values: new Float64Array(values.length).fill(Number.NaN), has: new Uint8Array(values.length) };
  for (let i = 0; i < values.length; i++) {
    if (has[i] === 0) continue;
    put(out, i, op, isFirst ? number : values[i]!, isFirst ? values[i]! : number, values[i]!, isBool);
  }
  return out;
}

function setJoin(op: BinaryOp, left: readonly MetricSeries[], right: readonly MetricSeries[], on: Grouping | undefined): MetricSeries[] {
  const masked = (one: MetricSeries, others: readonly MetricSeries[], wanted: number): MetricSeries => {
    const key = joinKey(one.labels, on);
    const same = others.filter((other) => joinKey(other.labels, on) === key);
    const has = one.has.map((own, i) => (own === 1 && Number(same.some((other) => other.has[i] === 1)) === wanted ? 1 : 0));
    return { labels: one.labels, values: one.values, has };
  };
  if (op === 'and') return left.map((one) => masked(one, right, 1));
  if (op === 'unless') return left.map((one) => masked(one, right, 0));
  return [...left, ...right.map((one) => masked(one, left, 0))];
}

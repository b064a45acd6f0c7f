import { EngineError, labelPairs, labelsFrom, labelsKey, type Labels } from '#core/model/index.ts';
import type { BinaryOp, Grouping, MetricExpr, VectorOp } from './ast.ts';

/** A series over the steps of a query; NaN where it has no value and `has` is 0. */
export interface MetricSeries {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly has: Uint8Array;
}

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
    case 'binary':
      return binary(expr.op, evaluateMetric(expr.left, ranges, steps), evaluateMetric(expr.right, ranges, steps), expr);
  }
}

/** The labels that stay of a series in an aggregation. */
export function groupLabels(labels: Labels, grouping: Grouping | undefined): Labels {
  if (grouping === undefined) return [];
  return labelsFrom([...labelPairs(labels)].filter(([name]) => grouping.names.includes(name) !== grouping.isWithout));
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

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['==', '!=', '>', '>=', '<', '<=']);
const setOps: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['and', 'or', 'unless']);

function binary(
  op: BinaryOp,
  left: MetricValue,
  right: MetricValue,
  { isBool, on }: { readonly isBool: boolean; readonly on: Grouping | undefined },
): MetricValue {
  if (left.kind === 'scalar' && right.kind === 'scalar') return { kind: 'scalar', value: calculate(op, left.value, right.value) };
  if (setOps.has(op)) {
    if (left.kind === 'scalar' || right.kind === 'scalar') throw new EngineError('invalid', `"${op}" joins series, not numbers`);
    return { kind: 'series', series: setJoin(op, left.series, right.series, on) };
  }
  if (left.kind === 'series' && right.kind === 'series') return { kind: 'series', series: joined(op, left.series, right.series, isBool, on) };
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

/** A comparison keeps the value of the series where it holds; with `bool` it is 0 or 1. */
function put(out: MetricSeries, i: number, op: BinaryOp, a: number, b: number, kept: number, isBool: boolean): void {
  const value = calculate(op, a, b);
  if (comparisons.has(op) && !isBool) {
    if (value === 0) return;
    out.values[i] = kept;
  } else out.values[i] = value;
  out.has[i] = 1;
}

const joinKey = (labels: Labels, on: Grouping | undefined): string =>
  labelsKey(on === undefined ? labels : groupLabels(labels, { names: on.names, isWithout: on.isWithout }));

function joined(
  op: BinaryOp,
  left: readonly MetricSeries[],
  right: readonly MetricSeries[],
  isBool: boolean,
  on: Grouping | undefined,
): MetricSeries[] {
  const others = new Map<string, MetricSeries>();
  for (const one of right) {
    const key = joinKey(one.labels, on);
    if (others.has(key)) throw new EngineError('invalid', `several series on the right of "${op}" have the same labels; aggregate them first`);
    others.set(key, one);
  }
  return left.flatMap(({ labels, values, has }) => {
    const other = others.get(joinKey(labels, on));
    if (other === undefined) return [];
    const out = {
      labels: on === undefined ? labels : groupLabels(labels, on),
      values: new Float64Array(values.length).fill(Number.NaN),
      has: new Uint8Array(values.length),
    };
    for (let i = 0; i < values.length; i++) if (has[i] === 1 && other.has[i] === 1) put(out, i, op, values[i]!, other.values[i]!, values[i]!, isBool);
    return [out];
  });
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

function calculate(op: BinaryOp, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return a ** b;
    case '==':
      return Number(a === b);
    case '!=':
      return Number(a !== b);
    case '>':
      return Number(a > b);
    case '>=':
      return Number(a >= b);
    case '<':
      return Number(a < b);
    case '<=':
      return Number(a <= b);
    default:
      throw new EngineError('invalid', `"${op}" joins series, not numbers`);
  }
}

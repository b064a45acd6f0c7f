import type { MetricType } from '#core/model/index.ts';
import { childrenOf, typeOf, unwrap, type Binary, type Expr, type VectorSelector } from '#core/promql/syntax/index.ts';

/** What a metric is; undefined when nobody said. */
export type TypeOfMetric = (metric: string) => MetricType | undefined;

/** Whether it only ever rises: by its metadata, else by its name. */
function isCounter(metric: string, typeOfMetric: TypeOfMetric): boolean {
  const type = typeOfMetric(metric) ?? typeOfMetric(metric.replace(/_(total|bucket|count|sum)$/, ''));
  if (type !== undefined && type !== 'unknown') {
    return type === 'counter' || ((type === 'histogram' || type === 'summary') && /_(bucket|count|sum)$/.test(metric));
  }
  return /_(total|bucket|seconds_count|seconds_sum|bytes_count|bytes_sum)$/.test(metric);
}

/** What may be done with a counter as it stands: whether it is there, how many, since when, and what makes a rate of it. */
const fitForCounters = new Set([
  'rate',
  'irate',
  'increase',
  'resets',
  'changes',
  'absent',
  'absent_over_time',
  'present_over_time',
  'count_over_time',
  'timestamp',
  'ts_of_last_over_time',
]);
const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Counters whose bare value, which only says how long the process has been up, is compared with a number. */
export function rawCounters(expr: Expr, typeOfMetric: TypeOfMetric, compared = false): VectorSelector[] {
  switch (expr.kind) {
    case 'selector':
      return compared && isCounter(expr.name, typeOfMetric) ? [expr] : [];
    case 'matrix':
      return compared && isCounter(expr.selector.name, typeOfMetric) ? [expr.selector] : [];
    case 'call':
      return fitForCounters.has(expr.name) ? [] : expr.args.flatMap((arg) => rawCounters(arg, typeOfMetric, compared));
    case 'aggregation':
      if (expr.op === 'count' || expr.op === 'group' || expr.op === 'count_values') return [];
      return rawCounters(expr.expr, typeOfMetric, compared);
    case 'binary':
      return inBinary(expr, typeOfMetric, compared);
    default:
      return childrenOf(expr).flatMap((child) => rawCounters(child, typeOfMetric, compared));
  }
}

function inBinary({ op, left, right }: Binary, typeOfMetric: TypeOfMetric, compared: boolean): VectorSelector[] {
  const bothVectors = typeOf(left) === 'vector' && typeOf(right) === 'vector';
  // The difference of two counters, and one counter against another, are facts; "none since the start" is one too.
  if (bothVectors && (op === '-' || comparisons.has(op))) return [];
  if (op === '==' && [left, right].some((side) => unwrap(side).kind === 'number' && (unwrap(side) as { value: number }).value === 0)) return [];
  const inside = compared || (comparisons.has(op) && !bothVectors);
  return [left, right].flatMap((side) => rawCounters(side, typeOfMetric, inside));
}

/** Gauges that `rate` and its kin are asked of: they take every fall for a restart. Only where the metadata says gauge. */
export function ratedGauges(expr: Expr, typeOfMetric: TypeOfMetric): VectorSelector[] {
  const own = expr.kind === 'call' && ['rate', 'irate', 'increase', 'resets'].includes(expr.name) ? unwrap(expr.args[0]!) : undefined;
  const found = own?.kind === 'matrix' && typeOfMetric(own.selector.name) === 'gauge' ? [own.selector] : [];
  return [...found, ...childrenOf(expr).flatMap((child) => ratedGauges(child, typeOfMetric))];
}

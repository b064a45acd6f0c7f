import { EngineError, labelPairs, labelsFrom, type Labels } from '#core/model/index.ts';
import type { BinaryOp, Grouping } from './ast.ts';

/** A series over the steps of a query; NaN where it has no value and `has` is 0. */
export interface MetricSeries {
  readonly labels: Labels;
  readonly values: Float64Array;
  readonly has: Uint8Array;
}

/** The labels that stay of a series in an aggregation. */
export function groupLabels(labels: Labels, grouping: Grouping | undefined): Labels {
  if (grouping === undefined) return [];
  return labelsFrom([...labelPairs(labels)].filter(([name]) => grouping.names.includes(name) !== grouping.isWithout));
}

const comparisons: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['==', '!=', '>', '>=', '<', '<=']);

/** A comparison keeps the value of the series where it holds; with `bool` it is 0 or 1. */
export function put(out: MetricSeries, i: number, op: BinaryOp, a: number, b: number, kept: number, isBool: boolean): void {
  const value = calculate(op, a, b);
  if (comparisons.has(op) && !isBool) {
    if (value === 0) return;
    out.values[i] = kept;
  } else out.values[i] = value;
  out.has[i] = 1;
}

export function calculate(op: BinaryOp, a: number, b: number): number {
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

import type { Expr, MatrixSelector } from './syntax/index.ts';
import type { Grid, Sight } from './grid.ts';
import type { QueryContext } from './query-context.ts';
import type { RolledCall } from './read/rolled.ts';
import { mergeSame, perHead, withoutName, type Head, type Vector } from './vector.ts';
import type { RangeVector } from './read/windows.ts';
import { labelValue, METRIC_NAME } from '#core/model/index.ts';

/** Evaluates the parts of an expression; functions call it for their arguments. */
export interface Evaluator {
  readonly query: QueryContext;
  vector(expr: Expr, grid: Grid): Promise<Vector>;
  scalar(expr: Expr, grid: Grid): Promise<Float64Array>;
  ranges(expr: Expr, grid: Grid): Promise<RangeVector>;
  /** What rollups have for a function of a range selector; undefined when samples are to be read. */
  rolled(name: string, expr: MatrixSelector, grid: Grid): RolledCall | undefined;
  /** The times, in seconds, of the samples that a selector picks; `seen` where they are picked at other times than the selector's own. */
  sampleTimes(expr: Expr, grid: Grid, seen?: Sight): Promise<Vector>;
}

/** The heads of metrics derived from others, one each. */
export function derivedHeads(heads: readonly Head[], { budget, delayedNames }: QueryContext): Promise<Head[]> {
  return perHead(heads, budget, (head) => derivedHead(head, delayedNames));
}

/** The head of a derived metric. */
function derivedHead(head: Head, delayedNames: boolean): Head {
  return delayedNames ? { labels: head.labels, dropName: true } : { labels: withoutName(head.labels), dropName: false };
}

/** A vector of derived metrics whose heads lost their names: series that differed in the name alone become one. */
export async function mergeDerived(input: Vector, derived: Vector, grid: Grid, query: QueryContext): Promise<Vector> {
  if (query.delayedNames || sameName(input)) return derived;
  return mergeSame(derived, grid.steps, query.budget);
}

function sameName(vector: Vector): boolean {
  const first = vector.heads[0];
  if (first === undefined) return true;
  const name = labelValue(first.labels, METRIC_NAME);
  return vector.heads.every((head) => labelValue(head.labels, METRIC_NAME) === name);
}

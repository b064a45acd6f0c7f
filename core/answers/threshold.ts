import { parseExpr, printExpr } from '#core/promql/syntax/index.ts';
import { comparisonOf } from '#core/rules/index.ts';

/** An alert's expression without its comparison to a number, so that a chart shows the whole line and not only where it fires. */
export function thresholdFree(expr: string): string {
  const comparison = comparisonOf(parseExpr(expr));
  return comparison === undefined ? expr : printExpr(comparison.measured);
}

import { parseExpr, printExpr, unwrap } from '#core/promql/syntax/index.ts';

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** An alert's expression without its comparison to a number, so that a chart shows the whole line and not only where it fires. */
export function thresholdFree(expr: string): string {
  const parsed = unwrap(parseExpr(expr));
  if (parsed.kind !== 'binary' || !comparisons.has(parsed.op) || parsed.bool) return expr;
  if (unwrap(parsed.right).kind === 'number') return printExpr(parsed.left);
  return unwrap(parsed.left).kind === 'number' ? printExpr(parsed.right) : expr;
}

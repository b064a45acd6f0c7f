import { unwrap, type Expr } from '#core/promql/syntax/index.ts';

/** An expression that fires at a level: what is measured, and how it is compared with which number. */
export interface Comparison {
  readonly measured: Expr;
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly level: number;
}

const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
const isComparison = (op: string): op is keyof typeof mirrored => Object.hasOwn(mirrored, op);

/** Undefined when the expression is no comparison with one number. */
export function comparisonOf(expr: Expr): Comparison | undefined {
  const top = unwrap(expr);
  if (top.kind !== 'binary' || !isComparison(top.op) || top.bool) return undefined;
  const right = numberOf(top.right);
  if (right !== undefined) return { measured: top.left, op: top.op, level: right };
  const left = numberOf(top.left);
  return left === undefined ? undefined : { measured: top.right, op: mirrored[top.op], level: left };
}

function numberOf(expr: Expr): number | undefined {
  const bare = unwrap(expr);
  if (bare.kind === 'number') return bare.value;
  if (bare.kind !== 'unary' || bare.op !== '-') return undefined;
  const value = numberOf(bare.expr);
  return value === undefined ? undefined : -value;
}

import { childrenOf, type Expr } from './syntax/index.ts';

/** Functions whose value depends on the evaluation time, even over what `@` holds still. */
const timely: ReadonlySet<string> = new Set(
  'days_in_month day_of_month day_of_week day_of_year hour minute month year predict_linear time timestamp'.split(' '),
);
const known = new WeakMap<Expr, boolean>();

/** True when an expression has the same value at every step, since `@` fixes all its selectors. */
export function isInvariant(expr: Expr): boolean {
  let answer = known.get(expr);
  if (answer === undefined) known.set(expr, (answer = work(expr)));
  return answer;
}

function work(expr: Expr): boolean {
  switch (expr.kind) {
    case 'selector':
    case 'subquery':
      return expr.at !== undefined;
    case 'call':
      return !timely.has(expr.name) && expr.args.every(isInvariant);
    default:
      return childrenOf(expr).every(isInvariant);
  }
}

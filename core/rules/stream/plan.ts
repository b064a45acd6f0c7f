import { matcher, METRIC_NAME, type Matcher } from '#core/model/index.ts';
import { childrenOf, printExpr, typeOf, type Expr, type VectorSelector } from '#core/promql/syntax/index.ts';

/** The mark of a selector that stands for a shared expression. No series has such a name: decoded UTF-8 holds no lone surrogate. */
const sharedMark = '\ud800shared:';

/** An expression that several rules contain. */
export interface SharedExpr {
  readonly id: number;
  /** With the shared expressions inside it replaced in turn. */
  readonly expr: Expr;
}

/**
 * Finds what rules have in common and lets them ask for it once: equal parts become selectors of a made-up series, which the source
 * answers with the part's own result.
 */
export class SharingPlan {
  readonly #counts = new Map<string, number>();
  readonly #shared = new Map<string, SharedExpr>();
  readonly #byId: SharedExpr[] = [];
  #ids = 0;
  readonly #rewritten = new WeakMap<Expr, Expr>();
  readonly #texts = new WeakMap<Expr, string>();

  constructor(exprs: readonly Expr[]) {
    for (const expr of exprs) this.#count(expr);
    for (const expr of exprs) this.#rewritten.set(expr, this.#rewrite(expr, 1));
  }

  /** What to evaluate in place of a rule's expression. */
  rewritten(expr: Expr): Expr {
    return this.#rewritten.get(expr) ?? expr;
  }

  /** The shared expression that a selector stands for, if it stands for one. */
  sharedBy(matchers: readonly Matcher[]): SharedExpr | undefined {
    const value = matchers[0]?.value;
    return value?.startsWith(sharedMark) === true ? this.#byId[Number(value.slice(sharedMark.length))] : undefined;
  }

  #count(expr: Expr): void {
    if (isSharable(expr)) {
      const text = this.#text(expr);
      this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
    }
    for (const child of openChildren(expr)) this.#count(child);
  }

  /** Replaces the largest parts that occur more often than what they stand in. */
  #rewrite(expr: Expr, timesAround: number): Expr {
    const times = isSharable(expr) ? (this.#counts.get(this.#text(expr)) ?? 1) : 1;
    if (times <= timesAround) return this.#within(expr, timesAround);
    return standIn(this.#share(expr, times), expr);
  }

  #share(expr: Expr, times: number): SharedExpr {
    const text = this.#text(expr);
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    const id = this.#ids++;
    const shared: SharedExpr = { id, expr: this.#within(expr, times) };
    this.#byId[id] = shared;
    this.#shared.set(text, shared);
    return shared;
  }

  #within(expr: Expr, times: number): Expr {
    const inner = (child: Expr): Expr => (openChildren(expr).includes(child) ? this.#rewrite(child, times) : child);
    switch (expr.kind) {
      case 'call':
        return { ...expr, args: expr.args.map(inner) };
      case 'aggregation':
        return { ...expr, param: expr.param === undefined ? undefined : inner(expr.param), expr: inner(expr.expr) };
      case 'binary':
        return { ...expr, left: inner(expr.left), right: inner(expr.right) };
      case 'unary':
      case 'paren':
        return { ...expr, expr: inner(expr.expr) };
      default:
        return expr;
    }
  }

  #text(expr: Expr): string {
    let text = this.#texts.get(expr);
    if (text === undefined) this.#texts.set(expr, (text = printExpr(expr)));
    return text;
  }
}

function standIn(shared: SharedExpr, { place }: Expr): VectorSelector {
  const matchers = [matcher(METRIC_NAME, '=', `${sharedMark}${shared.id}`)];
  return { kind: 'selector', place, name: '', matchers, offset: undefined, at: undefined, extend: undefined };
}

/** Functions that look at their argument's selector, not only at what it gives. */
const selectorFunctions = new Set(['absent', 'absent_over_time', 'timestamp', 'info']);

/** The parts that are evaluated at the same time as the whole, and of which only the result counts. */
function openChildren(expr: Expr): readonly Expr[] {
  if (expr.kind === 'subquery' || expr.kind === 'matrix') return [];
  if (expr.kind === 'call' && selectorFunctions.has(expr.name)) return [];
  return childrenOf(expr);
}

/** Worth working out once: an instant vector that takes more than a look at a selector. */
function isSharable(expr: Expr): boolean {
  return (expr.kind === 'call' || expr.kind === 'aggregation' || expr.kind === 'binary') && typeOf(expr) === 'vector';
}

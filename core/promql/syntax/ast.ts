import type { Matcher, Place } from '#core/model/index.ts';

/** The four kinds of value that an expression can have. `matrix` is a range vector, `vector` an instant vector. */
export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** An expression. Every node knows its place in the text: offsets in UTF-16 units, `to` exclusive. */
export type Expr = NumberLiteral | StringLiteral | VectorSelector | MatrixSelector | Subquery | Call | Aggregation | Binary | Unary | Paren;

export interface NumberLiteral {
  readonly kind: 'number';
  readonly place: Place;
  readonly value: number;
  /** Written as a duration, such as `5m`; the value is in seconds. */
  readonly duration: boolean;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly place: Place;
  /** Bytes that are no UTF-8 (`"\xff"`) are lone surrogates U+DC80 to U+DCFF: such a text is not well formed. */
  readonly value: string;
}

export interface VectorSelector {
  readonly kind: 'selector';
  readonly place: Place;
  /** The metric name when it is given once and plainly; otherwise empty. */
  readonly name: string;
  /** All conditions, the one on the metric name among them. */
  readonly matchers: readonly Matcher[];
  readonly offset: Duration | undefined;
  readonly at: At | undefined;
  readonly extend: 'anchored' | 'smoothed' | undefined;
}

export interface MatrixSelector {
  readonly kind: 'matrix';
  readonly place: Place;
  readonly selector: VectorSelector;
  readonly range: Duration;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly place: Place;
  readonly expr: Expr;
  readonly range: Duration;
  /** Undefined: the default evaluation interval. */
  readonly step: Duration | undefined;
  readonly offset: Duration | undefined;
  readonly at: At | undefined;
}

/** The `@` modifier. */
export type At = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'start' } | { readonly kind: 'end' };

export interface Call {
  readonly kind: 'call';
  readonly place: Place;
  readonly name: string;
  readonly args: readonly Expr[];
}

export type AggregationOp =
  | 'avg'
  | 'bottomk'
  | 'count'
  | 'count_values'
  | 'group'
  | 'limit_ratio'
  | 'limitk'
  | 'max'
  | 'min'
  | 'quantile'
  | 'stddev'
  | 'stdvar'
  | 'sum'
  | 'topk';

export interface Aggregation {
  readonly kind: 'aggregation';
  readonly place: Place;
  readonly op: AggregationOp;
  readonly param: Expr | undefined;
  readonly expr: Expr;
  readonly without: boolean;
  readonly labels: readonly string[];
}

export type BinaryOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '</' | '>/' | 'and' | 'or' | 'unless';

export interface Binary {
  readonly kind: 'binary';
  readonly place: Place;
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  /** The `bool` modifier: 0 or 1 instead of filtering. */
  readonly bool: boolean;
  /** Present between two vectors. */
  readonly matching: Matching | undefined;
}

/** How the elements of two vectors find each other. */
export interface Matching {
  readonly on: boolean;
  /** Of `on`, or of `ignoring`. */
  readonly labels: readonly string[];
  readonly cardinality: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** Labels that `group_left` or `group_right` copies from the one side. */
  readonly include: readonly string[];
  /** Values that stand in for a missing element. */
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface Unary {
  readonly kind: 'unary';
  readonly place: Place;
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export interface Paren {
  readonly kind: 'paren';
  readonly place: Place;
  readonly expr: Expr;
}

/** A duration, possibly worked out from the query's own step and range. Numbers are seconds. */
export type Duration = DurationNumber | DurationCall | DurationOp;

export interface DurationNumber {
  readonly kind: 'seconds';
  readonly place: Place;
  readonly value: number;
  /** Written without a unit, as a factor is. */
  readonly isNumber: boolean;
}

export interface DurationCall {
  readonly kind: 'call';
  readonly place: Place;
  readonly name: 'step' | 'range' | 'min_of' | 'max_of';
  readonly args: readonly Duration[];
}

export interface DurationOp {
  readonly kind: 'op';
  readonly place: Place;
  readonly op: '+' | '-' | '*' | '/' | '%' | '^';
  /** Undefined for a sign. */
  readonly left: Duration | undefined;
  readonly right: Duration;
}

/** The expressions directly inside one. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr];
    case 'call':
      return expr.args;
    case 'aggregation':
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case 'binary':
      return [expr.left, expr.right];
  }
}

/** Calls `visit` for the expression and all inside it, parents first. */
export function walk(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walk(child, visit);
}

/** The expression inside any parentheses. */
export function unwrap(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrap(expr.expr) : expr;
}

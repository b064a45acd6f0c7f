/**
 * The parser: recursive descent over the tokens of a query, to the AST of ast.ts.
 *
 * Written by hand, not over the field's grammar `@prometheus-io/lezer-promql` 0.314.0, because that one costs correctness:
 * of the 1,803 expressions in Prometheus' own test scripts, all valid, it refuses 23 (numbers such as `1.` and the functions
 * `min_of`, `max_of`), it accepts wrong escapes and unclosed strings, and where it fails it knows a place but no reason.
 * Speed decides nothing: lezer takes about 10 us an expression and would still need a second pass to an AST.
 */
import { EngineError, assert, type Matcher } from '#core/model/index.ts';
import type { Aggregation, AggregationOp, Binary, BinaryOp, Expr } from './ast.ts';
import { checkExpr } from './check.ts';
import { functionNames, functionSignature } from './functions.ts';
import { nearestName } from './nearest.ts';
import { parseDurationExpr, parseOffsetExpr } from './parse-duration.ts';
import { Cursor } from './cursor.ts';
import { parseLabelList, parseMatching } from './parse-matching.ts';
import { parseAt, withExtend, withModifier } from './parse-modifiers.ts';
import { parseSelector } from './parse-selector.ts';

const queryBytesMax = 16 * 1024; // Ten times the longest expression of the published rule sets.
const nodesMax = 2_000;
const depthMax = 100; // The evaluator recurses; this keeps its stack far from the engine's.

const aggregations: ReadonlySet<string> = new Set(
  'avg bottomk count count_values group limit_ratio limitk max min quantile stddev stdvar sum topk'.split(' '),
);
/** Names that cannot begin an expression as a metric name. */
const reserved: ReadonlySet<string> = new Set('bool on ignoring group_left group_right atan2 inf nan'.split(' '));
const precedences: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ['and', 2],
  ['unless', 2],
  ...['==', '!=', '<', '<=', '>', '>=', '</', '>/'].map((op) => [op, 3] as const),
  ['+', 4],
  ['-', 4],
  ...['*', '/', '%', 'atan2'].map((op) => [op, 5] as const),
]);

/**
 * Reads a query. Throws EngineError `invalid` with the place and a sentence that begins with `line:column: parse error:`,
 * or `limit` for a query over 16 KB, 2,000 nodes or 100 levels.
 */
export function parseExpr(text: string): Expr {
  if (text.length > queryBytesMax) throw new EngineError('limit', `the query has ${text.length} characters, more than ${queryBytesMax}`);
  const parser = new Parser(text);
  const expr = parser.whole();
  checkExpr(text, expr);
  return expr;
}

/** Reads a series such as `up{job="node"}` as its matchers, all `=`; for tools that take series and not queries. */
export function parseMatchers(text: string): readonly Matcher[] {
  const expr = parseExpr(text);
  if (expr.kind !== 'selector' || expr.offset !== undefined || expr.at !== undefined)
    throw new EngineError('invalid', `${JSON.stringify(text)} is no series selector; write one like up{job="node"}`);
  return expr.matchers;
}

class Parser {
  readonly #at: Cursor;
  #nodes = 0;
  #depth = 0;

  constructor(text: string) {
    this.#at = new Cursor(text);
  }

  whole(): Expr {
    if (this.#at.ended) throw this.#at.error('no expression found in input', this.#at.token.place);
    const expr = this.#binary(1);
    if (!this.#at.ended) throw this.#at.unexpected('after the expression');
    return expr;
  }

  #node<T extends Expr>(node: T): T {
    if (++this.#nodes > nodesMax) throw new EngineError('limit', `the query has more than ${nodesMax} parts`, node.place);
    return node;
  }

  #binary(least: number): Expr {
    if (++this.#depth > depthMax) throw new EngineError('limit', `the query nests deeper than ${depthMax} levels`, this.#at.token.place);
    let left = this.#unary();
    for (;;) {
      const op = this.#at.token.text.toLowerCase();
      const precedence = this.#at.token.kind === 'name' || this.#at.token.kind === 'op' ? precedences.get(op) : undefined;
      if (precedence === undefined || precedence < least) break;
      this.#at.next();
      left = this.#operation(left, op as BinaryOp, () => this.#binary(precedence + 1));
    }
    this.#depth--;
    return left;
  }

  #unary(): Expr {
    const sign = this.#at.token;
    if (sign.kind !== 'op' || (sign.text !== '+' && sign.text !== '-')) return this.#power();
    this.#at.next();
    if (++this.#depth > depthMax) throw new EngineError('limit', `the query nests deeper than ${depthMax} levels`, sign.place);
    const expr = this.#unary();
    this.#depth--;
    const place = { from: sign.place.from, to: expr.place.to };
    if (expr.kind === 'number') return this.#node({ ...expr, place, value: sign.text === '-' ? -expr.value : expr.value });
    return this.#node({ kind: 'unary', place, op: sign.text, expr });
  }

  #power(): Expr {
    const base = this.#postfix(this.#primary());
    if (!this.#at.accept('^')) return base;
    return this.#operation(base, '^', () => this.#unary());
  }

  #operation(left: Expr, op: BinaryOp, parseRight: () => Expr): Binary {
    const bool = this.#at.acceptName('bool');
    const matching = parseMatching(this.#at, op);
    const right = parseRight();
    return this.#node({ kind: 'binary', place: { from: left.place.from, to: right.place.to }, op, left, right, bool, matching });
  }

  #primary(): Expr {
    const token = this.#at.token;
    if (token.kind === 'number') {
      const value = this.#at.number('');
      return this.#node({ kind: 'number', place: token.place, value, duration: /[smhdwy]$/.test(token.text) });
    }
    if (token.kind === 'string') {
      this.#at.next();
      return this.#node({ kind: 'string', place: token.place, value: token.value });
    }
    if (token.text === '(') return this.#paren();
    if (token.text === '{') return this.#node(parseSelector(this.#at));
    if (token.kind !== 'name') throw this.#at.unexpected('');
    return this.#named();
  }

  #paren(): Expr {
    const from = this.#at.token.place.from;
    this.#at.next();
    const expr = this.#binary(1);
    const end = this.#at.expect(')', 'to close the parenthesis');
    return this.#node({ kind: 'paren', place: { from, to: end.place.to }, expr });
  }

  #named(): Expr {
    const token = this.#at.token;
    const lower = token.text.toLowerCase();
    const next = this.#at.peek(1);
    if (lower === 'inf' || lower === 'nan') {
      const value = this.#at.number('');
      return this.#node({ kind: 'number', place: token.place, value, duration: false });
    }
    const grouped = next.kind === 'name' && /^(by|without)$/i.test(next.text) && this.#at.peek(2).text === '(';
    if (aggregations.has(lower) && (next.text === '(' || grouped)) return this.#aggregation(lower as AggregationOp);
    if (next.text === '(') return this.#call();
    if (reserved.has(lower)) throw this.#at.unexpected('');
    return this.#node(parseSelector(this.#at));
  }

  #aggregation(op: AggregationOp): Aggregation {
    const start = this.#at.token.place;
    this.#at.next();
    let grouping = this.#grouping();
    const args = this.#args();
    if (grouping === undefined) grouping = this.#grouping();
    const place = { from: start.from, to: this.#at.last.place.to };
    const takesParam = ['bottomk', 'topk', 'limitk', 'limit_ratio', 'quantile', 'count_values'].includes(op);
    if (args.length === 0) throw this.#at.error('no arguments for aggregate expression provided', place);
    if (args.length !== (takesParam ? 2 : 1))
      throw this.#at.error(`wrong number of arguments for aggregate expression provided, expected ${takesParam ? 2 : 1}, got ${args.length}`, place);
    const expr = args.at(-1);
    assert(expr !== undefined, 'an aggregation has an argument');
    return this.#node({
      kind: 'aggregation',
      place,
      op,
      param: takesParam ? args[0] : undefined,
      expr,
      without: grouping?.without ?? false,
      labels: grouping?.labels ?? [],
    });
  }

  #grouping(): { without: boolean; labels: string[] } | undefined {
    if (this.#at.acceptName('by')) return { without: false, labels: parseLabelList(this.#at) };
    if (this.#at.acceptName('without')) return { without: true, labels: parseLabelList(this.#at) };
    return undefined;
  }

  #args(): Expr[] {
    this.#at.expect('(', 'before the arguments');
    const args: Expr[] = [];
    while (!this.#at.accept(')')) {
      args.push(this.#binary(1));
      if (this.#at.token.text === ')') continue;
      this.#at.expect(',', 'between arguments');
      if (this.#at.token.text === ')') throw this.#at.error('trailing commas not allowed in function call args', this.#at.token.place);
    }
    return args;
  }

  #call(): Expr {
    const token = this.#at.token;
    if (functionSignature(token.text) === undefined) throw this.#at.error(unknownFunction(token.text), token.place);
    this.#at.next();
    const args = this.#args();
    return this.#node({ kind: 'call', place: { from: token.place.from, to: this.#at.last.place.to }, name: token.text, args });
  }

  /** Ranges, subqueries, `offset`, `@`, `anchored` and `smoothed`, in any order that makes sense. */
  #postfix(expr: Expr): Expr {
    for (;;) {
      const token = this.#at.token;
      if (this.#at.accept('[')) expr = this.#range(expr);
      else if (this.#at.acceptName('offset')) expr = withModifier(this.#at, expr, 'offset', { offset: parseOffsetExpr(this.#at) });
      else if (this.#at.accept('@')) expr = withModifier(this.#at, expr, '@', { at: parseAt(this.#at) });
      else if (this.#at.acceptName('anchored')) expr = withExtend(this.#at, expr, 'anchored', token.place);
      else if (this.#at.acceptName('smoothed')) expr = withExtend(this.#at, expr, 'smoothed', token.place);
      else return expr;
    }
  }

  #range(expr: Expr): Expr {
    const range = parseDurationExpr(this.#at);
    if (this.#at.accept(':')) {
      const step = this.#at.token.text === ']' ? undefined : parseDurationExpr(this.#at);
      const end = this.#at.expect(']', 'to close the subquery');
      const place = { from: expr.place.from, to: end.place.to };
      return this.#node({ kind: 'subquery', place, expr, range, step, offset: undefined, at: undefined });
    }
    const end = this.#at.expect(']', 'to close the range');
    const place = { from: expr.place.from, to: end.place.to };
    if (expr.kind !== 'selector') throw this.#at.error('ranges only allowed for vector selectors; write [5m:] for a subquery', place);
    if (expr.offset !== undefined) throw this.#at.error('no offset modifiers allowed before range', place);
    if (expr.at !== undefined) throw this.#at.error('no @ modifiers allowed before range', place);
    return this.#node({ kind: 'matrix', place, selector: expr, range });
  }
}

function unknownFunction(name: string): string {
  const mend = nearestName(name.toLowerCase(), [...functionNames, ...aggregations]);
  return `unknown function with name ${JSON.stringify(name)}${mend === undefined ? '' : `; write ${mend}`}`;
}

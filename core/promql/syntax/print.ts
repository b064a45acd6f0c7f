import { formatDuration, METRIC_NAME, type Matcher } from '#core/model/index.ts';
import type { Aggregation, At, Binary, BinaryOp, Duration, DurationOp, Expr, Matching, Subquery, VectorSelector } from './ast.ts';
import { quote } from './text.ts';

const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** An expression as text, in Prometheus' own form. What comes out parses to an equal expression. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.duration ? printSeconds(expr.value) : printNumber(expr.value);
    case 'string':
      return quote(expr.value);
    case 'selector':
      return printSelector(expr, '');
    case 'matrix':
      return printSelector(expr.selector, `[${printDuration(expr.range)}]`);
    case 'subquery':
      return `${printExpr(expr.expr)}${printSubqueryTail(expr)}`;
    case 'call':
      return `${expr.name}(${expr.args.map((arg, i) => printArg(expr.name, i, arg)).join(', ')})`;
    case 'aggregation':
      return printAggregation(expr);
    case 'binary':
      return `${printExpr(expr.left)} ${printOp(expr)} ${printExpr(expr.right)}`;
    case 'unary':
      return `${expr.op}${printExpr(expr.expr)}`;
    case 'paren':
      return `(${printExpr(expr.expr)})`;
  }
}

/** An argument of a function. The second one of info() is conditions alone, in braces, that on the name among them. */
export function printArg(name: string, index: number, arg: Expr): string {
  if (name !== 'info' || index !== 1 || arg.kind !== 'selector') return printExpr(arg);
  return `{${arg.matchers.map(printMatcher).sort().join(',')}}${printModifiers(arg)}`;
}

/** What stands behind the expression of a subquery. */
export function printSubqueryTail(expr: Subquery): string {
  return `[${printDuration(expr.range)}:${expr.step === undefined ? '' : printDuration(expr.step)}]${printModifiers(expr)}`;
}

/** A number as PromQL writes it: `+Inf`, `NaN`, otherwise the shortest decimal. */
function printNumber(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function printSeconds(seconds: number): string {
  return seconds < 0 ? `-${formatDuration(-seconds * 1000)}` : formatDuration(seconds * 1000);
}

/** A label name, quoted when it is beyond the classic alphabet. */
export function printLabel(name: string): string {
  return plainLabel.test(name) ? name : quote(name);
}

function printSelector(expr: VectorSelector, range: string): string {
  const plain = plainMetric.test(expr.name);
  const nameAt = expr.matchers.findIndex((m) => m.name === METRIC_NAME && m.op === '=' && m.value === expr.name);
  const inner = expr.matchers
    .filter((_, i) => i !== nameAt || expr.name === '')
    .map(printMatcher)
    .sort();
  if (expr.name !== '' && !plain) inner.unshift(quote(expr.name));
  const braces = inner.length > 0 || expr.name === '' ? `{${inner.join(',')}}` : '';
  const extend = expr.extend === undefined ? '' : ` ${expr.extend}`;
  return `${plain ? expr.name : ''}${braces}${range}${extend}${printModifiers(expr)}`;
}

function printMatcher(m: Matcher): string {
  return `${printLabel(m.name)}${m.op}${quote(m.value)}`;
}

function printModifiers(expr: { readonly at: At | undefined; readonly offset: Duration | undefined }): string {
  const at = expr.at === undefined ? '' : ` @ ${expr.at.kind === 'time' ? (expr.at.ms / 1000).toFixed(3) : `${expr.at.kind}()`}`;
  return `${at}${expr.offset === undefined ? '' : ` offset ${printDuration(expr.offset, true)}`}`;
}

/** A duration as a whole: a lone number is one of seconds. `bare`: arithmetic needs parentheses. */
function printDuration(duration: Duration, bare = false): string {
  if (duration.kind === 'seconds') return Number.isInteger(duration.value * 1000) ? printSeconds(duration.value) : printNumber(duration.value);
  const text = printDurationPart(duration, 0);
  return bare && duration.kind === 'op' && duration.left !== undefined ? `(${text})` : text;
}

const durationPrecedences: Readonly<Record<DurationOp['op'], number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 4 };
const signPrecedence = 3;

/** A part of duration arithmetic, in parentheses when it binds less than what is around it. */
function printDurationPart(duration: Duration, least: number): string {
  if (duration.kind === 'seconds') return duration.isNumber ? printNumber(duration.value) : printDuration(duration);
  if (duration.kind === 'call') return `${duration.name}(${duration.args.map((arg) => printDurationPart(arg, 0)).join(', ')})`;
  const own = duration.left === undefined ? signPrecedence : durationPrecedences[duration.op];
  const power = duration.op === '^';
  const left = duration.left === undefined ? duration.op : `${printDurationPart(duration.left, power ? own + 1 : own)} ${duration.op} `;
  const text = left + printDurationPart(duration.right, power ? signPrecedence : duration.left === undefined ? own : own + 1);
  return own < least ? `(${text})` : text;
}

/** The operator of an aggregation and what it groups by. */
export function printAggregationHead(expr: Aggregation): string {
  const labels = expr.labels.map(printLabel).join(', ');
  return `${expr.op}${expr.without ? ` without (${labels}) ` : expr.labels.length > 0 ? ` by (${labels}) ` : ''}`;
}

function printAggregation(expr: Aggregation): string {
  const param = expr.param === undefined ? '' : `${printExpr(expr.param)}, `;
  return `${printAggregationHead(expr)}(${param}${printExpr(expr.expr)})`;
}

/** An operator with everything that says how it matches. */
export function printOp(expr: Binary): string {
  const bool = expr.bool ? ' bool' : '';
  return expr.op + bool + (expr.matching === undefined ? '' : printMatching(expr.op, expr.matching));
}

function printMatching(_op: BinaryOp, m: Matching): string {
  const labels = m.labels.map(printLabel).join(', ');
  const grouped = m.cardinality === 'many-to-one' ? 'group_left' : m.cardinality === 'one-to-many' ? 'group_right' : '';
  let out = m.on ? ` on (${labels})` : m.labels.length > 0 || grouped !== '' ? ` ignoring (${labels})` : '';
  if (grouped !== '') out += ` ${grouped} (${m.include.map(printLabel).join(', ')})`;
  if (m.fillLeft !== undefined && Object.is(m.fillLeft, m.fillRight)) return `${out} fill (${printNumber(m.fillLeft)})`;
  if (m.fillLeft !== undefined) out += ` fill_left (${printNumber(m.fillLeft)})`;
  if (m.fillRight !== undefined) out += ` fill_right (${printNumber(m.fillRight)})`;
  return out;
}

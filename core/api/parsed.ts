import { METRIC_NAME, type Matcher } from '#core/model/index.ts';
import { formatValue } from '#core/promql/index.ts';
import {
  constantSeconds,
  functionSignature,
  typeOf,
  type At,
  type Binary,
  type Call,
  type Duration,
  type Expr,
  type VectorSelector,
} from '#core/promql/syntax/index.ts';

/** An expression as GET /api/v1/parse_query tells it. Durations are in milliseconds; one that depends on the query's step counts as 0. */
export function exprJson(expr: Expr): object {
  switch (expr.kind) {
    case 'number':
      return { type: 'numberLiteral', val: formatValue(expr.value) };
    case 'string':
      return { type: 'stringLiteral', val: expr.value };
    case 'selector':
      return { type: 'vectorSelector', ...selectorJson(expr) };
    case 'matrix':
      return { type: 'matrixSelector', range: millisecondsOf(expr.range), ...selectorJson(expr.selector) };
    case 'subquery':
      return {
        type: 'subquery',
        expr: exprJson(expr.expr),
        range: millisecondsOf(expr.range),
        step: millisecondsOf(expr.step),
        ...modifiersJson(expr),
      };
    case 'call':
      return { type: 'call', func: functionJson(expr), args: expr.args.map(exprJson) };
    case 'aggregation': {
      const { op, labels, without, param } = expr;
      return { type: 'aggregation', op, expr: exprJson(expr.expr), param: param === undefined ? null : exprJson(param), grouping: labels, without };
    }
    case 'binary':
      return { type: 'binaryExpr', op: expr.op, lhs: exprJson(expr.left), rhs: exprJson(expr.right), matching: matchingJson(expr), bool: expr.bool };
    case 'unary':
      return { type: 'unaryExpr', op: expr.op, expr: exprJson(expr.expr) };
    case 'paren':
      return { type: 'parenExpr', expr: exprJson(expr.expr) };
  }
}

const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

const millisecondsOf = (duration: Duration | undefined): number => (duration === undefined ? 0 : (constantSeconds(duration) ?? 0) * 1000);

function selectorJson(expr: VectorSelector): object {
  const { name } = expr;
  // Prometheus puts a name that stands before the braces behind the other conditions, and knows one in quotes as a condition only.
  const isBefore = plainMetric.test(name);
  const own = isBefore ? expr.matchers.filter((one) => one.name === METRIC_NAME && one.value === name) : [];
  const matchers = [...expr.matchers.filter((one) => !own.includes(one)), ...own].map(matcherJson);
  return { name: isBefore ? name : '', matchers, ...modifiersJson(expr) };
}

const matcherJson = ({ name, op, value }: Matcher): object => ({ name, value, type: op });

function modifiersJson({ at, offset }: { readonly at: At | undefined; readonly offset: Duration | undefined }): object {
  return {
    offset: millisecondsOf(offset),
    timestamp: at?.kind === 'time' ? at.ms : null,
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
  };
}

function functionJson({ name }: Call): object {
  const { args, variadic, returns } = functionSignature(name)!;
  return { name, argTypes: args, variadic, returnType: returns };
}

function matchingJson({ matching, left, right }: Binary): object | null {
  if (matching === undefined || typeOf(left) !== 'vector' || typeOf(right) !== 'vector') return null;
  return { card: matching.cardinality, labels: matching.labels, on: matching.on, include: matching.include };
}

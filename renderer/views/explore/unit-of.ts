import { parseExpr, unwrap, type Expr } from '#core/promql/syntax/index.ts';
import type { Unit } from '../../ui/format.ts';

/** The unit that a query's values are in, as far as the names of metrics and the shape of the query tell; `none` when in doubt. */
export function unitOf(text: string): Unit {
  try {
    return unitOfExpr(parseExpr(text));
  } catch {
    return 'none'; // Half-typed queries have no unit yet.
  }
}

const perSecond = new Set(['rate', 'irate', 'deriv']);
const keepsUnit = new Set(
  (
    'increase delta idelta abs ceil floor round clamp clamp_min clamp_max sort sort_desc last_over_time avg_over_time ' +
    'min_over_time max_over_time sum_over_time quantile_over_time label_replace label_join predict_linear'
  ).split(' '),
);
const keepsUnitOverSeries = new Set(['sum', 'avg', 'min', 'max', 'topk', 'bottomk', 'quantile', 'stddev', 'limitk', 'limit_ratio']);
const ratioName = /_(ratio|percent)$/;

function unitOfExpr(expr: Expr): Unit {
  const bare = unwrap(expr);
  switch (bare.kind) {
    case 'selector':
      return unitOfName(bare.name);
    case 'matrix':
      return unitOfName(bare.selector.name);
    case 'paren':
    case 'subquery':
    case 'unary':
      return unitOfExpr(bare.expr);
    case 'aggregation':
      return keepsUnitOverSeries.has(bare.op) ? unitOfExpr(bare.expr) : 'none';
    case 'call':
      return unitOfCall(bare);
    case 'binary':
      return unitOfBinary(bare);
    case 'number':
    case 'string':
      return 'none';
  }
}

function unitOfCall(call: Extract<Expr, { kind: 'call' }>): Unit {
  const arg = call.args.at(call.name === 'histogram_quantile' ? 1 : call.name === 'quantile_over_time' ? 1 : 0);
  if (arg === undefined) return 'none';
  if (call.name === 'histogram_quantile') return bucketUnit(arg);
  const inner = unitOfExpr(arg);
  if (!perSecond.has(call.name)) return keepsUnit.has(call.name) ? inner : 'none';
  return inner === 'bytes' ? 'bytes/s' : inner === 'seconds' ? 'none' : 'per second';
}

/** A quantile has the unit of what the buckets measure: the unit before `_bucket`. */
function bucketUnit(expr: Expr): Unit {
  const bare = unwrap(expr);
  if (bare.kind === 'aggregation') return bucketUnit(bare.expr);
  if (bare.kind === 'call' && bare.args[0] !== undefined) return bucketUnit(bare.args[0]);
  const name = bare.kind === 'matrix' ? bare.selector.name : bare.kind === 'selector' ? bare.name : '';
  return unitOfName(name.replace(/_bucket$/, ''));
}

function unitOfBinary(binary: Extract<Expr, { kind: 'binary' }>): Unit {
  const [left, right] = [unwrap(binary.left), unwrap(binary.right)];
  if (binary.op === '/') return right.kind === 'number' ? unitOfExpr(left) : 'none';
  if (binary.op === '*') return left.kind === 'number' ? unitOfExpr(right) : right.kind === 'number' ? unitOfExpr(left) : 'none';
  const [leftUnit, rightUnit] = [unitOfExpr(left), unitOfExpr(right)];
  return left.kind === 'number' ? rightUnit : leftUnit;
}

function unitOfName(name: string): Unit {
  const base = name.replace(/_(total|sum|max|min|avg|created)$/, '');
  if (name.endsWith('_timestamp_seconds') || name.endsWith('_time_seconds')) return 'none';
  if (base.endsWith('_bytes')) return 'bytes';
  if (base.endsWith('_seconds') || base === 'scrape_duration_seconds') return 'seconds';
  return ratioName.test(base) ? 'percent' : 'none';
}

import { EngineError, matchesValue, type Place } from '#core/model/index.ts';
import {
  childrenOf,
  unwrap,
  type Aggregation,
  type Binary,
  type Call,
  type Duration,
  type Expr,
  type ValueType,
  type VectorSelector,
} from './ast.ts';
import { durationMs, isConstant } from './duration.ts';
import { functionSignature, type Signature } from './functions.ts';
import { printExpr } from './print.ts';
import { syntaxError } from './text.ts';

const depthMax = 100;
const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const setOps: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const typeNames: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

/** The kind of value an expression has. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregation':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'call':
      return functionSignature(expr.name)?.returns ?? 'vector';
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'unary':
    case 'paren':
      return typeOf(expr.expr);
  }
}

/** Throws EngineError `invalid` at the first place where types or modifiers do not fit together; `limit` when it nests too deep. */
export function checkExpr(text: string, expr: Expr, depth = 0): void {
  if (depth > depthMax) throw new EngineError('limit', `the query nests deeper than ${depthMax} levels`, expr.place);
  for (const child of childrenOf(expr)) if (!isInfoSelector(expr, child)) checkExpr(text, child, depth + 1);
  const problem = problemOf(text, expr);
  if (problem !== undefined) throw syntaxError(text, problem.place, problem.what);
}

/** The second argument of info() selects among info metrics: alone it may match anything, `{}` too. */
function isInfoSelector(parent: Expr, child: Expr): boolean {
  return parent.kind === 'call' && parent.name === 'info' && child === parent.args[1] && child.kind === 'selector';
}

interface Problem {
  readonly place: Place;
  readonly what: string;
}

function problemOf(text: string, expr: Expr): Problem | undefined {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'paren':
      return undefined;
    case 'selector':
      return selectorProblem(expr);
    case 'matrix':
      return durationProblem(expr.range);
    case 'subquery':
      return (
        durationProblem(expr.range) ??
        durationProblem(expr.step) ??
        durationProblem(expr.offset, true) ??
        wrong(typeOf(expr.expr) !== 'vector', expr.place, `subquery is only allowed on instant vector, got ${typeNames[typeOf(expr.expr)]} instead`)
      );
    case 'unary':
      return wrong(
        typeOf(expr.expr) !== 'scalar' && typeOf(expr.expr) !== 'vector',
        expr.place,
        `unary expression only allowed on expressions of type scalar or instant vector, got "${typeNames[typeOf(expr.expr)]}"`,
      );
    case 'call':
      return callProblem(text, expr);
    case 'aggregation':
      return aggregationProblem(expr);
    case 'binary':
      return binaryProblem(expr);
  }
}

function wrong(condition: boolean, place: Place, what: string): Problem | undefined {
  return condition ? { place, what } : undefined;
}

function selectorProblem(expr: VectorSelector): Problem | undefined {
  const matchesAll = expr.matchers.every((m) => matchesValue(m, ''));
  return wrong(matchesAll, expr.place, 'vector selector must contain at least one non-empty matcher') ?? durationProblem(expr.offset, true);
}

/** Of a duration that depends on the query's step or range nothing is known yet. */
function durationProblem(duration: Duration | undefined, signed = false): Problem | undefined {
  if (duration === undefined || !isConstant(duration)) return undefined;
  try {
    durationMs(duration, { stepMs: 0, rangeMs: 0 }, signed);
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { place: error.place ?? duration.place, what: error.message };
  }
}

function callProblem(text: string, expr: Call): Problem | undefined {
  const shape = functionSignature(expr.name);
  if (shape === undefined) return { place: expr.place, what: `unknown function with name "${expr.name}"` };
  const count = countProblem(expr, shape);
  if (count !== undefined) return { place: expr.place, what: count };
  for (const [i, arg] of expr.args.entries()) {
    const wanted = shape.args[Math.min(i, shape.args.length - 1)]!;
    if (expr.name === 'info' && i === 1) {
      if (arg.kind !== 'selector')
        return { place: arg.place, what: `expected label selectors as the second argument to "info" function, got ${typeNames[typeOf(arg)]}` };
      if (text[arg.place.from] !== '{') return { place: arg.place, what: 'expected label selectors only, got vector selector instead' };
      continue;
    }
    const given = typeOf(arg);
    if (given === wanted) continue;
    const what = `expected type ${typeNames[wanted]} in call to function "${expr.name}", got ${typeNames[given]}`;
    return { place: arg.place, what: what + mend(expr, arg, wanted, given) };
  }
  return undefined;
}

/** `; write rate(foo[5m])`, where a small change makes the call right. */
function mend(expr: Call, arg: Expr, wanted: ValueType, given: ValueType): string {
  const inner = unwrap(arg);
  let better: string | undefined;
  if (wanted === 'matrix' && inner.kind === 'selector' && inner.offset === undefined && inner.at === undefined) better = `${printExpr(inner)}[5m]`;
  else if (wanted === 'matrix' && given === 'vector') better = `${printExpr(arg)}[5m:]`;
  else if (wanted === 'vector' && inner.kind === 'matrix') better = printExpr(inner.selector);
  else if (wanted === 'vector' && given === 'scalar') better = `vector(${printExpr(arg)})`;
  else if (wanted === 'scalar' && given === 'vector') better = `scalar(${printExpr(arg)})`;
  if (better === undefined) return '';
  return `; write ${expr.name}(${expr.args.map((other) => (other === arg ? better : printExpr(other))).join(', ')})`;
}

function countProblem(expr: Call, shape: Signature): string | undefined {
  const wanted = shape.args.length;
  const given = expr.args.length;
  if (shape.variadic === 0) return given === wanted ? undefined : `expected ${wanted} argument(s) in call to "${expr.name}", got ${given}`;
  const least = wanted - 1;
  if (given < least) return `expected at least ${least} argument(s) in call to "${expr.name}", got ${given}`;
  const most = least + shape.variadic;
  return shape.variadic > 0 && given > most ? `expected at most ${most} argument(s) in call to "${expr.name}", got ${given}` : undefined;
}

function aggregationProblem(expr: Aggregation): Problem | undefined {
  const given = typeOf(expr.expr);
  if (given !== 'vector') return { place: expr.expr.place, what: `expected type instant vector in aggregation expression, got ${typeNames[given]}` };
  if (expr.param === undefined) return undefined;
  const wanted = expr.op === 'count_values' ? 'string' : 'scalar';
  const param = typeOf(expr.param);
  return wrong(param !== wanted, expr.param.place, `expected type ${typeNames[wanted]} in aggregation parameter, got ${typeNames[param]}`);
}

function binaryProblem(expr: Binary): Problem | undefined {
  const left = typeOf(expr.left);
  const right = typeOf(expr.right);
  const isSet = setOps.has(expr.op);
  for (const [side, type] of [[expr.left, left] as const, [expr.right, right] as const]) {
    if (type !== 'scalar' && type !== 'vector')
      return { place: side.place, what: 'binary expression must contain only scalar and instant vector types' };
  }
  if (expr.bool && !comparisons.has(expr.op)) return { place: expr.place, what: 'bool modifier can only be used on comparison operators' };
  if (comparisons.has(expr.op) && !expr.bool && left === 'scalar' && right === 'scalar') {
    const better = `${printExpr(expr.left)} ${expr.op} bool ${printExpr(expr.right)}`;
    return { place: expr.place, what: `comparisons between scalars must use BOOL modifier; write ${better}` };
  }
  if (isSet && (left === 'scalar' || right === 'scalar'))
    return { place: expr.place, what: `set operator "${expr.op}" not allowed in binary scalar expression` };
  return matchingProblem(expr, left === 'vector' && right === 'vector', isSet);
}

function matchingProblem(expr: Binary, vectors: boolean, isSet: boolean): Problem | undefined {
  const m = expr.matching;
  if (m === undefined) return undefined;
  const grouped = m.cardinality === 'many-to-one' || m.cardinality === 'one-to-many';
  const filled = m.fillLeft !== undefined || m.fillRight !== undefined;
  const twice = m.on ? m.labels.find((name) => m.include.includes(name)) : undefined;
  return (
    wrong(isSet && grouped, expr.place, `no grouping allowed for "${expr.op}" operation`) ??
    wrong(isSet && filled, expr.place, 'filling in missing series not allowed for set operators') ??
    wrong(!vectors && filled, expr.place, 'filling in missing series only allowed between instant vectors') ??
    wrong(!vectors && (m.on || m.labels.length > 0 || grouped), expr.place, 'vector matching only allowed between instant vectors') ??
    wrong(twice !== undefined, expr.place, `label "${twice}" must not occur in ON and GROUP clause at once`)
  );
}

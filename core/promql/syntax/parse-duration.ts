import type { Cursor } from './cursor.ts';
import type { Duration, DurationCall, DurationOp } from './ast.ts';

const precedences: ReadonlyMap<string, number> = new Map([
  ['+', 1],
  ['-', 1],
  ['*', 2],
  ['/', 2],
  ['%', 2],
]);
const depthMax = 50;
/** What Prometheus 3.6 and its next versions called them. */
const newNames: ReadonlyMap<string, DurationCall['name']> = new Map([
  ['min', 'min_of'],
  ['max', 'max_of'],
]);

/** A duration inside brackets: literals, arithmetic, parentheses, `step()`, `range()`, `min_of(a, b)` and `max_of(a, b)`. */
export function parseDurationExpr(at: Cursor): Duration {
  return sum(at, 1, 0);
}

/** A duration after `offset`: a sign and one term; arithmetic only in parentheses. */
export function parseOffsetExpr(at: Cursor): Duration {
  return signed(at, 0, (depth) => term(at, depth));
}

function sum(at: Cursor, least: number, depth: number): Duration {
  if (depth > depthMax) throw at.error(`a duration nests deeper than ${depthMax} levels`, at.token.place);
  let left = signed(at, depth, (inner) => power(at, inner));
  for (;;) {
    const precedence = at.token.kind === 'op' ? precedences.get(at.token.text) : undefined;
    if (precedence === undefined || precedence < least) return left;
    const op = at.next().text as DurationOp['op'];
    const right = sum(at, precedence + 1, depth + 1);
    left = { kind: 'op', place: { from: left.place.from, to: right.place.to }, op, left, right };
  }
}

function signed(at: Cursor, depth: number, rest: (depth: number) => Duration): Duration {
  const sign = at.token;
  if (depth > depthMax) throw at.error(`a duration nests deeper than ${depthMax} levels`, sign.place);
  if (!at.accept('-') && !at.accept('+')) return rest(depth);
  const right = signed(at, depth + 1, rest);
  return { kind: 'op', place: { from: sign.place.from, to: right.place.to }, op: sign.text as DurationOp['op'], left: undefined, right };
}

function power(at: Cursor, depth: number): Duration {
  const left = term(at, depth);
  if (!at.accept('^')) return left;
  const right = signed(at, depth + 1, (inner) => power(at, inner));
  return { kind: 'op', place: { from: left.place.from, to: right.place.to }, op: '^', left, right };
}

function term(at: Cursor, depth: number): Duration {
  const start = at.token;
  if (at.accept('(')) {
    const inner = sum(at, 1, depth + 1);
    const end = at.expect(')', 'to close the parenthesis');
    return { ...inner, place: { from: start.place.from, to: end.place.to } };
  }
  if (start.kind === 'name' && at.peek(1).text === '(') return call(at, depth);
  const value = at.number('in a duration, expected number, duration, step(), range(), min_of() or max_of()');
  return { kind: 'seconds', place: start.place, value, isNumber: !/[smhdwy]$/.test(start.text) };
}

function call(at: Cursor, depth: number): Duration {
  const token = at.next();
  const name = newNames.get(token.text.toLowerCase()) ?? token.text.toLowerCase();
  const arity = name === 'step' || name === 'range' ? 0 : name === 'min_of' || name === 'max_of' ? 2 : undefined;
  if (arity === undefined) throw at.error(`unknown duration function ${JSON.stringify(token.text)}`, token.place);
  at.expect('(', `after ${name}`);
  const args: Duration[] = [];
  for (let i = 0; i < arity; i++) {
    if (i > 0) at.expect(',', `in ${name}`);
    args.push(sum(at, 1, depth + 1));
  }
  const end = at.expect(')', `after ${name}`);
  return { kind: 'call', place: { from: token.place.from, to: end.place.to }, name: name as DurationCall['name'], args };
}

import type { Place } from '#core/model/index.ts';
import type { At, Duration, Expr, Subquery, VectorSelector } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** What stands after `@`: a timestamp, `start()` or `end()`. */
export function parseAt(at: Cursor): At {
  const name = at.token.text.toLowerCase();
  if ((name === 'start' || name === 'end') && at.token.kind === 'name') {
    at.next();
    at.expect('(', `after @ ${name}`);
    at.expect(')', `after @ ${name}(`);
    return { kind: name };
  }
  const place = at.token.place;
  const seconds = at.signedNumber('in @, expected timestamp');
  if (!Number.isFinite(seconds) || Math.abs(seconds) > Number.MAX_SAFE_INTEGER / 1000)
    throw at.error(`timestamp out of bounds for @ modifier: ${seconds}`, place);
  return { kind: 'time', ms: Math.round(seconds * 1000) };
}

/** An expression with an `offset` or `@` that has just been read. */
export function withModifier(at: Cursor, expr: Expr, what: 'offset' | '@', change: { offset: Duration } | { at: At }): Expr {
  const place = { from: expr.place.from, to: at.last.place.to };
  const target = expr.kind === 'matrix' ? expr.selector : expr;
  if (target.kind !== 'selector' && target.kind !== 'subquery')
    throw at.error(`${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`, place);
  if (what === 'offset' ? target.offset !== undefined : target.at !== undefined)
    throw at.error(what === 'offset' ? 'offset may not be set multiple times' : '@ <timestamp> may not be set multiple times', place);
  if (expr.kind === 'matrix') return { ...expr, place, selector: { ...expr.selector, ...change } };
  return { ...(expr as VectorSelector | Subquery), place, ...change };
}

/** A selector with `anchored` or `smoothed`, which stands at `word`. */
export function withExtend(at: Cursor, expr: Expr, extend: 'anchored' | 'smoothed', word: Place): Expr {
  const place = { from: expr.place.from, to: word.to };
  const target = expr.kind === 'matrix' ? expr.selector : expr;
  if (target.kind === 'subquery') throw at.error(`${extend} modifier is not supported for subqueries`, place);
  if (target.kind !== 'selector') throw at.error(`${extend} modifier must be preceded by a vector selector`, place);
  if (target.extend !== undefined)
    throw at.error(
      target.extend === extend ? `${extend} may not be set multiple times` : 'anchored and smoothed modifiers cannot be used together',
      place,
    );
  return expr.kind === 'matrix' ? { ...expr, place, selector: { ...expr.selector, extend } } : { ...target, place, extend };
}

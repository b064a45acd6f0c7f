import { matcher, messageOf, METRIC_NAME, type Matcher, type MatchOp, type Place } from '#core/model/index.ts';
import type { VectorSelector } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** A metric name, conditions in braces, or both. A name before the braces is the only condition on the name; quoted inside, it is one of several. */
export function parseSelector(at: Cursor): VectorSelector {
  const start = at.token;
  const matchers: Matcher[] = [];
  if (start.kind === 'name') at.next();
  if (at.accept('{')) {
    while (!at.accept('}')) {
      matchers.push(condition(at));
      if (at.token.text !== '}' && !at.accept(',')) throw at.unexpected('in label matching, expected "," or "}"');
    }
  }
  const named = matchers.filter((m) => m.name === METRIC_NAME);
  if (start.kind === 'name') {
    if (named.length > 0) throw at.error(`metric name must not be set twice: "${start.text}" or "${named[0]!.value}"`, start.place);
    named.push(matcher(METRIC_NAME, '=', start.text));
    matchers.unshift(named[0]!);
  }
  const name = named.length === 1 && named[0]!.op === '=' ? named[0]!.value : '';
  const place = { from: start.place.from, to: at.last.place.to };
  return { kind: 'selector', place, name, matchers, offset: undefined, at: undefined, extend: undefined };
}

/** One condition inside braces, or a quoted metric name. */
function condition(at: Cursor): Matcher {
  const token = at.token;
  if (token.kind !== 'name' && token.kind !== 'string') throw at.unexpected('in label matching, expected identifier or "}"');
  at.next();
  if (token.kind === 'string' && (at.token.text === ',' || at.token.text === '}')) return matcher(METRIC_NAME, '=', token.value);
  if (token.text.includes(':') && token.kind === 'name') throw at.error(`invalid label name ${JSON.stringify(token.text)}`, token.place);
  const op = at.token.text;
  if (!['=', '!=', '=~', '!~'].includes(op)) throw at.unexpected('in label matching, expected label matching operator');
  at.next();
  const value = at.token;
  if (value.kind !== 'string') throw at.unexpected('in label matching, expected string');
  at.next();
  return checkedMatcher(at, token.value, op as MatchOp, value.value, value.place);
}

function checkedMatcher(at: Cursor, name: string, op: MatchOp, value: string, place: Place): Matcher {
  try {
    return matcher(name, op, value);
  } catch (error) {
    throw at.error(messageOf(error), place);
  }
}

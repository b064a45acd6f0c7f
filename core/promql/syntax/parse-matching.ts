import type { BinaryOp, Matching } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** The modifiers between an operator and its right side; a plain one-to-one when there are none. */
export function parseMatching(at: Cursor, op: BinaryOp): Matching {
  const isSet = op === 'and' || op === 'or' || op === 'unless';
  const on = at.acceptName('on');
  const labels = on || at.acceptName('ignoring') ? parseLabelList(at) : [];
  const side = at.acceptName('group_left') ? 'many-to-one' : at.acceptName('group_right') ? 'one-to-many' : undefined;
  const include = side !== undefined && at.token.text === '(' ? parseLabelList(at) : [];
  const [fillLeft, fillRight] = fills(at);
  return { on, labels, include, cardinality: side ?? (isSet ? 'many-to-many' : 'one-to-one'), fillLeft, fillRight };
}

function fills(at: Cursor): [left: number | undefined, right: number | undefined] {
  let left: number | undefined;
  let right: number | undefined;
  for (;;) {
    const name = at.token.text.toLowerCase();
    if (at.token.kind !== 'name' || !name.startsWith('fill') || at.peek(1).text !== '(') return [left, right];
    if (name === 'fill') left = right = fillValue(at, left ?? right);
    else if (name === 'fill_left') left = fillValue(at, left);
    else if (name === 'fill_right') right = fillValue(at, right);
    else return [left, right];
  }
}

function fillValue(at: Cursor, before: number | undefined): number {
  if (before !== undefined) throw at.error('a fill value must not be given twice', at.token.place);
  at.next();
  at.expect('(', 'after the fill modifier');
  const value = at.signedNumber('as fill value');
  at.expect(')', 'after the fill value');
  return value;
}

/** Label names in parentheses, a comma after the last allowed. */
export function parseLabelList(at: Cursor): string[] {
  at.expect('(', 'before the label names');
  const names: string[] = [];
  while (!at.accept(')')) {
    const token = at.token;
    if (token.kind !== 'name' && token.kind !== 'string') throw at.unexpected('in grouping opts, expected label');
    if (token.kind === 'name' ? token.text.includes(':') : token.value === '' || !token.value.isWellFormed())
      throw at.error(`invalid label name ${JSON.stringify(token.value)}`, token.place);
    names.push(token.value);
    at.next();
    if (at.token.text !== ')') at.expect(',', 'between label names');
  }
  return names;
}

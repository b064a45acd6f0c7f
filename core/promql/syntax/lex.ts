import { type Place } from '#core/model/index.ts';
import { syntaxError, unquote } from './text.ts';

/** A token. `text` is what stands in the query; a string's `value` is what it stands for. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'op' | 'end';
  readonly text: string;
  readonly value: string;
  readonly place: Place;
}

const space = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const nameForm = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const bracketNameForm = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const numberForm = /0[xX][0-9a-fA-F_]+|(?:(?:\d+(?:ms|[smhdwy]))+)(?![\w.])|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const stringForm = /"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|`[^`]*`/y;
const opForm = /==|=~|!=|!~|<=|>=|<\/|>\/|[-+*/%^<>=(){}[\],:@]/y;
const wordAfterNumber = /[\w.]+/y;

function matchAt(form: RegExp, text: string, at: number): string | undefined {
  form.lastIndex = at;
  return form.exec(text)?.[0];
}

/** Cuts a query into tokens, the last of kind `end`. Throws EngineError `invalid` at the first character that fits nowhere. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let brackets = 0;
  for (let at = 0; ;) {
    at += matchAt(space, text, at)!.length;
    if (at >= text.length) {
      tokens.push({ kind: 'end', text: '', value: '', place: { from: text.length, to: text.length } });
      return tokens;
    }
    const token = tokenAt(text, at, brackets > 0);
    if (token.text === '[') brackets++;
    if (token.text === ']') brackets--;
    tokens.push(token);
    at = token.place.to;
  }
}

function tokenAt(text: string, at: number, inBrackets: boolean): Token {
  const make = (kind: Token['kind'], found: string, value = found): Token => ({
    kind,
    text: found,
    value,
    place: { from: at, to: at + found.length },
  });
  const char = text[at]!;
  if (/[0-9.]/.test(char)) return make('number', numberAt(text, at));
  const name = matchAt(inBrackets ? bracketNameForm : nameForm, text, at);
  if (name !== undefined) return make('name', name);
  if (/["'`]/.test(char)) return make('string', ...stringAt(text, at));
  const op = matchAt(opForm, text, at);
  if (op !== undefined) return make('op', op);
  throw syntaxError(text, { from: at, to: at + 1 }, `unexpected character: ${JSON.stringify(char)}`);
}

function numberAt(text: string, at: number): string {
  const found = matchAt(numberForm, text, at);
  const rest = found === undefined ? undefined : matchAt(wordAfterNumber, text, at + found.length);
  if (found !== undefined && rest === undefined) return found;
  const whole = (found ?? text[at]!) + (rest ?? '');
  throw syntaxError(text, { from: at, to: at + whole.length }, `bad number or duration syntax: ${JSON.stringify(whole)}`);
}

function stringAt(text: string, at: number): [found: string, value: string] {
  const found = matchAt(stringForm, text, at);
  if (found === undefined) throw syntaxError(text, { from: at, to: text.length }, 'unterminated quoted string');
  const value = unquote(found);
  if (value === undefined) throw syntaxError(text, { from: at, to: at + found.length }, `invalid escape in the string ${found}`);
  return [found, value];
}

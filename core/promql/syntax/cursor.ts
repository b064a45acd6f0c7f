import { assert, parseDuration, type EngineError, type Place } from '#core/model/index.ts';
import { tokenize, type Token } from './lex.ts';
import { syntaxError } from './text.ts';

/** A place in a query's tokens, and the few ways to step on. Everything that does not fit throws EngineError `invalid`. */
export class Cursor {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string) {
    this.text = text;
    this.#tokens = tokenize(text);
  }

  get token(): Token {
    return this.peek(0);
  }

  /** Nothing is left to read. */
  get ended(): boolean {
    return this.token.kind === 'end';
  }

  /** The token that was passed last. */
  get last(): Token {
    return this.peek(-1);
  }

  peek(ahead: number): Token {
    const token = this.#tokens[Math.min(Math.max(this.#index + ahead, 0), this.#tokens.length - 1)];
    assert(token !== undefined, 'a query has an end token');
    return token;
  }

  next(): Token {
    const token = this.token;
    this.#index++;
    return token;
  }

  /** Passes an operator if it stands here. */
  accept(op: string): boolean {
    if (this.token.kind !== 'op' || this.token.text !== op) return false;
    this.#index++;
    return true;
  }

  /** Passes a keyword, in any case, if it stands here. */
  acceptName(name: string): boolean {
    if (this.token.kind !== 'name' || this.token.text.toLowerCase() !== name) return false;
    this.#index++;
    return true;
  }

  expect(op: string, where: string): Token {
    if (this.token.kind !== 'op' || this.token.text !== op) throw this.unexpected(where, op);
    return this.next();
  }

  /** A number or duration literal, without a sign; durations are seconds. */
  number(where: string): number {
    const { kind, text, place } = this.token;
    const word = kind === 'name' ? text.toLowerCase() : '';
    if (kind !== 'number' && word !== 'inf' && word !== 'nan') throw this.unexpected(where);
    this.#index++;
    if (word !== '') return word === 'inf' ? Infinity : NaN;
    const value = numberValue(text);
    if (value === undefined) throw this.error(`not a valid duration string: ${JSON.stringify(text)}`, place);
    return value;
  }

  signedNumber(where: string): number {
    const negative = this.accept('-');
    if (!negative) this.accept('+');
    const value = this.number(where);
    return negative ? -value : value;
  }

  error(what: string, place: Place): EngineError {
    return syntaxError(this.text, place, what);
  }

  unexpected(where: string, wanted?: string): EngineError {
    const { kind, text, place } = this.token;
    const what = kind === 'end' ? 'end of input' : kind === 'name' ? `identifier ${JSON.stringify(text)}` : JSON.stringify(text);
    const tail = (where === '' ? '' : ` ${where}`) + (wanted === undefined ? '' : `, expected ${JSON.stringify(wanted)}`);
    return this.error(`unexpected ${what}${tail}`, place);
  }
}

/** A literal by Go's rules: hexadecimal, octal with a leading zero, digits parted by `_`; or a duration, in seconds. */
function numberValue(text: string): number | undefined {
  if (/[smhdwy]$/.test(text) && !/^0[xX]/.test(text)) {
    const durationMs = parseDuration(text);
    return durationMs === undefined ? undefined : durationMs / 1000;
  }
  const digits = text.replaceAll('_', '');
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8);
  return Number(digits);
}

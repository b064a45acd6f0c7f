import { EngineError } from '#core/model/index.ts';

/** A token of LogQL. `text` of a string is what it means, of all others what was written. */
export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'duration' | 'bytes' | 'sign' | 'end';
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const blank = /(?:\s+|#[^\n]*)+/y;
const duration = /\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|y))*(?![A-Za-z0-9_])/y;
const bytes = /\d+(?:\.\d+)?(?:[KMGTP]i?B|[kmgtp]i?b|[kmgtp]B|B)(?![A-Za-z0-9_])/y;
const number = /(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|(?:Inf|NaN)(?![A-Za-z0-9_]))/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const sign = /\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[|=<>(){}[\],+\-*/%^]/y;

const wordsOf = [
  ['duration', duration],
  ['bytes', bytes],
  ['number', number],
  ['word', word],
  ['sign', sign],
] as const;

/** Lengths of time that Grafana's variables stand for, in seconds: a panel's query can be pasted as it is. */
export interface Lengths {
  /** `$__interval` and `$__auto`: from one step to the next. */
  readonly step: number;
  /** `$__range`: of the whole query. */
  readonly range: number;
}

const variable = /\$(?:__(auto|interval|rate_interval|range)(?![A-Za-z0-9_])|\{__(auto|interval|rate_interval|range)\})/y;
/** Grafana's: `$__rate_interval` is four times its interval of collecting, 15 s, at least, and that more than a step. */
const collectingSeconds = 15;

function variableAt(text: string, from: number, { step, range }: Lengths): Token | undefined {
  variable.lastIndex = from;
  const [whole, bare, braced] = variable.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const name = bare ?? braced;
  const seconds = name === 'range' ? range : name === 'rate_interval' ? Math.max(4 * collectingSeconds, step + collectingSeconds) : step;
  return { kind: 'duration', text: `${seconds}s`, from, to: from + whole.length };
}

/** Throws EngineError `invalid` with the place of what is no LogQL. */
export function tokensOf(text: string, lengths: Lengths): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at = endOf(blank, text, at) ?? at;
    if (at >= text.length) break;
    const token = stringAt(text, at) ?? plainAt(text, at) ?? variableAt(text, at, lengths);
    if (token === undefined)
      throw new EngineError('invalid', `${JSON.stringify(text[at])} has no meaning in LogQL (character ${at + 1})`, { from: at, to: at + 1 });
    tokens.push(token);
    at = token.to;
  }
  tokens.push({ kind: 'end', text: '', from: text.length, to: text.length });
  return tokens;
}

function plainAt(text: string, from: number): Token | undefined {
  for (const [kind, form] of wordsOf) {
    const to = endOf(form, text, from);
    if (to !== undefined) return { kind, text: text.slice(from, to), from, to };
  }
  return undefined;
}

function endOf(form: RegExp, text: string, from: number): number | undefined {
  form.lastIndex = from;
  return form.test(text) ? form.lastIndex : undefined;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** A text in double quotes with Go's escapes, or in back quotes as it stands. */
function stringAt(text: string, from: number): Token | undefined {
  const mark = text[from];
  if (mark === '`') {
    const end = text.indexOf('`', from + 1);
    if (end < 0) throw unclosed(from, text.length);
    return { kind: 'string', text: text.slice(from + 1, end), from, to: end + 1 };
  }
  if (mark !== '"') return undefined;
  let out = '';
  for (let at = from + 1; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"') return { kind: 'string', text: out, from, to: at + 1 };
    if (c === '\n') break;
    if (c !== '\\') out += c;
    else {
      const [whole, hex2, hex4, simple] = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([ntrabfv\\"']))/.exec(text.slice(at + 1, at + 6)) ?? [];
      if (whole === undefined)
        throw new EngineError('invalid', `the escape \\${text[at + 1] ?? ''} is not known (character ${at + 1})`, { from: at, to: at + 2 });
      out += simple === undefined ? String.fromCharCode(Number.parseInt((hex2 ?? hex4)!, 16)) : escapes[simple]!;
      at += whole.length;
    }
  }
  throw unclosed(from, text.length);
}

function unclosed(from: number, to: number): EngineError {
  return new EngineError('invalid', `the text that begins at character ${from + 1} has no closing quote`, { from, to });
}

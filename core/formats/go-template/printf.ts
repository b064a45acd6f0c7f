import { EngineError } from '#core/model/index.ts';
import { formatFloat } from './number.ts';
import { isGoObject, printValue, typeName, type GoValue } from './value.ts';

/** Go's fmt for the verbs that templates use: v T t d b o x X c q U e f g s, with flags, width, precision and `*`. */

interface Directive {
  readonly verb: string;
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

/** Widths beyond this are refused; nobody aligns a page's text by more. */
const widthMax = 1_000;
const directiveForm = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?([\s\S])?/gu;

/** Throws EngineError `limit` when the text would pass `charsMax`. */
export function sprintf(format: string, args: readonly GoValue[], charsMax: number): string {
  let next = 0;
  let size = format.length;
  /** Arguments named by their place may be left over. */
  let placed = false;
  const text = format.replace(directiveForm, (whole, flags: string, width?: string, precision?: string, place?: string, verb?: string) => {
    if (verb === undefined) return '%!(NOVERB)';
    if (verb === '%') return '%';
    const take = (given: string | undefined): number | undefined =>
      given === '*' ? Number(args[next++]) : given === undefined ? undefined : Number(given);
    const wide = take(width);
    const exact = whole.includes('.') ? (take(precision) ?? 0) : undefined;
    if (!fits(wide)) return '%!(BADWIDTH)';
    if (!fits(exact)) return '%!(BADPREC)';
    if (place !== undefined) {
      placed = true;
      next = Number(place) - 1;
      if (next < 0 || next >= args.length) return `%!${verb}(BADINDEX)`;
    }
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const piece = formatOne({ verb, flags, width: wide, precision: exact }, args[next++]);
    size += piece.length;
    if (size > charsMax) throw new EngineError('limit', `printf would make more than ${charsMax} characters`);
    return piece;
  });
  if (placed || next >= args.length) return text;
  return `${text}%!(EXTRA ${args
    .slice(next)
    .map((arg) => `${typeName(arg)}=${printValue(arg)}`)
    .join(', ')})`;
}

const fits = (count: number | undefined): boolean => count === undefined || (Number.isInteger(count) && Math.abs(count) <= widthMax);

/** Operands side by side, with a space between two where neither is a text. */
export function sprint(args: readonly GoValue[]): string {
  let out = '';
  args.forEach((arg, i) => {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') out += ' ';
    out += printValue(arg);
  });
  return out;
}

export function sprintln(args: readonly GoValue[]): string {
  return `${args.map((arg) => printValue(arg)).join(' ')}\n`;
}

function formatOne(directive: Directive, value: GoValue): string {
  if (directive.verb === 'T') return pad(typeName(value), directive);
  const items = Array.isArray(value) ? (value as readonly GoValue[]) : undefined;
  if (items !== undefined && directive.verb !== 'v') return `[${items.map((item) => formatOne(directive, item)).join(' ')}]`;
  const body = verbText(directive, isGoObject(value) && value.text !== undefined ? value.text : value);
  if (body === undefined) return `%!${directive.verb}(${value === undefined ? '<nil>' : `${typeName(value)}=${printValue(value)}`})`;
  return pad(body, directive, typeof value === 'number' || typeof value === 'bigint');
}

/** Undefined when the verb does not suit the value. */
function verbText(directive: Directive, value: GoValue): string | undefined {
  switch (typeof value) {
    case 'number':
      return floatText(directive, value);
    case 'bigint':
      return intText(directive, value);
    case 'string':
      return stringText(directive, value);
    case 'boolean':
      return 'vt'.includes(directive.verb) ? String(value) : undefined;
    default:
      return 'vs'.includes(directive.verb) && (value !== undefined || directive.verb === 'v') ? printValue(value) : undefined;
  }
}

function floatText({ verb, flags, precision }: Directive, value: number): string | undefined {
  const lower = verb.toLowerCase();
  if (verb !== 'v' && !'efg'.includes(lower)) return undefined;
  const form = verb === 'v' ? 'g' : (lower as 'e' | 'f' | 'g');
  const text = formatFloat(value, form, precision ?? (form === 'g' ? -1 : 6));
  if (!Number.isFinite(value)) return positiveSign(flags) === '' ? text : text.replace(/^\+?(?!-)/, positiveSign(flags));
  const plain = /^\d/.test(text) ? positiveSign(flags) + text : text;
  return verb === lower ? plain : plain.toUpperCase();
}

function positiveSign(flags: string): string {
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

const intBases: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, x: 16, X: 16 };

function intText({ verb, flags, precision }: Directive, value: bigint): string | undefined {
  if (verb === 'c') return codePoint(value);
  if (verb === 'q') return quote(codePoint(value), "'");
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  const base = intBases[verb];
  if (base === undefined) return undefined;
  const digits = (value < 0n ? -value : value).toString(base).padStart(precision ?? 0, '0');
  const prefix = flags.includes('#') ? (base === 16 ? '0x' : base === 8 ? '0' : base === 2 ? '0b' : '') : '';
  const text = (value < 0n ? '-' : positiveSign(flags)) + prefix + digits;
  return verb === 'X' ? text.toUpperCase() : text;
}

function codePoint(value: bigint): string {
  return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
}

function stringText({ verb, precision }: Directive, value: string): string | undefined {
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('');
  if (verb === 'v' || verb === 's') return cut;
  if (verb === 'q') return quote(cut, '"');
  if (verb !== 'x' && verb !== 'X') return undefined;
  const hex = Array.from(new TextEncoder().encode(cut), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return verb === 'x' ? hex : hex.toUpperCase();
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/** Go's quoted form: control characters escaped, printable ones as they are. */
function quote(text: string, mark: '"' | "'"): string {
  let out = mark as string;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === mark) out += `\\${mark}`;
    else if (escapes[char] !== undefined) out += escapes[char];
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= 0x80 && code < 0xa0) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += char;
  }
  return out + mark;
}

function pad(text: string, { flags, width = 0, verb, precision }: Directive, numeric = false): string {
  const size = Array.from(text).length;
  const wide = Math.abs(width);
  if (size >= wide) return text;
  if (flags.includes('-') || width < 0) return text + ' '.repeat(wide - size);
  const zeros = flags.includes('0') && !(numeric && precision !== undefined && 'dboxX'.includes(verb)) && !/^[+-]?(Inf|NaN)$/.test(text);
  if (!zeros) return ' '.repeat(wide - size) + text;
  const sign = numeric && /^[+\- ]/.test(text) ? text[0]! : '';
  return sign + '0'.repeat(wide - size) + text.slice(sign.length);
}

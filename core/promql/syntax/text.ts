import { EngineError, type Place } from '#core/model/index.ts';

/** `line:column` of an offset, from 1, the column counted in UTF-8 bytes as Prometheus counts. */
export function lineColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${line}:${utf8Length(before.slice(lineStart)) + 1}`;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const char of text) {
    const point = char.codePointAt(0)!;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

/** An error at a place of the query, worded as Prometheus words its parse errors. */
export function syntaxError(text: string, place: Place, what: string): EngineError {
  return new EngineError('invalid', `${lineColumn(text, place.from)}: parse error: ${what}`, place);
}

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const escapes: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, "'": 39, '"': 34 };
const numericEscape = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

/**
 * The text that a quoted literal stands for, by Go's rules. Undefined when an escape is wrong.
 * `\xHH` and octal escapes give bytes; bytes that form no UTF-8 become U+DC80 to U+DCFF.
 */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`') || !body.includes('\\')) return body;
  const bytes: number[] = [];
  for (let i = 0; i < body.length;) {
    if (body[i] !== '\\') {
      const end = body.indexOf('\\', i);
      const plain = end < 0 ? body.slice(i) : body.slice(i, end);
      for (const byte of encoder.encode(plain)) bytes.push(byte);
      i += plain.length;
      continue;
    }
    const next = body[i + 1] ?? '';
    const simple = escapes[next];
    if (simple !== undefined && (next === literal[0] || !`'"`.includes(next))) {
      bytes.push(simple);
      i += 2;
      continue;
    }
    const found = numericEscape.exec(body.slice(i + 1));
    if (found === null || !pushEscape(bytes, found)) return undefined;
    i += 1 + found[0].length;
  }
  return decodeBytes(bytes);
}

function pushEscape(bytes: number[], found: RegExpExecArray): boolean {
  const [, hex, short, long, octal] = found;
  if (hex !== undefined || octal !== undefined) {
    const byte = hex === undefined ? Number.parseInt(octal!, 8) : Number.parseInt(hex, 16);
    bytes.push(byte);
    return byte <= 255;
  }
  const point = Number.parseInt(short ?? long!, 16);
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
  for (const byte of encoder.encode(String.fromCodePoint(point))) bytes.push(byte);
  return true;
}

function decodeBytes(bytes: readonly number[]): string {
  const whole = Uint8Array.from(bytes);
  try {
    return strict.decode(whole);
  } catch {
    return decodeLossless(whole);
  }
}

function decodeLossless(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    text += length === 0 ? String.fromCharCode(0xdc00 + bytes[i]!) : strict.decode(bytes.subarray(i, i + length));
    i += Math.max(1, length);
  }
  return text;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

const named: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [34, '\\"'],
  [92, '\\\\'],
]);

/** A text in double quotes with Go's escapes; the reverse of `unquote`. */
export function quote(text: string): string {
  let out = '"';
  for (const char of text) {
    const point = char.codePointAt(0)!;
    if (point >= 0xdc80 && point <= 0xdcff) out += `\\x${(point - 0xdc00).toString(16)}`;
    else if (point < 32 || point === 127) out += named.get(point) ?? `\\x${point.toString(16).padStart(2, '0')}`;
    else out += named.get(point) ?? char;
  }
  return `${out}"`;
}

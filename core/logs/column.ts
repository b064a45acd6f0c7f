import { DamageError } from '#core/blocks/index.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { packNumbers, unpackNumbers } from './numbers.ts';
import { packTimes, timesOf } from './time-column.ts';
import type { Values } from './values.ts';

/**
 * The values of one variable of one kind of line, in the shortest form that gives them back exactly. Layout: FORMAT.md, "Columns".
 */
const kinds = { constant: 0, codes: 1, hex: 2, numbers: 3, times: 4, texts: 5 } as const;
const hexCharsMin = 8;
const digitsMax = 15;

export interface Column {
  at(row: number): string;
  /** Marks the rows whose value may hold a run of letters and digits, given in lower case. */
  mark(run: string, rows: Uint8Array): void;
}

/** What encoding a column needs to know of its rows: their times, in ns from the block's first. */
export type OffsetOf = (row: number) => number;

/** Writes a column. `index` is told each different value, or every one where they are many. */
export function writeColumn(values: Values, out: ByteWriter, offsetOf: OffsetOf, baseNs: bigint, index: (text: string) => void): void {
  const { distinct, codes } = values;
  // Where half of the values or more are different, codes save nothing.
  if (distinct !== undefined && (distinct.length === 1 || distinct.length * 2 <= codes.length)) {
    for (const text of distinct) index(text);
    if (distinct.length === 1) {
      out.byte(kinds.constant).text(distinct[0]!);
      return;
    }
    out.byte(kinds.codes).count(distinct.length);
    for (const text of distinct) out.text(text);
    out.part(Uint8Array.from(codes));
    return;
  }
  writeMany(values.all(), out, offsetOf, baseNs, index);
}

function writeMany(values: readonly string[], out: ByteWriter, offsetOf: OffsetOf, baseNs: bigint, index: (text: string) => void): void {
  const times = packTimes(values, offsetOf, baseNs);
  if (times !== undefined) {
    out.byte(kinds.times).raw(times);
    return;
  }
  for (let i = 0; i < values.length; i++) index(values[i]!);
  if (writeHex(values, out) || writeNumbers(values, out)) return;
  out.byte(kinds.texts).text(escapedJoin(values));
}

const [c0, c9, dash, dot] = '09-.'.split('').map((c) => c.charCodeAt(0)) as [number, number, number, number];

/** Lower-case hex of one length, with dashes at the same places (UUIDs): half a byte a digit. */
function writeHex(values: readonly string[], out: ByteWriter): boolean {
  const first = values[0]!;
  const { length } = first;
  const dashes = first.split('').flatMap((c, i) => (c === '-' ? [i] : []));
  const digits = length - dashes.length;
  if (digits < hexCharsMin || digits % 2 !== 0 || dashes.length > 8) return false;
  for (let i = 0; i < values.length; i++)
    if (values[i]!.length !== length || !dashes.every((place) => values[i]!.charCodeAt(place) === dash)) return false;
  const joined = dashes.length === 0 ? values.join('') : values.join('').replaceAll('-', '');
  const bytes = Buffer.from(joined, 'hex');
  // Digits that are no hex, in upper case, or parted by further dashes do not come back as they were.
  if (bytes.length * 2 !== values.length * digits || bytes.toString('hex') !== joined) return false;
  out.byte(kinds.hex).count(length).count(dashes.length);
  for (const place of dashes) out.count(place);
  out.part(bytes);
  return true;
}

/** Decimal numbers with a fixed count of decimals, written without superfluous zeros, or all of one width. */
function writeNumbers(values: readonly string[], out: ByteWriter): boolean {
  const first = values[0]!;
  const decimals = first.includes('.') ? first.length - first.indexOf('.') - 1 : 0;
  const { length } = first;
  let [sameWidth, plain] = [true, true];
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = digitsOf(value, decimals);
    if (number < 0) return false;
    numbers[i] = number;
    if (value.length !== length) sameWidth = false;
    if (value.length > decimals + 1 + Math.sign(decimals) && value.charCodeAt(0) === c0) plain = false;
    if (value.length === decimals + Math.sign(decimals)) plain = false;
  }
  if (!sameWidth && !plain) return false;
  out
    .byte(kinds.numbers)
    .count(decimals)
    .count(sameWidth ? length : 0)
    .part(packNumbers(numbers));
  return true;
}

/** All digits of the value as one number, with its point `decimals` from the end; -1 when it is not of this form. */
function digitsOf(value: string, decimals: number): number {
  const { length } = value;
  if (length > digitsMax + 1 || length === 0) return -1;
  const point = decimals === 0 ? -1 : length - decimals - 1;
  if (decimals > 0 && point < 1) return -1;
  let number = 0;
  for (let i = 0; i < length; i++) {
    const c = value.charCodeAt(i);
    if (i === point) {
      if (c !== dot) return -1;
    } else if (c >= c0 && c <= c9) number = number * 10 + c - c0;
    else return -1;
  }
  return length - (decimals > 0 ? 1 : 0) > digitsMax ? -1 : number;
}

/** Values one behind the other with a line feed between; U+0001 escapes itself and line feeds. */
function escapedJoin(values: readonly string[]): string {
  const joined = values.join('\n');
  const isPlain = !joined.includes('\u0001') && countOf(joined, '\n') === values.length - 1;
  return isPlain ? joined : values.map((value) => value.replaceAll('\u0001', '\u0001\u0001').replaceAll('\n', '\u0001n')).join('\n');
}

function countOf(text: string, c: string): number {
  let count = 0;
  for (let at = text.indexOf(c); at >= 0; at = text.indexOf(c, at + 1)) count++;
  return count;
}

/** Reads a column of `rows` values. */
export function readColumn(reader: ByteReader, rows: number, offsetOf: OffsetOf, baseNs: bigint): Column {
  switch (reader.byte()) {
    case kinds.constant: {
      const text = reader.text();
      return { at: () => text, mark: (run, marks) => void (holds(text, run) && marks.fill(1)) };
    }
    case kinds.codes:
      return readCodes(reader, rows);
    case kinds.hex:
      return readHex(reader, rows);
    case kinds.numbers:
      return readNumbers(reader, rows);
    case kinds.times:
      return timesOf(reader, offsetOf, baseNs);
    case kinds.texts:
      return readTexts(reader, rows);
    default:
      throw new DamageError('a column of an unknown kind');
  }
}

function readCodes(reader: ByteReader, rows: number): Column {
  const texts = Array.from({ length: reader.count() }, () => reader.text());
  const codes = reader.part();
  if (codes.length !== rows) throw new DamageError('a column has too few codes');
  return {
    at: (row) => texts[codes[row]!] ?? '',
    mark: (run, marks) => {
      const wanted = Uint8Array.from({ length: 256 }, (_, code) => Number(code < texts.length && holds(texts[code]!, run)));
      if (wanted.includes(1)) for (let row = 0; row < rows; row++) marks[row]! |= wanted[codes[row]!]!;
    },
  };
}

const holds = (text: string, run: string): boolean => text.toLowerCase().includes(run);

function readHex(reader: ByteReader, rows: number): Column {
  const length = reader.count();
  const dashes = Array.from({ length: Math.min(reader.count(), 8) }, () => reader.count());
  const size = (length - dashes.length) / 2;
  const bytes = reader.part();
  if (bytes.length !== rows * size) throw new DamageError('a column of ids is too short');
  return {
    mark: (run, marks) => {
      if (!/^[0-9a-f]+$/.test(run) || run.length > size * 2) return;
      const digits = bytes.toString('hex');
      for (let at = digits.indexOf(run); at >= 0; at = digits.indexOf(run, at + 1)) marks[Math.floor(at / (size * 2))] = 1;
    },
    at: (row) => {
      let text = bytes.toString('hex', row * size, (row + 1) * size);
      for (const place of dashes) text = `${text.slice(0, place)}-${text.slice(place)}`;
      return text;
    },
  };
}

function readNumbers(reader: ByteReader, rows: number): Column {
  const decimals = reader.count();
  const width = reader.count();
  const numbers = unpackNumbers(reader.part());
  if (numbers.length !== rows || decimals > digitsMax) throw new DamageError('a column of numbers is too short');
  const at = numberText(numbers, decimals, width);
  return {
    at,
    mark: (run, marks) => {
      if (!/^\d+$/.test(run)) return;
      for (let row = 0; row < rows; row++) if (at(row).includes(run)) marks[row] = 1;
    },
  };
}

function numberText(numbers: Float64Array, decimals: number, width: number): (row: number) => string {
  return (row) => {
    const digits = String(numbers[row]!).padStart(width > 0 ? width - (decimals > 0 ? 1 : 0) : decimals + 1, '0');
    return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  };
}

function readTexts(reader: ByteReader, rows: number): Column {
  const joined = reader.text();
  const texts = joined.split('\n');
  if (texts.length !== rows) throw new DamageError('a column has too few texts');
  const isPlain = !joined.includes('\u0001');
  return {
    at: (row) => (isPlain ? texts[row]! : plain(texts[row]!)),
    mark: (run, marks) => markLines(joined.toLowerCase(), run, marks),
  };
}

/** What escapedJoin escaped. */
function plain(text: string): string {
  let out = '';
  let at = 0;
  for (let mark = text.indexOf('\u0001'); mark >= 0; mark = text.indexOf('\u0001', at)) {
    out += text.slice(at, mark) + (text[mark + 1] === 'n' ? '\n' : '\u0001');
    at = mark + 2;
  }
  return out + text.slice(at);
}

/** Marks the numbers of the lines that hold a run. */
function markLines(joined: string, run: string, marks: Uint8Array): void {
  let line = 0;
  let counted = 0;
  for (let at = joined.indexOf(run); at >= 0; at = joined.indexOf(run, at + 1)) {
    for (let end = joined.indexOf('\n', counted); end >= 0 && end < at; end = joined.indexOf('\n', counted)) {
      line++;
      counted = end + 1;
    }
    marks[line] = 1;
  }
}

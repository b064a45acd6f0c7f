import { DamageError } from '#core/blocks/index.ts';
import type { ByteReader } from './bytes.ts';
import { unpackNumbers } from './numbers.ts';
import { timesOf } from './time-column.ts';

/** Forms of the values of one variable of one kind of line. Layout: FORMAT.md, "Columns". */
export const columnKinds = { constant: 0, codes: 1, hex: 2, numbers: 3, times: 4, texts: 5 } as const;
export const hexCharsMin = 8;
export const digitsMax = 15;

export interface Column {
  at(row: number): string;
  /** Marks the rows whose value may hold a run of letters and digits, given in lower case. */
  mark(run: string, rows: Uint8Array): void;
}

/** What a column needs to know of its rows: their times, in ns from the block's first. */
export type OffsetOf = (row: number) => number;

/** Reads a column of `rows` values. */
export function readColumn(reader: ByteReader, rows: number, offsetOf: OffsetOf, baseNs: bigint): Column {
  switch (reader.byte()) {
    case columnKinds.constant: {
      const text = reader.text();
      return { at: () => text, mark: (run, marks) => void (holds(text, run) && marks.fill(1)) };
    }
    case columnKinds.codes:
      return readCodes(reader, rows);
    case columnKinds.hex:
      return readHex(reader, rows);
    case columnKinds.numbers:
      return readNumbers(reader, rows);
    case columnKinds.times:
      return timesOf(reader, offsetOf, baseNs);
    case columnKinds.texts:
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

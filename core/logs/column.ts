import { DamageError } from '#core/blocks/index.ts';
import type { ByteReader } from './bytes.ts';
import type { Piece } from './cut.ts';
import { unpackNumbers } from './numbers.ts';
import { columnKinds, digitsMax, type Column, type OffsetOf } from './column-form.ts';
import { timesOf } from './time-column.ts';

/** Reads a column of `rows` values. */
export function readColumn(reader: ByteReader, rows: number, offsetOf: OffsetOf, baseNs: bigint): Column {
  switch (reader.byte()) {
    case columnKinds.constant: {
      const text = reader.text();
      return { at: () => text, mark: (run, marks) => void (holds(text, run) && marks.fill(1)), values: { texts: [text], codes: undefined } };
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
    values: { texts, codes },
    mark: (run, marks) => {
      const wanted = new Uint8Array(256);
      for (let code = 0; code < texts.length; code++) if (holds(texts[code]!, run)) wanted[code] = 1;
      if (wanted.includes(1)) for (let row = 0; row < rows; row++) marks[row]! |= wanted[codes[row]!]!;
    },
  };
}

const holds = (text: string, { glued = '' }: Piece): boolean => text.toLowerCase().includes(glued);

function readHex(reader: ByteReader, rows: number): Column {
  const length = reader.count();
  const dashes = Array.from({ length: Math.min(reader.count(), 8) }, () => reader.count());
  const size = (length - dashes.length) / 2;
  const bytes = reader.part();
  if (bytes.length !== rows * size) throw new DamageError('a column of ids is too short');
  return {
    mark: ({ text: run, isWhole }, marks) => {
      // A whole run is the whole of an id that is not cut by dashes.
      const isOther = isWhole && dashes.length === 0 && run.length !== length;
      if (isOther || run.length > size * 2 || !/^[0-9a-f]+$/.test(run)) return;
      markHex(bytes, size * 2, run, marks);
    },
    at: (row) => {
      let text = bytes.toString('hex', row * size, (row + 1) * size);
      for (const place of dashes) text = `${text.slice(0, place)}-${text.slice(place)}`;
      return text;
    },
  };
}

/** Digits from which on packed bytes are searched. */
const packedCharsMin = 6;

/** Marks the rows of `width` hex digits each that hold a run of them. */
function markHex(bytes: Buffer, width: number, run: string, marks: Uint8Array): void {
  if (run.length < packedCharsMin) {
    const digits = bytes.toString('hex');
    for (let at = digits.indexOf(run); at >= 0; at = digits.indexOf(run, at + 1)) marks[Math.floor(at / width)] = 1;
    return;
  }
  // The run begins with the first digit of a byte, or with the second.
  for (const lead of [0, 1]) {
    const inner = Buffer.from(run.slice(lead, lead + ((run.length - lead) & ~1)), 'hex');
    for (let at = bytes.indexOf(inner); at >= 0; at = bytes.indexOf(inner, at + 1)) {
      const first = at * 2 - lead;
      const row = Math.floor(first / width);
      if (first < 0 || Math.floor((first + run.length - 1) / width) !== row) continue;
      if (bytes.toString('hex', Math.floor(first / 2), at + inner.length + 1).startsWith(run, lead)) marks[row] = 1;
    }
  }
}

function readNumbers(reader: ByteReader, rows: number): Column {
  const decimals = reader.count();
  const width = reader.count();
  const packed = reader.part();
  if (decimals > digitsMax) throw new DamageError('a column of numbers has too many decimals');
  let known: Float64Array | undefined;
  const numbers = (): Float64Array => {
    known ??= unpackNumbers(packed);
    if (known.length !== rows) throw new DamageError('a column of numbers is too short');
    return known;
  };
  /** Digits at least, without the point. */
  const pad = width > 0 ? width - (decimals > 0 ? 1 : 0) : decimals + 1;
  const at = (row: number): string => {
    const digits = String(numbers()[row]!).padStart(pad, '0');
    return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  };
  return {
    at,
    numbers: () => ({ values: numbers(), unit: powers[decimals]! }),
    mark: ({ text: run, isWhole }, marks) => {
      if (!/^\d{1,15}$/.test(run)) return;
      const all = numbers();
      const [wanted, size] = [Number(run), run.length];
      const unit = powers[decimals]!;
      for (let row = 0; row < rows; row++) {
        const number = all[row]!;
        const whole = decimals === 0 ? number : Math.floor(number / unit);
        if (hasDigits(whole, pad - decimals, wanted, size, isWhole)) marks[row] = 1;
        else if (decimals > 0 && hasDigits(number - whole * unit, decimals, wanted, size, isWhole)) marks[row] = 1;
      }
    },
  };
}

const powers = Float64Array.from({ length: digitsMax + 2 }, (_, digits) => 10 ** digits);

/** Whether a number, written with `pad` digits at least, has a run of digits in it, or is it. */
function hasDigits(number: number, pad: number, wanted: number, length: number, isWhole: boolean): boolean {
  if (number < wanted || (isWhole && number !== wanted)) return false;
  let digits = pad;
  while (number >= powers[digits]!) digits++;
  if (isWhole) return digits === length;
  const scale = powers[length]!;
  for (let rest = number; digits >= length; digits--, rest = Math.floor(rest / 10)) if (rest % scale === wanted) return true;
  return false;
}

function readTexts(reader: ByteReader, rows: number): Column {
  const joined = reader.part();
  let known: readonly string[] | undefined;
  const texts = (): readonly string[] => {
    if (known !== undefined) return known;
    const text = joined.toString('utf8');
    const lines = text.split('\n');
    if (lines.length !== rows) throw new DamageError('a column has too few texts');
    return (known = text.includes('\u0001') ? lines.map(plain) : lines);
  };
  return {
    at: (row) => texts()[row]!,
    // A run is ASCII: it is the same in UTF-8 as in Latin-1, which is read faster.
    mark: ({ glued = '' }, marks) => markLines(joined.toString('latin1').toLowerCase(), glued, marks),
  };
}

/** A text as it was before its control characters were escaped. */
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

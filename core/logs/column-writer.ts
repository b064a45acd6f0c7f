import type { ByteWriter } from './bytes.ts';
import { columnKinds, digitsMax, hexCharsMin } from './column-form.ts';
import { packNumbers } from './numbers.ts';
import { packTimes } from './time-column.ts';
import type { Bounds } from './digest.ts';
import type { WordIndexer } from './word-index.ts';

const distinctMax = 255;
/** After so many values a column that hardly repeats any is taken for one of many different ones. */
const trialValues = 64;
const trialDistinct = 48;
const prime = 0x01000193;
/** At least twice the values that it holds. */
const tableSize = 1024;
/** At each end of a value. */
const hashedBytes = 5;
const dashesMax = 8;
const escape = 0x01;
const lineFeed = 0x0a;
const [c0, c9, lowerN, dash, dot] = '09n-.'.split('').map((c) => c.charCodeAt(0)) as [number, number, number, number, number];

/** The value of a hex digit in lower case, 255 for other bytes. */
const nibbles = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) nibbles[i.toString(16).charCodeAt(0)] = i;

/** The variables of one kind of line: begin and end of each in turn, row after row. */
export interface Variables {
  readonly bounds: Int32Array;
  readonly perRow: number;
  readonly rows: number;
}

/**
 * Writes the values of one variable of one kind of line in the shortest form that gives them back exactly. Layout: FORMAT.md, "Columns".
 * Values are ranges of the block's bytes, so that none is copied before it is written.
 */
export class ColumnWriter {
  readonly #bytes: Uint8Array;
  readonly #index: WordIndexer;
  readonly #baseNs: bigint;
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  #codes = new Uint8Array(1024);
  #count = 0;
  /** Places of different values in #firsts, plus one; by hash. */
  readonly #table = new Int16Array(tableSize);
  /** A row of each different value, in order of the first. */
  readonly #firsts = new Int32Array(distinctMax);
  #bounds: Bounds;

  /** `index` is told each different value, or every one where they are many. */
  constructor(bytes: Uint8Array, baseNs: bigint, index: WordIndexer) {
    this.#bytes = bytes;
    this.#baseNs = baseNs;
    this.#index = index;
  }

  /** Writes variable number `variable`; its bounds when it is one of numbers. `offsetOf` tells the time of a row, in ns from the block's first. */
  write(variables: Variables, variable: number, out: ByteWriter, offsetOf: (row: number) => number): Bounds {
    this.#bounds = undefined;
    this.#take(variables, variable);
    const [from, to] = [this.#from, this.#to];
    const distinct = this.#distinct();
    if (distinct === 1) {
      this.#index.add(this.#bytes, from[0]!, to[0]!);
      out.byte(columnKinds.constant).range(this.#bytes, from[0]!, to[0]!);
    } else if (distinct > 0 && distinct * 2 <= this.#count) {
      out.byte(columnKinds.codes).count(distinct);
      for (let i = 0; i < distinct; i++) {
        const row = this.#firsts[i]!;
        this.#index.add(this.#bytes, from[row]!, to[row]!);
        out.range(this.#bytes, from[row]!, to[row]!);
      }
      out.part(this.#codes.subarray(0, this.#count));
    } else this.#writeMany(out, offsetOf);
    return this.#bounds;
  }

  #take({ bounds, perRow, rows }: Variables, variable: number): void {
    if (rows > this.#from.length) {
      this.#from = new Int32Array(rows * 2);
      this.#to = new Int32Array(rows * 2);
      this.#codes = new Uint8Array(rows * 2);
    }
    this.#count = rows;
    const [from, to] = [this.#from, this.#to];
    for (let row = 0, at = variable * 2; row < rows; row++, at += perRow * 2) {
      from[row] = bounds[at]!;
      to[row] = bounds[at + 1]!;
    }
  }

  /** Numbers the different values into #codes and returns how many there are; 0 where half of the values or more seem to be different: codes save nothing. */
  #distinct(): number {
    const [codes, table, firsts, from, to, bytes] = [this.#codes, this.#table, this.#firsts, this.#from, this.#to, this.#bytes];
    const count = this.#count;
    codes[0] = 0;
    firsts[0] = 0;
    let row = 1;
    while (row < count && this.#isSame(row, 0)) codes[row++] = 0;
    if (row === count) return 1;
    table.fill(0);
    let distinct = 0;
    for (row = 0; row < count; row++) {
      if (row > 0 && this.#isSame(row, row - 1)) {
        codes[row] = codes[row - 1]!;
        continue;
      }
      let slot = slotOf(bytes, from[row]!, to[row]!);
      while (table[slot] !== 0 && !this.#isSame(row, firsts[table[slot]! - 1]!)) slot = (slot + 1) & (tableSize - 1);
      if (table[slot] === 0) {
        if (distinct >= distinctMax || (row >= trialValues && distinct > trialDistinct && distinct * 4 > row * 3)) return 0;
        firsts[distinct] = row;
        table[slot] = ++distinct;
      }
      codes[row] = table[slot]! - 1;
    }
    return distinct;
  }

  #isSame(a: number, b: number): boolean {
    const bytes = this.#bytes;
    const end = this.#to[a]!;
    let i = this.#from[a]!;
    let k = this.#from[b]!;
    if (end - i !== this.#to[b]! - k) return false;
    while (i < end) if (bytes[i++] !== bytes[k++]) return false;
    return true;
  }

  #writeMany(out: ByteWriter, offsetOf: (row: number) => number): void {
    const [bytes, from, to, count] = [this.#bytes, this.#from, this.#to, this.#count];
    const times = packTimes({ bytes, from, to, count }, offsetOf, this.#baseNs);
    if (times !== undefined) {
      out.byte(columnKinds.times).raw(times);
      return;
    }
    for (let row = 0; row < count; row++) this.#index.add(bytes, from[row]!, to[row]!);
    if (!this.#writeHex(out) && !this.#writeNumbers(out)) this.#writeTexts(out);
  }

  /** Lower-case hex of one length, with dashes at the same places (UUIDs): half a byte a digit. */
  #writeHex(out: ByteWriter): boolean {
    const [bytes, from, count] = [this.#bytes, this.#from, this.#count];
    const first = from[0]!;
    const length = this.#to[0]! - first;
    const dashes: number[] = [];
    for (let i = 0; i < length; i++) if (bytes[first + i] === dash) dashes.push(i);
    const digits = length - dashes.length;
    if (digits < hexCharsMin || digits % 2 !== 0 || dashes.length > dashesMax) return false;
    const places = Int32Array.from(Array.from({ length }, (_, i) => i).filter((i) => !dashes.includes(i)));
    const packed = new Uint8Array((digits / 2) * count);
    for (let row = 0, at = 0; row < count; row++) {
      const start = from[row]!;
      if (this.#to[row]! - start !== length) return false;
      for (let k = 0; k < dashes.length; k++) if (bytes[start + dashes[k]!] !== dash) return false;
      for (let k = 0; k < digits; k += 2) {
        const high = nibbles[bytes[start + places[k]!]!]!;
        const low = nibbles[bytes[start + places[k + 1]!]!]!;
        if ((high | low) > 15) return false;
        packed[at++] = (high << 4) | low;
      }
    }
    out.byte(columnKinds.hex).count(length).count(dashes.length);
    for (const place of dashes) out.count(place);
    out.part(packed);
    return true;
  }

  /** Decimal numbers with a fixed count of decimals, written without superfluous zeros, or all of one width. */
  #writeNumbers(out: ByteWriter): boolean {
    const [bytes, from, to, count] = [this.#bytes, this.#from, this.#to, this.#count];
    const length = to[0]! - from[0]!;
    const point = bytes.subarray(from[0], to[0]).indexOf(dot);
    const decimals = point < 0 ? 0 : length - point - 1;
    const pointed = Math.sign(decimals);
    let [sameWidth, plain] = [true, true];
    const numbers = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      const start = from[row]!;
      const size = to[row]! - start;
      const number = digitsOf(bytes, start, to[row]!, decimals);
      if (number < 0) return false;
      numbers[row] = number;
      if (size !== length) sameWidth = false;
      if ((size > decimals + 1 + pointed && bytes[start] === c0) || size === decimals + pointed) plain = false;
    }
    if (!sameWidth && !plain) return false;
    this.#bounds = boundsOf(numbers, 10 ** decimals);
    out
      .byte(columnKinds.numbers)
      .count(decimals)
      .count(sameWidth ? length : 0)
      .part(packNumbers(numbers));
    return true;
  }

  /** Values one behind the other with a line feed between; U+0001 escapes itself and line feeds. */
  #writeTexts(out: ByteWriter): void {
    const [bytes, from, to, count] = [this.#bytes, this.#from, this.#to, this.#count];
    let size = count - 1;
    for (let row = 0; row < count; row++) size += to[row]! - from[row]!;
    const joined = new Uint8Array(size * 2);
    let at = 0;
    for (let row = 0; row < count; row++) {
      if (row > 0) joined[at++] = lineFeed;
      const end = to[row]!;
      for (let i = from[row]!; i < end; i++) {
        const c = bytes[i]!;
        if (c === escape || c === lineFeed) joined[at++] = escape;
        joined[at++] = c === lineFeed ? lowerN : c;
      }
    }
    out.byte(columnKinds.texts).range(joined, 0, at);
  }
}

function boundsOf(numbers: Float64Array, unit: number): Bounds {
  let [least, largest] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    if (number < least) least = number;
    if (number > largest) largest = number;
  }
  return { least: least / unit, largest: largest / unit };
}

/** A place in the table by a value's length and its first and last bytes. */
function slotOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  const head = Math.min(to, from + hashedBytes);
  for (let i = from; i < head; i++) hash = Math.imul(hash ^ bytes[i]!, prime);
  for (let i = Math.max(head, to - hashedBytes); i < to; i++) hash = Math.imul(hash ^ bytes[i]!, prime);
  return (hash ^ (hash >>> 15)) & (tableSize - 1);
}

/** All digits of the value as one number, with its point `decimals` from the end; -1 when it is not of this form. */
function digitsOf(bytes: Uint8Array, from: number, to: number, decimals: number): number {
  const length = to - from;
  if (length > digitsMax + 1 || length === 0) return -1;
  const point = decimals === 0 ? -1 : to - decimals - 1;
  if (decimals > 0 && point < from + 1) return -1;
  let number = 0;
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    if (i === point) {
      if (c !== dot) return -1;
    } else if (c >= c0 && c <= c9) number = number * 10 + c - c0;
    else return -1;
  }
  return length - (decimals > 0 ? 1 : 0) > digitsMax ? -1 : number;
}

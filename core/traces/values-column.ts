import { DamageError } from '#core/blocks/index.ts';
import { decodeCodes, decodeIntegers, decodeTexts, findText, splitParts, type Codes } from './columns.ts';

/** The values of one key. Without `rows` there is a code for every row, 0 for none; else `codes[i]` is that of `rows[i]`, ascending. */
export class ValueColumn {
  /** A type for every different value. */
  readonly types: Uint8Array;
  /** One more than the index of the value. */
  readonly codes: Codes;
  readonly rows: Float64Array | undefined;
  readonly #textBytes: Uint8Array;
  #texts: readonly string[] | undefined;

  constructor(bytes: Uint8Array) {
    const [types, texts, codes, rows] = splitParts(bytes);
    if (types === undefined || texts === undefined || codes === undefined) throw new DamageError('a column of values is cut short');
    this.types = types;
    this.#textBytes = texts;
    this.codes = rows === undefined ? decodeCodes(codes) : oneMore(decodeCodes(codes));
    this.rows = rows && decodeIntegers(rows);
  }

  /** Decoded with the first call. */
  get texts(): readonly string[] {
    return (this.#texts ??= decodeTexts(this.#textBytes));
  }

  /** The indexes of a text, without decoding the others. */
  find(text: string): readonly number[] {
    return findText(this.#textBytes, text);
  }
}

function oneMore(codes: Codes): Uint32Array {
  const more = new Uint32Array(codes.length);
  for (let i = 0; i < codes.length; i++) more[i] = codes[i]! + 1;
  return more;
}

/** Calls `act` for every value of the rows [from, to), with the value's index. */
export function eachValue({ codes, rows }: ValueColumn, from: number, to: number, act: (row: number, value: number) => void): void {
  if (rows === undefined) {
    for (let row = from; row < to; row++) if (codes[row]! > 0) act(row, codes[row]! - 1);
    return;
  }
  for (let i = lowerBound(rows, from); i < rows.length && rows[i]! < to; i++) act(rows[i]!, codes[i]! - 1);
}

/** One text for each of the rows [from, to) that has any. */
export function textsOf(column: ValueColumn | undefined, from: number, to: number): Map<number, string> {
  const texts = new Map<number, string>();
  if (column !== undefined) eachValue(column, from, to, (row, value) => texts.set(row, column.texts[value]!));
  return texts;
}

/** The first index whose value is not below `wanted`. */
export function lowerBound(sorted: Float64Array | Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

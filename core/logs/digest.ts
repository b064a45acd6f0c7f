import { DamageError } from '#core/blocks/index.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { pairBytes } from './word-index.ts';

/** The least and the largest of a column of numbers; undefined for columns of other kinds. */
export type Bounds = { readonly least: number; readonly largest: number } | undefined;

/** What is told of a block's variables in a few bytes. Layout: FORMAT.md, "Digest". */
export interface Digest {
  /** Bit a * 37 + b: a and b stand side by side in a word. */
  readonly pairs: Uint8Array;
  /** By template and variable. */
  readonly bounds: readonly (readonly Bounds[])[];
}

const boundBytes = 16;

export function writeDigest({ pairs, bounds }: Digest): Buffer {
  const out = new ByteWriter(1024).raw(pairs).count(bounds.length);
  const numbers = new DataView(new ArrayBuffer(boundBytes));
  for (const columns of bounds) {
    out.count(columns.length);
    for (const column of columns) {
      out.byte(column === undefined ? 0 : 1);
      if (column === undefined) continue;
      numbers.setFloat64(0, column.least, true);
      numbers.setFloat64(8, column.largest, true);
      out.raw(new Uint8Array(numbers.buffer));
    }
  }
  return out.done();
}

/** Throws DamageError. */
export function readDigest(bytes: Uint8Array): Digest {
  if (bytes.length < pairBytes) throw new DamageError('the digest is too short');
  const reader = new ByteReader(bytes.subarray(pairBytes));
  const column = (): Bounds => {
    if (reader.byte() === 0) return undefined;
    const numbers = reader.take(boundBytes);
    return { least: numbers.readDoubleLE(0), largest: numbers.readDoubleLE(8) };
  };
  const bounds = Array.from({ length: reader.count() }, () => Array.from({ length: reader.count() }, column));
  return { pairs: bytes.subarray(0, pairBytes), bounds };
}

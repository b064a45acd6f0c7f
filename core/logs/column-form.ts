import type { Piece } from './cut.ts';

/** Forms of the values of one variable of one kind of line. Layout: FORMAT.md, "Columns". */
export const columnKinds = { constant: 0, codes: 1, hex: 2, numbers: 3, times: 4, texts: 5 } as const;
export const hexCharsMin = 8;
export const digitsMax = 15;

/** Nothing of a column is decoded before it is asked for. */
export interface Column {
  at(row: number): string;
  /** Marks the rows whose value may hold a piece. */
  mark(run: Piece, rows: Uint8Array): void;
  /** The different values, where they come again and again, and which of them each row has; without codes all rows have the first. */
  readonly values?: { readonly texts: readonly string[]; readonly codes: Uint8Array | undefined };
  /** The values times `unit`, where all are plain decimals. */
  readonly numbers?: () => { readonly values: Float64Array; readonly unit: number };
}

/** What a column needs to know of its rows: their times, in ns from the block's first. */
export type OffsetOf = (row: number) => number;

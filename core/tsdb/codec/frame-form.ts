import type { Histogram } from '#core/model/index.ts';
import type { ByteReader, ByteWriter } from '../bytes/bytes.ts';
import type { Columns } from './columns.ts';

/** The samples of one series of a group; `slot` is its place in the group, 0 to 63. */
export interface Member {
  readonly slot: number;
  readonly columns: Columns;
}

/** A run of samples of one series. */
export interface Stretch {
  /** Ascending. One array for every stretch of the frame with the same times; nobody writes to it. */
  readonly times: Float64Array;
  /** Writes the values of samples [from, to) to `out` from `at` on; zeros for histograms. */
  read(from: number, to: number, out: Float64Array, at: number): void;
  /** Whether any of the samples is a histogram; then `histograms` says which. */
  readonly isHistogram: boolean;
  /** Whether a sample may be a NaN or a histogram, as far as it can be told without decoding. */
  readonly mayHoldOdd: boolean;
  histograms(): readonly (Histogram | undefined)[] | undefined;
}

/** A frame whose checksum held. Stretches are decoded when they are read. */
export interface Frame {
  /** The stretches of a slot in order of time; empty when the frame has no samples of it. */
  stretches(slot: number): readonly Stretch[];
  /** About how much memory it takes. */
  readonly bytes: number;
}

/** A way to lay the members of a frame out in bytes. Adding one is a file and a row in `forms`. */
export interface FrameForm {
  readonly id: number;
  encode(writer: ByteWriter, windowStartMs: number, members: readonly Member[]): void;
  /** Throws DamageError. */
  open(payload: ByteReader): Frame;
}

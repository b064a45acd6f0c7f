import type { Columns } from './codec/columns.ts';
import type { Frame, Stretch } from './codec/frame-form.ts';
import type { FrameMeta } from './sealed.ts';

/** A frame with its bytes read and checked. */
export interface OpenFrame {
  readonly meta: FrameMeta;
  readonly frame: Frame;
}

/** Samples [from, to) of a stretch of frame `id`. */
export interface Piece {
  readonly id: number;
  readonly stretch: Stretch;
  readonly from: number;
  readonly to: number;
}

/** The sealed frames of a store, as a scan reads them. */
export interface SealedSource {
  /** The file that it reads, and a number that no other source of this process has. */
  readonly origin: { readonly path: string; readonly opening: number };
  /** The group's frames that overlap a range; none when the index is damaged, which is told. */
  frames(group: number, minMs: number, maxMs: number): readonly FrameMeta[];
  /** Frames by what the index tells of them; damaged ones are left out, which is told. Undefined when one is gone: recoded or deleted. */
  open(metas: readonly FrameMeta[]): OpenFrame[] | undefined;
  /** What frames hold of a slot within a range. */
  pieces(frames: readonly OpenFrame[], slot: number, minMs: number, maxMs: number): Piece[];
  /** The general case: overlaps, histograms, deletions. Where two frames hold the same time the older frame wins. */
  merge(ref: number | undefined, pieces: readonly Piece[]): Columns | undefined;
}

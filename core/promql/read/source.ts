import type { Matcher, Rollup, RollupRequest, SeriesColumns, UnixMs } from '#core/model/index.ts';

/** What the evaluator will do with the series; a source may use it to read less. */
export interface SelectHints {
  /** Distance of the evaluation steps; 0 for an instant query. */
  readonly stepMs: number;
  /** Length of the range selector; 0 for an instant selector. */
  readonly rangeMs: number;
  /** The function or aggregation right above the selector; empty when there is none. */
  readonly caller: string;
}

/** Means something to the source that gave it only. */
export type SourceMark = object;

/** The columns of a series that a source may still have to unpack. */
export interface ScannedColumns extends SeriesColumns {
  /** True: no sample is a NaN, a stale marker or a histogram; known without unpacking. */
  readonly isPlain?: boolean;
}

/** Where series come from. `minMs` and `maxMs` are inclusive. Stale markers are part of the samples: isStale() tells. */
export interface SeriesSource {
  select(
    matchers: readonly Matcher[],
    minMs: UnixMs,
    maxMs: UnixMs,
    signal?: AbortSignal,
    hints?: SelectHints,
  ): readonly SeriesColumns[] | Promise<readonly SeriesColumns[]>;
  /**
   * The same, unpacked one by one: the evaluator, which calls this where it is there, reads one series after the other, mostly in the order
   * given and once, and keeps no values. Arrays of times stay as they are, values may be overwritten by the next series'. `pause` is awaited
   * now and then, told how many series were found since, so that finding many holds nobody up.
   */
  scanInTurns?(
    matchers: readonly Matcher[],
    minMs: UnixMs,
    maxMs: UnixMs,
    pause: (series: number) => Promise<void>,
  ): Promise<readonly ScannedColumns[]>;
  /**
   * What the source keeps of buckets of time in place of samples, where it has them for all of the request, or where it has nothing else.
   * Answers made of them must be those of samples. Undefined: samples are to be read.
   */
  rollup?(matchers: readonly Matcher[], request: RollupRequest): Rollup | undefined;
  /** What the source holds now, to be asked about later. With it and the next, steps of range queries can be used again. */
  mark?(): SourceMark;
  /** The time before which answers are still those of a mark, to the bit; -Infinity when that cannot be told. */
  unchangedBefore?(mark: SourceMark): UnixMs;
}

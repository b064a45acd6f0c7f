import type { Cancel, Histogram, Labels, Matcher, SeriesColumns, UnixMs } from '#core/model/index.ts';

/** What one commit brought into a store. The arrays are valid during the call only. */
export interface Increments {
  /** Sample i is `values[i]` of series `refs[i]` at `timesMs[i]`; stale markers included. */
  readonly refs: Uint32Array;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms: readonly { readonly ref: number; readonly timeMs: UnixMs; readonly histogram: Histogram }[];
}

export interface StoreObserver {
  /** A commit has been made; its samples can be read. */
  added(increments: Increments): void;
  /** What could be read before is different now, other than by commits: series were deleted, a log is still being replayed. */
  changed(): void;
}

/** A store that tells what arrives. */
export interface IncrementalStore {
  /** As SeriesSource.select, but at once. */
  select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs, signal?: AbortSignal): readonly SeriesColumns[];
  /** The number by which increments name a series. */
  ref(labels: Labels): number;
  labels(ref: number): Labels;
  observe(observer: StoreObserver): Cancel;
}

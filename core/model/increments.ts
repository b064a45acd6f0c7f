import type { Histogram } from './histogram.ts';
import type { UnixMs } from './time.ts';

/** What one commit brought into a store of metrics. The arrays are valid during the call only. */
export interface Increments {
  /** Sample i is `values[i]` of series `refs[i]` at `timesMs[i]`; stale markers included. */
  readonly refs: Uint32Array;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** Of all samples, histograms too. */
  readonly oldestMs: UnixMs;
  readonly newestMs: UnixMs;
  readonly histograms: readonly { readonly ref: number; readonly timeMs: UnixMs; readonly histogram: Histogram }[];
}

export interface StoreObserver {
  /** A commit has been made; its samples can be read. */
  added(increments: Increments): void;
  /** What could be read before is different now, other than by commits: series were deleted, a log is still being replayed. */
  changed(): void;
}

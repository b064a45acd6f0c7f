import type { Labels } from './labels.ts';
import type { DurationMs, UnixMs } from './time.ts';

/**
 * What is kept of the samples of a series in one bucket of time, each a column of numbers. Stale markers are no samples; `fallen` adds
 * up the values before each fall, which makes increases counter-aware, and `resets` counts the falls. `tail` is 1 where the newest entry is a stale marker. Where `count` is 0 the bucket has markers alone:
 * its values are NaN and its times those of the newest marker.
 */
export const rollupParts = ['count', 'firstMs', 'lastMs', 'first', 'last', 'min', 'max', 'sum', 'fallen', 'resets', 'tail'] as const;
export type RollupPart = (typeof rollupParts)[number];

/** Samples with fromMs < time <= toMs are asked for. Any length of bucket fits that divides `evenMs`; 0 when none does. */
export interface RollupRequest {
  readonly fromMs: UnixMs;
  readonly toMs: UnixMs;
  readonly evenMs: DurationMs;
}

export interface RolledSeries {
  readonly labels: Labels;
  /** The asked parts of its buckets in order of time, a column each, in the order asked. Unpacked on demand: nobody keeps them. */
  read(parts: readonly RollupPart[]): readonly Float64Array[];
}

/** What a source has of rollups for a request. A bucket that ends at t holds the samples with t - bucketMs < time <= t. */
export interface Rollup {
  readonly bucketMs: DurationMs;
  /** Undefined: the request does not fit buckets of `bucketMs`, the finest there are, or samples that have none; samples must be read. */
  readonly series: readonly RolledSeries[] | undefined;
  /** Before it nothing but rollups is kept; undefined when the request does not reach so far back. */
  readonly rollupsOnlyBeforeMs: UnixMs | undefined;
  /** Before it only buckets of `coarserMs` are kept, which the request does not fit; undefined when it does not reach so far back. */
  readonly coarser: { readonly bucketMs: DurationMs; readonly beforeMs: UnixMs } | undefined;
}

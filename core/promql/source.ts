import type { Matcher, SeriesColumns, UnixMs } from '#core/model/index.ts';

/** What the evaluator will do with the series; a source may use it to read less. */
export interface SelectHints {
  /** Distance of the evaluation steps; 0 for an instant query. */
  readonly stepMs: number;
  /** Length of the range selector; 0 for an instant selector. */
  readonly rangeMs: number;
  /** The function or aggregation right above the selector; empty when there is none. */
  readonly caller: string;
}

/**
 * Where series come from. `minMs` and `maxMs` are inclusive. Stale markers are part of the samples: isStale() tells.
 * The evaluator reads one series after the other, mostly in the order given and once, and keeps no columns: a source may make
 * `timesMs`, `values` and `histograms` getters that unpack on demand and remember the last series only.
 */
export interface SeriesSource {
  select(
    matchers: readonly Matcher[],
    minMs: UnixMs,
    maxMs: UnixMs,
    signal?: AbortSignal,
    hints?: SelectHints,
  ): readonly SeriesColumns[] | Promise<readonly SeriesColumns[]>;
}

import type { Cancel, Labels, Matcher, SeriesColumns, StoreObserver, UnixMs } from '#core/model/index.ts';

/** A store that tells what arrives. */
export interface IncrementalStore {
  /** As SeriesSource.select, but at once. */
  select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs, signal?: AbortSignal): readonly SeriesColumns[];
  /** The number by which increments name a series. */
  ref(labels: Labels): number;
  labelsOf(ref: number): Labels;
  observe(observer: StoreObserver): Cancel;
}

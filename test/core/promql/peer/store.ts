import type { Clock, SeriesColumns } from '#core/model/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';

const still: Clock = { now: () => 0, monotonicMs: () => 0, after: () => () => undefined };

/** A store with these samples: the earlier half sealed, the later half in its head, so that queries read both. */
export function storeOf(series: readonly SeriesColumns[], folder: string): Tsdb {
  const store = openTsdb({ folder, clock: still, limits: { outOfOrderMs: Infinity, futureMs: Infinity } });
  const firstMs = Math.min(...series.map(({ timesMs }) => timesMs[0]!));
  const lastMs = Math.max(...series.map(({ timesMs }) => timesMs.at(-1)!));
  const halfMs = (firstMs + lastMs) / 2;
  add(store, series, -Infinity, halfMs);
  store.compact();
  add(store, series, halfMs, Infinity);
  return store;
}

function add(store: Tsdb, series: readonly SeriesColumns[], afterMs: number, untilMs: number): void {
  const batch = store.batch();
  for (const { labels, timesMs, values, histograms } of series) {
    const ref = store.ref(labels);
    timesMs.forEach((timeMs, i) => {
      if (timeMs <= afterMs || timeMs > untilMs) return;
      const histogram = histograms?.[i];
      if (histogram === undefined) batch.add(ref, timeMs, values[i]!);
      else batch.addHistogram(ref, timeMs, histogram);
    });
  }
  void batch.commit('process');
}

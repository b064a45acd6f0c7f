import { matchesLabels, type SeriesColumns } from '#core/model/index.ts';
import type { SeriesSource } from './source.ts';

/** A source over series in memory. Each must have its times ascending. */
export function memorySource(series: readonly SeriesColumns[]): SeriesSource {
  return {
    select: (matchers, minMs, maxMs) =>
      series.flatMap((columns) => {
        if (!matchesLabels(matchers, columns.labels)) return [];
        const from = firstAtOrAfter(columns.timesMs, minMs);
        const to = firstAtOrAfter(columns.timesMs, maxMs + 1);
        return from === to ? [] : [cut(columns, from, to)];
      }),
  };
}

function cut(columns: SeriesColumns, from: number, to: number): SeriesColumns {
  const part = { labels: columns.labels, timesMs: columns.timesMs.subarray(from, to), values: columns.values.subarray(from, to) };
  return columns.histograms === undefined ? part : { ...part, histograms: columns.histograms.slice(from, to) };
}

function firstAtOrAfter(timesMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

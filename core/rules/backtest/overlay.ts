import { labelsKey, labelValue, METRIC_NAME, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import type { SeriesSource } from '#core/promql/index.ts';
import type { GrowingStore } from '../growing-store.ts';

/**
 * The stored series, but of the names that the run writes only what lies before it, and from then on what the run wrote: a rule that
 * is tried must not read what the rule in force recorded.
 */
export function overlay(stored: SeriesSource, written: GrowingStore, names: ReadonlySet<string>, fromMs: UnixMs): SeriesSource {
  return {
    async select(matchers, minMs, maxMs, signal, hints) {
      const found = await stored.select(matchers, minMs, maxMs, signal, hints);
      const made = new Map(written.select(matchers, minMs, maxMs).map((columns) => [labelsKey(columns.labels), columns]));
      const series = found.flatMap((columns) => {
        if (!names.has(labelValue(columns.labels, METRIC_NAME))) return [columns];
        const key = labelsKey(columns.labels);
        const later = made.get(key);
        made.delete(key);
        return joined(before(columns, fromMs), later);
      });
      return [...series, ...made.values()];
    },
  };
}

function before(columns: SeriesColumns, fromMs: UnixMs): SeriesColumns | undefined {
  const count = columns.timesMs.findIndex((timeMs) => timeMs >= fromMs);
  if (count === 0) return undefined;
  if (count === -1) return columns;
  const cut = { labels: columns.labels, timesMs: columns.timesMs.subarray(0, count), values: columns.values.subarray(0, count) };
  return columns.histograms === undefined ? cut : { ...cut, histograms: columns.histograms.slice(0, count) };
}

function joined(first: SeriesColumns | undefined, second: SeriesColumns | undefined): SeriesColumns[] {
  if (first === undefined || second === undefined) return [first ?? second].filter((one) => one !== undefined);
  const timesMs = append(first.timesMs, second.timesMs);
  const part = { labels: first.labels, timesMs, values: append(first.values, second.values) };
  if (first.histograms === undefined && second.histograms === undefined) return [part];
  const blank = (of: SeriesColumns): undefined[] => Array.from({ length: of.timesMs.length });
  return [{ ...part, histograms: [...(first.histograms ?? blank(first)), ...(second.histograms ?? blank(second))] }];
}

function append(a: Float64Array, b: Float64Array): Float64Array {
  const both = new Float64Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

import {
  labelsKey,
  labelValue,
  matchesLabels,
  METRIC_NAME,
  type Histogram,
  type Labels,
  type Matcher,
  type SeriesColumns,
  type UnixMs,
} from '#core/model/index.ts';
import type { SeriesSource } from '#core/promql/index.ts';
import type { RuleSeries } from './types.ts';

/** A series that grows at its end. */
interface Growing {
  readonly labels: Labels;
  count: number;
  timesMs: Float64Array;
  values: Float64Array;
  histograms: (Histogram | undefined)[] | undefined;
}

const roomFirst = 16;

/** Series in memory that rules read while they write: for unit tests and backtests. A sample not newer than its series' last one is dropped. */
export class GrowingStore implements SeriesSource {
  readonly #series = new Map<string, Growing>();
  readonly #byName = new Map<string, Growing[]>();

  append({ timeMs, labels, values, histograms }: RuleSeries): void {
    for (const [i, labelSet] of labels.entries()) {
      const at = this.#grow(labelSet, timeMs);
      if (at === undefined) continue;
      at.series.values.set(values.subarray(i, i + 1), at.index);
      put(at.series, at.index, histograms?.[i]);
    }
  }

  /** Takes the samples of a series that lie in (afterMs, untilMs]. */
  load(columns: SeriesColumns, afterMs: UnixMs, untilMs: UnixMs): void {
    for (const [i, timeMs] of columns.timesMs.entries()) {
      if (timeMs <= afterMs || timeMs > untilMs) continue;
      const at = this.#grow(columns.labels, timeMs);
      if (at === undefined) continue;
      at.series.values.set(columns.values.subarray(i, i + 1), at.index);
      put(at.series, at.index, columns.histograms?.[i]);
    }
  }

  select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly SeriesColumns[] {
    const name = matchers.find((matcher) => matcher.name === METRIC_NAME && matcher.op === '=')?.value;
    const found: SeriesColumns[] = [];
    for (const series of name === undefined ? this.#series.values() : (this.#byName.get(name) ?? [])) {
      if (!matchesLabels(matchers, series.labels)) continue;
      const from = lowerBound(series, minMs);
      const to = lowerBound(series, maxMs + 1);
      if (from === to) continue;
      const part = { labels: series.labels, timesMs: series.timesMs.subarray(from, to), values: series.values.subarray(from, to) };
      found.push(series.histograms === undefined ? part : { ...part, histograms: series.histograms.slice(from, to) });
    }
    return found;
  }

  /** Where the sample goes; undefined when the series has one of that time or later. */
  #grow(labels: Labels, timeMs: UnixMs): { readonly series: Growing; readonly index: number } | undefined {
    const series = this.#of(labels);
    const index = series.count;
    if (index > 0 && timeMs <= series.timesMs[index - 1]!) return undefined;
    if (index === series.timesMs.length) {
      series.timesMs = doubled(series.timesMs);
      series.values = doubled(series.values);
    }
    series.timesMs[index] = timeMs;
    series.count++;
    return { series, index };
  }

  #of(labels: Labels): Growing {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, count: 0, timesMs: new Float64Array(roomFirst), values: new Float64Array(roomFirst), histograms: undefined };
      this.#series.set(key, series);
      const name = labelValue(labels, METRIC_NAME);
      const alike = this.#byName.get(name);
      if (alike === undefined) this.#byName.set(name, [series]);
      else alike.push(series);
    }
    return series;
  }
}

function put(series: Growing, index: number, histogram: Histogram | undefined): void {
  if (histogram === undefined && series.histograms === undefined) return;
  series.histograms ??= Array.from<undefined>({ length: index });
  series.histograms[index] = histogram;
}

function doubled(column: Float64Array): Float64Array {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

/** The index of the first sample at or after `timeMs`. */
function lowerBound(series: Growing, timeMs: UnixMs): number {
  let low = 0;
  let high = series.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (series.timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

import { isStale, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { lastOf, type Sight } from './grid.ts';
import { clearRow, float, newRow, setHistogram, type Head, type Row, type Vector } from './vector.ts';
import type { Budget } from './budget.ts';

/** The bounds, inclusive, of the samples that a selector with this lookback (or range) can see: it is open on the left. */
export function reach(sight: Sight, backMs: number): [minMs: UnixMs, maxMs: UnixMs] {
  return [sight.firstMs - backMs + 1, lastOf(sight)];
}

/**
 * The instant vector of a selector: at each step the newest sample that is at most `lookbackMs` old, unless it is stale.
 * With `ofTime` the value is the sample's own time in seconds, for timestamp().
 */
export function instantVector(series: readonly SeriesColumns[], sight: Sight, lookbackMs: number, ofTime: boolean, budget: Budget): Vector {
  const row = newRow(sight.steps);
  const heads: Head[] = series.map(({ labels }) => ({ labels, dropName: false }));
  return {
    heads,
    read(index) {
      clearRow(row);
      const columns = series[index]!;
      budget.loaded(columns.timesMs.length);
      budget.read(pick(columns, sight, lookbackMs, ofTime, row));
      return row;
    },
  };
}

function pick(columns: SeriesColumns, sight: Sight, lookbackMs: number, ofTime: boolean, row: Row): number {
  const { timesMs, values: samples } = columns;
  const histograms = columns.histograms;
  const { values, kinds } = row;
  const length = timesMs.length;
  let found = 0;
  let next = 0;
  for (let k = 0, at = sight.firstMs; k < sight.steps; k++, at += sight.stepMs) {
    while (next < length && timesMs[next]! <= at) next++;
    const i = next - 1;
    if (i < 0 || timesMs[i]! <= at - lookbackMs) continue;
    const value = samples[i]!;
    if (value !== value && isStale(samples, i)) continue;
    found++;
    const histogram = histograms?.[i];
    if (histogram !== undefined && !ofTime) setHistogram(row, k, histogram);
    else {
      values[k] = ofTime ? timesMs[i]! / 1000 : value;
      kinds[k] = float;
    }
  }
  return found;
}

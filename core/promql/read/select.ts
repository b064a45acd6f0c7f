import { isStale, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import { lastOf, type Sight } from '../grid.ts';
import { samplesIn } from '../histogram/size.ts';
import { absent, clearRow, float, newRow, setHistogram, type Head, type Row, type Vector } from '../vector.ts';
import type { Budget } from '../budget.ts';
import type { ScannedColumns } from './source.ts';

/** The bounds, inclusive, of the samples that a selector with this lookback (or range) can see: it is open on the left. */
export function reach(sight: Sight, backMs: number): [minMs: UnixMs, maxMs: UnixMs] {
  return [sight.firstMs - backMs + 1, lastOf(sight)];
}

/** What is wanted of the samples that a selector picks; `time` is their own, in seconds, for timestamp(). */
export type Wanted = 'value' | 'time' | 'kind';

/** Targets whose picks are remembered; those of more are made anew. */
const seenMax = 64;

/** The instant vector of a selector: at each step the newest sample that is at most `lookbackMs` old, unless it is stale. */
export function instantVector(series: readonly ScannedColumns[], sight: Sight, lookbackMs: number, wanted: Wanted, budget: Budget): Vector {
  const row = newRow(sight.steps);
  const heads: Head[] = series.map(({ labels }) => ({ labels, dropName: false }));
  const seen = new Map<Float64Array, Picks>();
  return {
    heads,
    read(index) {
      clearRow(row);
      const columns = series[index]!;
      const { timesMs } = columns;
      budget.loaded(timesMs.length);
      let picks = seen.get(timesMs);
      if (picks === undefined) {
        if (seen.size === seenMax) seen.clear();
        seen.set(timesMs, (picks = picksOf(timesMs, sight, lookbackMs)));
      }
      const found = columns.isPlain === true ? pickPlain(columns, picks, wanted, row) : pick(columns, picks, wanted, row);
      budget.read(found);
      if (sight.reads !== undefined) countPicked(row, sight.reads);
      return row;
    },
  };
}

function countPicked({ kinds, histograms }: Row, reads: Float64Array): void {
  for (let k = 0; k < kinds.length; k++) if (kinds[k] !== absent) reads[k]! += samplesIn(histograms?.[k]);
}

/** The index of the sample at each step, -1 for none. Series scraped together have the same. */
interface Picks {
  readonly indexes: Int32Array;
  readonly kinds: Uint8Array;
  readonly count: number;
}

function picksOf(timesMs: Float64Array, sight: Sight, lookbackMs: number): Picks {
  const indexes = new Int32Array(sight.steps).fill(-1);
  const kinds = new Uint8Array(sight.steps);
  let next = 0;
  let count = 0;
  for (let k = 0, at = sight.firstMs; k < sight.steps; k++, at += sight.stepMs) {
    while (next < timesMs.length && timesMs[next]! <= at) next++;
    if (next === 0 || timesMs[next - 1]! <= at - lookbackMs) continue;
    indexes[k] = next - 1;
    kinds[k] = float;
    count++;
  }
  return { indexes, kinds, count };
}

/** Floats, none of them a stale marker. */
function pickPlain(columns: ScannedColumns, { indexes, kinds, count }: Picks, wanted: Wanted, row: Row): number {
  row.kinds.set(kinds);
  if (wanted === 'kind') return count;
  const { values } = row;
  const from = wanted === 'time' ? columns.timesMs : columns.values;
  for (let k = 0; k < indexes.length; k++) {
    const i = indexes[k]!;
    if (i >= 0) values[k] = wanted === 'time' ? from[i]! / 1000 : from[i]!;
  }
  return count;
}

function pick(columns: SeriesColumns, { indexes }: Picks, wanted: Wanted, row: Row): number {
  const { timesMs, values: samples, histograms } = columns;
  const { values, kinds } = row;
  let found = 0;
  for (let k = 0; k < indexes.length; k++) {
    const i = indexes[k]!;
    if (i < 0) continue;
    const value = samples[i]!;
    if (value !== value && isStale(samples, i)) continue;
    found++;
    const histogram = histograms?.[i];
    if (histogram !== undefined && wanted !== 'time') setHistogram(row, k, histogram);
    else {
      values[k] = wanted === 'time' ? timesMs[i]! / 1000 : value;
      kinds[k] = float;
    }
  }
  return found;
}

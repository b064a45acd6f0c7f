import { labelsKey, writeStale, type Histogram, type Labels, type SeriesColumns } from '#core/model/index.ts';
import { hasCustomBounds } from '../histogram/buckets.ts';
import { wasReset } from '../histogram/compare.ts';
import { memorySource } from '../read/memory.ts';
import type { SeriesSource } from '../read/source.ts';
import type { Point, SeriesDescription } from './series.ts';

/** Series that load commands fill. A series loaded again at the same time keeps what came last. */
export class ScriptStore {
  readonly #series = new Map<string, { labels: Labels; points: Map<number, Point> }>();

  clear(): void {
    this.#series.clear();
  }

  load(descriptions: readonly SeriesDescription[], intervalMs: number): void {
    const batch = new Map(descriptions.map((description) => [labelsKey(description.labels), description]));
    for (const [key, { labels, points }] of batch) {
      let known = this.#series.get(key);
      if (known === undefined) this.#series.set(key, (known = { labels, points: new Map() }));
      for (const [i, point] of points.entries()) if (point.kind !== 'missing') known.points.set(i * intervalMs, point);
    }
  }

  source(): SeriesSource {
    return memorySource([...this.#series.values()].map(({ labels, points }) => columnsOf(labels, points)));
  }
}

function columnsOf(labels: Labels, points: ReadonlyMap<number, Point>): SeriesColumns {
  const timesMs = Float64Array.from(points.keys()).sort();
  const values = new Float64Array(timesMs.length);
  const list = Array.from(timesMs, (timeMs) => points.get(timeMs)!);
  for (const [i, point] of list.entries()) {
    if (point.kind === 'float') values[i] = point.value;
    if (point.kind === 'stale') writeStale(values, i);
  }
  if (!list.some((point) => point.kind === 'histogram')) return { labels, timesMs, values };
  return { labels, timesMs, values, histograms: withHints(list.map((point) => (point.kind === 'histogram' ? point.value : undefined))) };
}

/**
 * What a store tells of resets when it reads back: within a run of counter histograms "no reset", at the start of a run,
 * which a reset begins too, nothing. Gauges stay gauges.
 */
function withHints(list: readonly (Histogram | undefined)[]): (Histogram | undefined)[] {
  return list.map((value, i) => {
    if (value === undefined || value.resetHint === 'gauge') return value;
    const before = list[i - 1];
    const continues =
      before !== undefined &&
      before.resetHint !== 'gauge' &&
      hasCustomBounds(before) === hasCustomBounds(value) &&
      !wasReset(before, { ...value, resetHint: value.resetHint === 'reset' ? 'reset' : 'unknown' });
    return { ...value, resetHint: continues ? 'none' : 'unknown' };
  });
}

import {
  isStale,
  labelsKey,
  matchesLabels,
  writeStale,
  type Histogram,
  type Increments,
  type Labels,
  type Matcher,
  type SeriesColumns,
  type StoreObserver,
} from '#core/model/index.ts';
import type { IncrementalStore } from '#core/rules/index.ts';

export interface FedSample {
  readonly labels: Labels;
  readonly timeMs: number;
  /** `stale` writes the marker. */
  readonly value: number | 'stale' | Histogram;
}

/** A small store in memory that takes samples in any order and tells what it takes. */
export class FeedStore implements IncrementalStore {
  readonly #series: { labels: Labels; samples: Map<number, FedSample['value']> }[] = [];
  readonly #refs = new Map<string, number>();
  readonly #observers = new Set<StoreObserver>();
  /** Calls of select so far. */
  reads = 0;

  ref(labels: Labels): number {
    const key = labelsKey(labels);
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    this.#refs.set(key, this.#series.length);
    return this.#series.push({ labels, samples: new Map() }) - 1;
  }

  labelsOf(ref: number): Labels {
    return this.#series[ref]!.labels;
  }

  observe(observer: StoreObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Forgets the samples of a series, as a delete does. */
  delete(labels: Labels): void {
    this.#series[this.ref(labels)]!.samples.clear();
    for (const observer of this.#observers) observer.changed();
  }

  /** One commit. A sample at a time that its series has already is dropped, as a store drops it. */
  add(samples: readonly FedSample[]): void {
    const taken = samples.filter(({ labels, timeMs, value }) => {
      const { samples: held } = this.#series[this.ref(labels)]!;
      if (held.has(timeMs)) return false;
      held.set(timeMs, value);
      return true;
    });
    const floats = taken.filter(({ value }) => typeof value !== 'object');
    const values = new Float64Array(floats.length);
    floats.forEach(({ value }, i) => put(values, i, value));
    const increments: Increments = {
      refs: Uint32Array.from(floats, ({ labels }) => this.ref(labels)),
      timesMs: Float64Array.from(floats, ({ timeMs }) => timeMs),
      values,
      oldestMs: Math.min(...taken.map(({ timeMs }) => timeMs)),
      newestMs: Math.max(...taken.map(({ timeMs }) => timeMs)),
      histograms: taken.flatMap(({ labels, timeMs, value }) =>
        typeof value === 'object' ? [{ ref: this.ref(labels), timeMs, histogram: value }] : [],
      ),
    };
    for (const observer of this.#observers) observer.added(increments);
  }

  select(matchers: readonly Matcher[], minMs: number, maxMs: number): readonly SeriesColumns[] {
    this.reads++;
    return this.#series.flatMap(({ labels, samples }) => {
      if (!matchesLabels(matchers, labels)) return [];
      const times = [...samples.keys()].filter((timeMs) => timeMs >= minMs && timeMs <= maxMs).sort((a, b) => a - b);
      return times.length === 0 ? [] : [columns(labels, times, samples)];
    });
  }
}

function columns(labels: Labels, times: readonly number[], samples: ReadonlyMap<number, FedSample['value']>): SeriesColumns {
  const values = new Float64Array(times.length);
  times.forEach((timeMs, i) => put(values, i, samples.get(timeMs)!));
  const made = { labels, timesMs: Float64Array.from(times), values };
  const histograms = times.map((timeMs) => {
    const value = samples.get(timeMs);
    return typeof value === 'object' ? value : undefined;
  });
  return histograms.some((one) => one !== undefined) ? { ...made, histograms } : made;
}

function put(values: Float64Array, i: number, value: FedSample['value']): void {
  if (value === 'stale') writeStale(values, i);
  else values[i] = typeof value === 'number' ? value : 0;
}

/** What a rule wrote, as samples to feed. */
export function fedSamples({ labels, timeMs, values }: { labels: readonly Labels[]; timeMs: number; values: Float64Array }): FedSample[] {
  return labels.map((labelSet, i) => ({ labels: labelSet, timeMs, value: isStale(values, i) ? 'stale' : values[i]! }));
}

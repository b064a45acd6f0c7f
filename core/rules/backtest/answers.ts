import type { Histogram, Labels, SeriesColumns, UnixMs } from '#core/model/index.ts';
import type { RuleSample } from '../types.ts';

/** The answers of a range query, handed out time by time, going forward. */
export class RangeAnswers {
  readonly #series: readonly { readonly labels: Labels; readonly columns: SeriesColumns }[];
  readonly #next: Int32Array;

  constructor(series: readonly SeriesColumns[]) {
    this.#series = series.map((columns) => ({ labels: columns.labels, columns }));
    this.#next = new Int32Array(series.length);
  }

  /** The samples at `timeMs`; times must not go back. */
  at(timeMs: UnixMs): RuleSample[] {
    const samples: RuleSample[] = [];
    for (let i = 0; i < this.#series.length; i++) {
      const { labels, columns } = this.#series[i]!;
      const { timesMs, values, histograms } = columns;
      let at = this.#next[i]!;
      while (at < timesMs.length && timesMs[at]! < timeMs) at++;
      this.#next[i] = at;
      if (timesMs[at] === timeMs) samples.push(sample(labels, values[at]!, histograms?.[at]));
    }
    return samples;
  }
}

function sample(labels: Labels, value: number, histogram: Histogram | undefined): RuleSample {
  return histogram === undefined ? { labels, value } : { labels, value, histogram };
}

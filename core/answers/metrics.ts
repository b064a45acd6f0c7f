import type { Handlers, InstantAnswer, MetricName, QueryReport, RangeAnswer, SignalboxContract } from '#core/contract/index.ts';
import { assert, type Histogram, type Labels, type Matcher, type SeriesColumns } from '#core/model/index.ts';
import { formatHistogram, type InstantResult, type Notes, type Queries, type QueryStats, type RangeResult } from '#core/promql/index.ts';
import { parseMatchers } from '#core/promql/syntax/index.ts';
import type { Tsdb } from '#core/tsdb/index.ts';
import { cardinalityView } from './cardinality.ts';
import { exemplarsOf } from './exemplars.ts';
import type { Parts } from './parts.ts';

type Names = Extract<keyof SignalboxContract, `metrics.${string}` | `datasets.${string}`>;

/** A chart cannot show more lines, and a table no more rows, than a person reads; the API gives all. */
const seriesShownMax = 2000;

/** Metrics: queries, names, and where they come from. */
export class MetricDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  handlers(): Pick<Handlers<SignalboxContract>, Names> {
    const { clock } = this.#parts;
    const queriesOf = (dataset: string): Queries => this.#parts.datasets.of(dataset).queries;
    return {
      'datasets.list': () => this.#parts.datasets.list(),
      'metrics.instant': async ({ dataset, expr, timeMs }, { signal }) => {
        const atMs = timeMs ?? clock.now();
        return instantAnswer(await queriesOf(dataset).instant(expr, atMs, { signal }), atMs);
      },
      'metrics.range': async ({ dataset, expr, startMs, endMs, stepMs }, { signal }) => {
        return rangeAnswer(await queriesOf(dataset).range(expr, { startMs, endMs, stepMs }, { signal }));
      },
      'metrics.explain': async ({ dataset, expr, startMs, endMs, stepMs }, { signal }) => {
        const { explain, notes, stats } = await queriesOf(dataset).range(expr, { startMs, endMs, stepMs }, { signal, explain: true });
        assert(explain !== undefined, 'a query that is to be explained is');
        return { root: explain, ...report(notes, stats) };
      },
      'metrics.exemplars': ({ dataset, expr, startMs, endMs }) => exemplarsOf(this.#store(dataset), expr, startMs, endMs),
      'metrics.names': ({ dataset }) => metricNames(this.#store(dataset)),
      'metrics.cardinality': ({ dataset, limit }) => cardinalityView(this.#store(dataset), this.#parts.scraper.cuts(), limit),
      'metrics.labels': ({ dataset, match }) => this.#store(dataset).labelNames(matchersOf(match)),
      'metrics.labelValues': ({ dataset, match, label }) => this.#store(dataset).labelValues(label, matchersOf(match)),
    };
  }

  #store(dataset: string): Tsdb {
    return this.#parts.datasets.of(dataset).metrics;
  }
}

function metricNames(store: Tsdb): MetricName[] {
  const metadata = store.metadata();
  return store.labelValues('__name__').map((name) => {
    const known = metadata.get(name) ?? metadata.get(name.replace(/_(bucket|sum|count|total)$/, ''));
    return { name, type: 'unknown', help: '', unit: '', ...known };
  });
}

/** Selectors for names and values; a text that is a bare metric name is one too. */
function matchersOf(match: string | undefined): readonly Matcher[] | undefined {
  return match === undefined || match.trim() === '' ? undefined : parseMatchers(match);
}

function report({ warnings, infos }: Notes, stats: QueryStats): QueryReport {
  const { seriesCount, bytesRead, selectMs, steps, stepsReused } = stats;
  return { warnings, infos, seriesCount, samplesRead: stats.samplesLoaded, bytesRead, elapsedMs: stats.totalMs, selectMs, steps, stepsReused };
}

/** One sample of an answer's table; of a range vector the newest of each series. */
interface Row {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: Histogram | undefined;
}

function instantAnswer(result: InstantResult, timeMs: number): InstantAnswer {
  const rows = rowsOf(result);
  return {
    type: result.type,
    timeMs,
    text: result.type === 'string' ? result.text : '',
    labels: rows.map(({ labels }) => labels),
    values: Float64Array.from(rows, ({ value }) => value),
    histograms: rows.map(({ histogram }) => (histogram === undefined ? '' : formatHistogram(histogram))),
    ...report(result.notes, result.stats),
  };
}

function rowsOf(result: InstantResult): readonly Row[] {
  switch (result.type) {
    case 'vector':
      return result.samples.slice(0, seriesShownMax);
    case 'scalar':
      return [{ labels: [], value: result.value }];
    case 'string':
      return [];
    case 'matrix':
      return result.series
        .slice(0, seriesShownMax)
        .map(({ labels, values, histograms }) => ({ labels, value: values.at(-1)!, histogram: histograms?.at(-1) }));
  }
}

function rangeAnswer(result: RangeResult): RangeAnswer {
  const shown = result.series.slice(0, seriesShownMax).map(plottable);
  const starts = new Uint32Array(shown.length + 1);
  shown.forEach(({ values }, i) => (starts[i + 1] = starts[i]! + values.length));
  const timesMs = new Float64Array(starts.at(-1)!);
  const values = new Float64Array(timesMs.length);
  shown.forEach((series, i) => {
    timesMs.set(series.timesMs, starts[i]);
    values.set(series.values, starts[i]);
  });
  return {
    labels: shown.map(({ labels }) => labels),
    starts,
    timesMs,
    values,
    seriesCut: result.series.length - shown.length,
    ...report(result.notes, result.stats),
  };
}

/** A native histogram has no place on a line: its mean stands for it. */
function plottable(series: SeriesColumns): SeriesColumns {
  const { histograms } = series;
  if (histograms === undefined) return series;
  return { ...series, values: series.values.map((value, i) => (histograms[i] === undefined ? value : histograms[i].sum / histograms[i].count)) };
}

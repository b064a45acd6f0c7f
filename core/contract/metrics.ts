import * as v from 'valibot';
import type { Labels, MetricType } from '#core/model/index.ts';
import { datasetName, durationMs, nothing, queryText, unixMs } from './inputs.ts';
import { procedure } from './rpc.ts';

/** What a query had to say besides its result, and what it cost. */
export interface QueryReport {
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly seriesCount: number;
  readonly samplesRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  /** Of `elapsedMs`: finding the series. The rest is decoding and evaluating them. */
  readonly selectMs: number;
  /** Steps of the answer, and how many of them an earlier answer had. */
  readonly steps: number;
  readonly stepsReused: number;
}

/** What a part of a query gave and cost, and its own parts. */
export interface ExplainedPart {
  /** The part as text, and where it stands in the query (UTF-16 units, `to` exclusive). */
  readonly text: string;
  readonly place: { readonly from: number; readonly to: number };
  readonly kind: string;
  readonly type: 'scalar' | 'vector' | 'matrix' | 'string';
  readonly seriesCount: number;
  /** Labels of those series with the number of their different values, most first. */
  readonly labels: readonly { readonly name: string; readonly values: number }[];
  /** Without its parts, and with them. */
  readonly selfMs: number;
  readonly totalMs: number;
  readonly parts: readonly ExplainedPart[];
}

export interface ExplainAnswer extends QueryReport {
  readonly root: ExplainedPart;
}

/** An instant query's answer. A scalar is one sample without labels; a string has `text`. */
export interface InstantAnswer extends QueryReport {
  readonly type: 'vector' | 'scalar' | 'string' | 'matrix';
  readonly timeMs: number;
  readonly text: string;
  /** Flat label pairs of each sample (see Labels). */
  readonly labels: readonly (readonly string[])[];
  readonly values: Float64Array;
  /** Text form of native histograms, by index of the sample; empty where the sample is a number. */
  readonly histograms: readonly string[];
}

/**
 * A range query's answer as columns: series i has the points [starts[i], starts[i + 1]) of `timesMs` and `values`.
 * `starts` has one entry more than there are series.
 */
export interface RangeAnswer extends QueryReport {
  readonly labels: readonly (readonly string[])[];
  readonly starts: Uint32Array;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** Series left out because there were more than the screen can show; 0 when it has all. */
  readonly seriesCut: number;
}

export interface MetricName {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** What Signalbox can say of a dataset. */
export interface Dataset {
  readonly name: string;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly seriesCount: number;
  readonly sampleCount: number;
  readonly spanCount: number;
  readonly logCount: number;
  readonly bytesOnDisk: number;
  /** Why it cannot be opened: its sizes are then not known, and 0. */
  readonly problem?: string;
}

/** A name and how many series, or values, it has. */
export interface CountedName {
  readonly name: string;
  readonly count: number;
}

/** A metric of which a target was refused series: its label with the most refused values, 65,536 at most, and since when. */
export interface CutTargetView {
  readonly job: string;
  readonly url: string;
  readonly metric: string;
  readonly label: string;
  readonly values: number;
  readonly refused: number;
  readonly sinceMs: number;
  readonly lastMs: number;
  /** New series that the target may make at once, and again every hour. */
  readonly newSeriesMax: number;
  /** Whole pages were refused, since they have more samples than this. */
  readonly pageSamplesMax: number | undefined;
}

/** A metric of which the store refused series, whoever sent them; by reason, such as `series_limit`. */
export interface RefusedSeriesView {
  readonly metric: string;
  readonly reason: string;
  readonly times: number;
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly label: string;
  readonly values: number;
}

/** What makes the number of series; each list the largest first. */
export interface CardinalityView {
  readonly series: number;
  /** Pairs of a label and a value. */
  readonly pairs: number;
  /** Series of each metric. */
  readonly metrics: readonly CountedName[];
  /** Values of each label. */
  readonly labels: readonly CountedName[];
  /** Series of each pair, named `label=value`. */
  readonly labelPairs: readonly CountedName[];
  /** Labels with more values than an hour ago, or than at the start. */
  readonly growing: readonly { readonly label: string; readonly values: number; readonly added: number; readonly sinceMs: number }[];
  readonly refused: readonly RefusedSeriesView[];
  readonly cut: readonly CutTargetView[];
}

/** One observation that a series keeps as an example, with the trace that it came from where its labels tell one. */
export interface ExemplarView {
  readonly series: Labels;
  readonly labels: Labels;
  readonly value: number;
  readonly timeMs: number;
  /** 32 hex digits, or empty. */
  readonly traceId: string;
  /** 16 hex digits, or empty. */
  readonly spanId: string;
}

const point = v.object({ dataset: datasetName, expr: queryText, timeMs: v.optional(unixMs) });
const range = v.object({ dataset: datasetName, expr: queryText, startMs: unixMs, endMs: unixMs, stepMs: durationMs });
const among = v.object({ dataset: datasetName, match: v.optional(queryText) });

export const metricsContract = {
  'datasets.list': procedure<readonly Dataset[]>()(nothing),
  'metrics.instant': procedure<InstantAnswer>()(point),
  'metrics.range': procedure<RangeAnswer>()(range),
  /** The same query, with what each part of it gives and costs in place of its result. */
  'metrics.explain': procedure<ExplainAnswer>()(range),
  /** Of all series that the expression selects, by time; at most 1,000, evenly spread. */
  'metrics.exemplars': procedure<readonly ExemplarView[]>()(v.object({ dataset: datasetName, expr: queryText, startMs: unixMs, endMs: unixMs })),
  /** All metric names with what their exposition says of them. */
  'metrics.names': procedure<readonly MetricName[]>()(v.object({ dataset: datasetName })),
  /** Label names, of all series or of those that `match` selects. */
  'metrics.labels': procedure<readonly string[]>()(among),
  'metrics.labelValues': procedure<readonly string[]>()(v.object({ ...among.entries, label: v.string() })),
  'metrics.cardinality': procedure<CardinalityView>()(
    v.object({ dataset: datasetName, limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)) }),
  ),
};

import { customBoundsSchema, EngineError, labelsToRecord, type HttpAnswer, type Labels, type SeriesColumns, type UnixMs } from '#core/model/index.ts';
import {
  allBuckets,
  formatValue,
  type InstantResult,
  type Queries,
  type QueryOptions,
  type QueryRange,
  type QueryStats,
} from '#core/promql/index.ts';
import { typeOf } from '#core/promql/syntax/index.ts';
import type { Clock, Histogram } from '#core/model/index.ts';
import { closed, opened, succeeded } from './answer.ts';
import { formatSeconds, type JsonBytes } from './json.ts';
import { formatNumber } from './numbers.ts';
import { durationParam, exprParam, limitParam, optionalDuration, refused, timeParam, type Params } from './params.ts';

export interface QueryParts {
  readonly queries: Queries;
  readonly clock: Clock;
}

/** Longer than this no query runs, whatever its caller allows (reliability: query bomb). */
const durationMaxMs = 30_000;

/** Written in about 5 ms; then others have their turn. */
const pointsPerBreath = 20_000;

/** Points of a series that one answer may hold. Source: Prometheus' API, which counts intervals. */
const intervalsMax = 11_000;

/** GET and POST /api/v1/query. */
export async function instantQuery({ queries, clock }: QueryParts, params: Params, signal?: AbortSignal): Promise<HttpAnswer> {
  const limit = limitParam(params);
  const timeMs = timeParam(params, 'time', clock.now());
  const options = optionsOf(params, signal);
  const expr = exprParam(params);
  const result = await evaluated(() => queries.instant(expr, timeMs, options));
  const cut = limit > 0 && countOf(result) > limit;
  return succeeded({
    data: (out) => {
      out.ascii(`{"resultType":"${result.type}","result":`);
      writeInstant(out, result, cut ? limit : Number.POSITIVE_INFINITY);
      writeStats(out, params, result.stats, () => timeMs);
    },
    ...withCut(result.notes, cut),
  });
}

/** GET and POST /api/v1/query_range; `nocache=1` takes nothing from earlier answers, as with VictoriaMetrics. */
export async function rangeQuery({ queries }: QueryParts, params: Params, signal?: AbortSignal): Promise<HttpAnswer> {
  const limit = limitParam(params);
  const range = rangeOf(params);
  const options = optionsOf(params, signal);
  const expr = exprParam(params);
  const type = typeOf(expr);
  if (type !== 'scalar' && type !== 'vector')
    throw refused(
      'query',
      `invalid expression type "${type === 'matrix' ? 'range vector' : type}" for range query, must be Scalar or instant Vector`,
    );
  const result = await evaluated(() => queries.range(expr, range, { ...options, fresh: params.get('nocache') === '1' }));
  const cut = limit > 0 && result.series.length > limit;
  const shown = cut ? result.series.slice(0, limit) : result.series;
  const out = opened()
    .expect(shown.reduce((sum, { values }) => sum + values.length, 0))
    .ascii('{"resultType":"matrix","result":[');
  let written = 0;
  for (const [i, series] of shown.entries()) {
    if (i > 0) out.ascii(',');
    writeSeries(out, series);
    written += series.values.length;
    if (written < pointsPerBreath) continue;
    written = 0;
    await queries.breathe();
    if (signal?.aborted === true) throw new EngineError('cancelled', 'whoever asked has left');
  }
  writeStats(out.ascii(']'), params, result.stats, (step) => range.startMs + step * range.stepMs);
  return closed(out, withCut(result.notes, cut));
}

function rangeOf(params: Params): QueryRange {
  const startMs = timeParam(params, 'start');
  const endMs = timeParam(params, 'end');
  if (endMs < startMs) throw refused('end', 'end timestamp must not be before start time');
  const stepMs = durationParam(params, 'step');
  if (stepMs === undefined) throw refused('step', `cannot parse ${JSON.stringify(params.get('step') ?? '')} to a valid duration`);
  if (stepMs <= 0) throw refused('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  if (Math.floor((endMs - startMs) / stepMs) > intervalsMax)
    throw new EngineError('invalid', 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)');
  return { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) };
}

function optionsOf(params: Params, signal: AbortSignal | undefined): Pick<QueryOptions, 'text' | 'countSteps' | 'lookbackMs' | 'limits' | 'signal'> {
  const durationMs = Math.min(optionalDuration(params, 'timeout') ?? durationMaxMs, durationMaxMs);
  const lookbackMs = optionalDuration(params, 'lookback_delta', 'error parsing lookback delta duration: ') ?? 0;
  const limits = { durationMs, pointsMax: intervalsMax + 1 };
  return {
    text: params.get('query') ?? '',
    countSteps: wantsStats(params),
    limits,
    ...(lookbackMs > 0 && { lookbackMs }),
    ...(signal !== undefined && { signal }),
  };
}

/** The expression is right by now: what the data makes impossible is an `execution` error to Prometheus. */
async function evaluated<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'invalid') throw error;
    throw new EngineError('limit', error.message, error.place);
  }
}

function withCut(notes: { readonly warnings: readonly string[]; readonly infos: readonly string[] }, cut: boolean): typeof notes {
  return cut ? { ...notes, warnings: [...notes.warnings, 'results truncated due to limit'] } : notes;
}

function countOf(result: InstantResult): number {
  return result.type === 'vector' ? result.samples.length : result.type === 'matrix' ? result.series.length : 1;
}

function writeInstant(out: JsonBytes, result: InstantResult, limit: number): void {
  switch (result.type) {
    case 'scalar':
      out.ascii(`[${formatSeconds(result.timeMs)},"${formatValue(result.value)}"]`);
      return;
    case 'string':
      out
        .ascii(`[${formatSeconds(result.timeMs)},`)
        .json(result.text)
        .ascii(']');
      return;
    case 'matrix':
      return writeList(out, result.series.slice(0, limit), (series) => writeSeries(out, series));
    case 'vector':
      writeList(out, result.samples.slice(0, limit), ({ labels, timeMs, value, histogram }) => {
        writeMetric(out, labels);
        if (histogram === undefined) out.ascii(',"value":').sample(timeMs, value);
        else writeHistogramSample(out.ascii(',"histogram":'), formatSeconds(timeMs), histogram);
        out.ascii('}');
      });
  }
}

function writeSeries(out: JsonBytes, { labels, timesMs, values, histograms }: SeriesColumns): void {
  writeMetric(out, labels);
  if (histograms === undefined) out.ascii(',"values":').samples(timesMs, values);
  else writeMixed(out, timesMs, values, histograms);
  out.ascii('}');
}

function writeMixed(out: JsonBytes, timesMs: Float64Array, values: Float64Array, histograms: readonly (Histogram | undefined)[]): void {
  const isFloat = (_: number, i: number): boolean => histograms[i] === undefined;
  const floats = timesMs.filter(isFloat);
  if (floats.length > 0) out.ascii(',"values":').samples(floats, values.filter(isFloat));
  if (floats.length === timesMs.length) return;
  const rest = Array.from(timesMs.keys()).filter((i) => histograms[i] !== undefined);
  writeList(out.ascii(',"histograms":'), rest, (i) => writeHistogramSample(out, formatSeconds(timesMs[i]!), histograms[i]!));
}

function writeMetric(out: JsonBytes, labels: Labels): void {
  out.ascii('{"metric":').json(labelsToRecord(labels));
}

function writeHistogramSample(out: JsonBytes, time: string, histogram: Histogram): void {
  out.ascii(`[${time},{"count":"${formatNumber(histogram.count)}","sum":"${formatNumber(histogram.sum)}"`);
  const buckets = allBuckets(histogram).filter(({ count }) => count !== 0);
  if (buckets.length > 0) {
    out.ascii(',"buckets":');
    writeList(out, buckets, ({ lower, upper, count }) =>
      out.ascii(`[${boundaryRule(histogram, lower, upper)},"${formatNumber(lower)}","${formatNumber(upper)}","${formatNumber(count)}"]`),
    );
  }
  out.ascii('}]');
}

/** Which ends belong to a bucket. 0: the upper, 1: the lower, 3: both. Source: Prometheus' HTTP API documentation, "Native histograms". */
function boundaryRule({ schema }: Histogram, lower: number, upper: number): number {
  if (schema === customBoundsSchema) return lower === Number.NEGATIVE_INFINITY ? 3 : 0;
  if (lower < 0 && upper > 0) return 3;
  return upper > 0 ? 0 : 1;
}

function writeList<T>(out: JsonBytes, items: readonly T[], write: (item: T) => void): void {
  out.ascii('[');
  items.forEach((item, i) => {
    if (i > 0) out.ascii(',');
    write(item);
  });
  out.ascii(']');
}

const wantsStats = (params: Params): boolean => (params.get('stats') ?? '') !== '';

/** Any value of `stats` adds what the query cost, in Prometheus' names, with times in seconds; `all` the samples looked at by step too. */
function writeStats(out: JsonBytes, params: Params, stats: QueryStats, stepMs: (step: number) => UnixMs): void {
  if (wantsStats(params)) {
    const timings = {
      evalTotalTime: stats.totalMs / 1000,
      resultSortTime: 0,
      queryPreparationTime: stats.selectMs / 1000,
      innerEvalTime: stats.evaluateMs / 1000,
      execQueueTime: stats.queuedMs / 1000,
      execTotalTime: (stats.totalMs + stats.queuedMs) / 1000,
    };
    const byStep = Array.from(stats.samplesReadByStep ?? [], (count, k) => [stepMs(k) / 1000, count]);
    const samples = { totalQueryableSamples: stats.samplesRead, peakSamples: stats.samplesHeld };
    const shown = params.get('stats') === 'all' ? { totalQueryableSamplesPerStep: byStep, ...samples } : samples;
    out.ascii(',"stats":').json({ timings, samples: shown });
  }
  out.ascii('}');
}

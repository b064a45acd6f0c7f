import { customBoundsSchema, EngineError, labelsToRecord, type HttpAnswer, type Labels, type SeriesColumns } from '#core/model/index.ts';
import { allBuckets, formatValue, type InstantResult, type QueryStats, type Queries } from '#core/promql/index.ts';
import type { Clock, Histogram } from '#core/model/index.ts';
import { succeeded } from './answer.ts';
import { formatSeconds, type JsonBytes } from './json.ts';
import { durationParam, limitParam, needed, timeParam, type Params } from './params.ts';

export interface QueryParts {
  readonly queries: Queries;
  readonly clock: Clock;
}

/** Longer than this no query runs, whatever its caller allows (reliability: query bomb). */
const durationMaxMs = 30_000;

/** GET and POST /api/v1/query. */
export async function instantQuery({ queries, clock }: QueryParts, params: Params): Promise<HttpAnswer> {
  const expr = needed(params, 'query');
  const limit = limitParam(params);
  const result = await atParameter('query', () => queries.instant(expr, timeParam(params, 'time', clock.now()), optionsOf(params)));
  const cut = limit > 0 && countOf(result) > limit;
  return succeeded({
    data: (out) => {
      out.ascii(`{"resultType":"${result.type}","result":`);
      writeInstant(out, result, cut ? limit : Number.POSITIVE_INFINITY);
      writeStats(out, params, result.stats);
    },
    ...withCut(result.notes, cut),
  });
}

/** GET and POST /api/v1/query_range. */
export async function rangeQuery({ queries }: QueryParts, params: Params): Promise<HttpAnswer> {
  const expr = needed(params, 'query');
  const startMs = timeParam(params, 'start');
  const endMs = timeParam(params, 'end');
  const stepMs = durationParam(params, 'step');
  if (stepMs === undefined) throw new EngineError('invalid', 'invalid parameter "step": it is missing');
  const limit = limitParam(params);
  const result = await atParameter('query', () => queries.range(expr, { startMs, endMs, stepMs }, optionsOf(params)));
  const cut = limit > 0 && result.series.length > limit;
  const shown = cut ? result.series.slice(0, limit) : result.series;
  return succeeded({
    data: (out) => {
      out.ascii('{"resultType":"matrix","result":');
      writeList(out, shown, (series) => writeSeries(out, series));
      writeStats(out, params, result.stats);
    },
    ...withCut(result.notes, cut),
  });
}

function optionsOf(params: Params): { lookbackMs?: number; limits: { durationMs: number } } {
  const lookbackMs = durationParam(params, 'lookback_delta');
  const durationMs = Math.min(durationParam(params, 'timeout') ?? durationMaxMs, durationMaxMs);
  return lookbackMs === undefined ? { limits: { durationMs } } : { lookbackMs, limits: { durationMs } };
}

/** What is wrong with a query is said of its parameter, as Prometheus does. */
async function atParameter<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'invalid') throw error;
    throw new EngineError('invalid', `invalid parameter "${name}": ${error.message}`, error.place);
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
      out.sample(formatSeconds(result.timeMs), result.value);
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
        if (histogram === undefined) out.ascii(',"value":').sample(formatSeconds(timeMs), value);
        else writeHistogramSample(out.ascii(',"histogram":'), formatSeconds(timeMs), histogram);
        out.ascii('}');
      });
  }
}

function writeSeries(out: JsonBytes, { labels, timesMs, values, histograms }: SeriesColumns): void {
  writeMetric(out, labels);
  const all = Array.from(timesMs.keys());
  const floats = histograms === undefined ? all : all.filter((i) => histograms[i] === undefined);
  if (floats.length > 0) {
    out.ascii(',"values":');
    writeList(out, floats, (i) => out.sample(formatSeconds(timesMs[i]!), values[i]!));
  }
  if (floats.length < all.length) {
    out.ascii(',"histograms":');
    const rest = all.filter((i) => histograms?.[i] !== undefined);
    writeList(out, rest, (i) => writeHistogramSample(out, formatSeconds(timesMs[i]!), histograms![i]!));
  }
  out.ascii('}');
}

function writeMetric(out: JsonBytes, labels: Labels): void {
  out.ascii('{"metric":').json(labelsToRecord(labels));
}

function writeHistogramSample(out: JsonBytes, time: string, histogram: Histogram): void {
  out.ascii(`[${time},{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"`);
  const buckets = allBuckets(histogram).filter(({ count }) => count !== 0);
  if (buckets.length > 0) {
    out.ascii(',"buckets":');
    writeList(out, buckets, ({ lower, upper, count }) =>
      out.ascii(`[${boundaryRule(histogram, lower, upper)},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`),
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

/** `stats=all` (or any value) adds what the query cost, in Prometheus' names; times in seconds. */
function writeStats(out: JsonBytes, params: Params, stats: QueryStats): void {
  if ((params.get('stats') ?? '') !== '') {
    const timings = {
      evalTotalTime: stats.totalMs / 1000,
      resultSortTime: 0,
      queryPreparationTime: stats.selectMs / 1000,
      innerEvalTime: stats.evaluateMs / 1000,
      execQueueTime: 0,
      execTotalTime: stats.totalMs / 1000,
    };
    out.ascii(',"stats":').json({ timings, samples: { totalQueryableSamples: stats.samplesRead, peakSamples: stats.samplesHeld } });
  }
  out.ascii('}');
}

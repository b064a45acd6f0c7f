import { EngineError, labelsFromRecord, labelsKey, type Histogram, type SeriesColumns } from '#core/model/index.ts';
import { allBuckets, evaluateInstant, evaluateRange, type Notes, type SeriesSource } from '#core/promql/index.ts';
import { dataMinutes, dataStartMs } from './data.ts';
import { distance, parseValue } from './doubles.ts';
import type { ApiAnswer, Prometheus } from './prometheus.ts';
import { QueryMaker } from './queries.ts';
import { Random } from './random.ts';

/** A query whose answers differ. */
export interface Difference {
  readonly query: string;
  readonly at: string;
  readonly what: string;
}

export interface DifferentialReport {
  readonly asked: number;
  /** Answers that are an error on both sides. */
  readonly errors: number;
  readonly empty: number;
  /** Differences that a known change between versions or rounding explains, by name. */
  readonly explained: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
}

/** Asks `count` random queries of both, instant and range by turns. */
export async function differ(peer: Prometheus, source: SeriesSource, seed: number, count: number): Promise<DifferentialReport> {
  const maker = new QueryMaker(seed);
  const random = new Random(seed + 1);
  const explained = new Map<string, number>();
  const differences: Difference[] = [];
  let errors = 0;
  let empty = 0;
  for (let i = 0; i < count; i++) {
    const query = maker.query();
    const times = i % 2 === 0 ? instantTimes(random) : rangeTimes(random);
    const [theirs, ours] = [await ask(peer, query, times), await answer(source, query, times)];
    if (theirs.error !== undefined && ours.error !== undefined) errors++;
    if (theirs.error === undefined && theirs.series.size === 0) empty++;
    const what = compare(theirs, ours, query);
    if (what === undefined) continue;
    const why = explain(query, what);
    if (why !== undefined) explained.set(why, (explained.get(why) ?? 0) + 1);
    else differences.push({ query, at: JSON.stringify(times), what });
  }
  return { asked: count, errors, empty, explained, differences };
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
  /** 0: instant. */
  readonly stepMs: number;
}

function instantTimes(random: Random): Times {
  const atMs = dataStartMs + random.below(dataMinutes * 60) * 1000;
  return { startMs: atMs, endMs: atMs, stepMs: 0 };
}

function rangeTimes(random: Random): Times {
  const startMs = dataStartMs + random.below(dataMinutes * 45) * 1000;
  const stepMs = random.pick([7_000, 15_000, 60_000, 300_000]);
  return { startMs, endMs: startMs + stepMs * random.below(12), stepMs };
}

/** An answer in one form: by label set, times and values or histogram texts. */
interface Answer {
  readonly error: string | undefined;
  readonly type: string;
  readonly series: ReadonlyMap<string, readonly Point[]>;
  readonly notes: Notes;
}

interface Point {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: readonly number[] | undefined;
}

async function ask(peer: Prometheus, query: string, { startMs, endMs, stepMs }: Times): Promise<Answer> {
  const seconds = (ms: number): string => String(ms / 1000);
  const answer =
    stepMs === 0
      ? await peer.query('query', { query, time: seconds(startMs) })
      : await peer.query('query_range', { query, start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) });
  const notes = { warnings: [...(answer.warnings ?? [])], infos: [...(answer.infos ?? [])] };
  if (answer.status === 'error' || answer.data === undefined) return { error: answer.error ?? '', type: '', series: new Map(), notes };
  return { error: undefined, type: answer.data.resultType, series: readResult(answer.data), notes };
}

interface ApiSeries {
  readonly metric: Record<string, string>;
  readonly value?: [number, string];
  readonly values?: [number, string][];
  readonly histogram?: [number, ApiHistogram];
  readonly histograms?: [number, ApiHistogram][];
}

interface ApiHistogram {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: [number, string, string, string][];
}

function readResult({ resultType, result }: NonNullable<ApiAnswer['data']>): Map<string, Point[]> {
  if (resultType === 'scalar') return new Map([['', [floatPoint(result as [number, string])]]]);
  const series = new Map<string, Point[]>();
  for (const one of result as ApiSeries[]) {
    const floats = one.values ?? (one.value === undefined ? [] : [one.value]);
    const histograms = one.histograms ?? (one.histogram === undefined ? [] : [one.histogram]);
    const points = [...floats.map(floatPoint), ...histograms.map(histogramPoint)].sort((a, b) => a.timeMs - b.timeMs);
    series.set(labelsKey(labelsFromRecord(one.metric)), points);
  }
  return series;
}

function floatPoint([seconds, text]: [number, string]): Point {
  return { timeMs: Math.round(seconds * 1000), value: parseValue(text), histogram: undefined };
}

function histogramPoint([seconds, h]: [number, ApiHistogram]): Point {
  const buckets = (h.buckets ?? []).flatMap(([, lower, upper, count]) => [parseValue(lower), parseValue(upper), parseValue(count)]);
  return { timeMs: Math.round(seconds * 1000), value: 0, histogram: [parseValue(h.count), parseValue(h.sum), ...buckets] };
}

function numbersOf(h: Histogram): number[] {
  return [h.count, h.sum, ...allBuckets(h).flatMap(({ lower, upper, count }) => [lower, upper, count])];
}

async function answer(source: SeriesSource, query: string, times: Times): Promise<Answer> {
  try {
    if (times.stepMs > 0) {
      const result = await evaluateRange(source, query, times);
      const series = result.series.map((one) => [labelsKey(one.labels), pointsOf(one)] as const);
      return { error: undefined, type: 'matrix', series: new Map(series), notes: result.notes };
    }
    const result = await evaluateInstant(source, query, times.startMs);
    const base = { error: undefined, type: result.type, notes: result.notes };
    if (result.type === 'scalar') return { ...base, series: new Map([['', [{ timeMs: result.timeMs, value: result.value, histogram: undefined }]]]) };
    if (result.type !== 'vector') throw new Error(`unexpected ${result.type}`);
    const points = result.samples.map(
      (s) =>
        [
          labelsKey(s.labels),
          [{ timeMs: s.timeMs, value: s.value, histogram: s.histogram === undefined ? undefined : numbersOf(s.histogram) }],
        ] as const,
    );
    return { ...base, series: new Map(points) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { error: error.message, type: '', series: new Map(), notes: { warnings: [], infos: [] } };
  }
}

function pointsOf({ timesMs, values, histograms }: SeriesColumns): Point[] {
  return Array.from(timesMs, (timeMs, i) => {
    const histogram = histograms?.[i];
    return { timeMs, value: values[i]!, histogram: histogram === undefined ? undefined : numbersOf(histogram) };
  });
}

function compare(theirs: Answer, ours: Answer, query: string): string | undefined {
  if ((theirs.error === undefined) !== (ours.error === undefined)) return `error: theirs ${theirs.error ?? 'none'}, ours ${ours.error ?? 'none'}`;
  if (theirs.error !== undefined) return undefined;
  if (theirs.type !== ours.type) return `type: theirs ${theirs.type}, ours ${ours.type}`;
  for (const [key, points] of theirs.series) {
    const other = ours.series.get(key);
    if (other === undefined) return `series missing in ours: ${show(key)} ${showPoints(points)}`;
    const what = comparePoints(points, other);
    if (what !== undefined) return `${show(key)}: ${what}`;
  }
  for (const [key, points] of ours.series) if (!theirs.series.has(key)) return `series missing in theirs: ${show(key)} ${showPoints(points)}`;
  return compareNotes('warnings', theirs, ours, query) ?? compareNotes('infos', theirs, ours, query);
}

const show = (key: string): string => key.replaceAll('\ud800', ' ');
const showPoints = (points: readonly Point[]): string => JSON.stringify(points.slice(0, 3));

function comparePoints(theirs: readonly Point[], ours: readonly Point[]): string | undefined {
  if (theirs.length !== ours.length) return `${theirs.length} points in theirs, ${ours.length} in ours`;
  for (const [i, a] of theirs.entries()) {
    const b = ours[i]!;
    if (a.timeMs !== b.timeMs) return `time: theirs ${a.timeMs}, ours ${b.timeMs}`;
    const far = Math.max(distance(a.value, b.value), histogramDistance(a.histogram, b.histogram));
    if (far > 4)
      return `value (${far} doubles apart): theirs ${a.value} ${a.histogram?.join(' ') ?? ''}, ours ${b.value} ${b.histogram?.join(' ') ?? ''}`;
  }
  return undefined;
}

function histogramDistance(a: readonly number[] | undefined, b: readonly number[] | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : Infinity;
  if (a.length !== b.length) return Infinity;
  return Math.max(...a.map((value, i) => distance(value, b[i]!)));
}

function compareNotes(kind: 'warnings' | 'infos', theirs: Answer, ours: Answer, query: string): string | undefined {
  const clean = (list: readonly string[]): string[] => list.map((text) => text.replace(/, from buckets .*(?= \()/, '')).sort();
  const [a, b] = [clean(theirs.notes[kind]), clean(ours.notes[kind])];
  if (a.some((text) => /more .* omitted/.test(text))) return undefined;
  const missing = a.filter((text) => !b.includes(text));
  const extra = b.filter((text) => !a.includes(text));
  if (missing.length === 0 && extra.length === 0) return undefined;
  return `${kind}: only theirs ${JSON.stringify(missing)}, only ours ${JSON.stringify(extra)} (${query.length})`;
}

/** Why an answer may differ. */
function explain(query: string, what: string): string | undefined {
  if (/only theirs \[.*\(1:1\)"\]/.test(what) && query.includes(':')) return 'the place of a subquery is 1:1 in Prometheus';
  if (/for metric name \\"\\" /.test(what)) return 'newer: no empty metric names in notes';
  if (query.includes('histogram_fraction') && /theirs NaN/.test(what)) return 'newer: histogram_fraction interpolates in the first bucket';
  if (query.includes('mad_over_time') && /ours NaN|points in theirs|series missing/.test(what)) return 'newer: a NaN makes mad_over_time NaN';
  if (/\/ 0/.test(query) && /zero bucket|theirs 0 /.test(what)) return 'newer: division of a histogram by zero';
  if (/many-to-one matching must be explicit/.test(what) && /theirs none/.test(what))
    return 'newer: many-to-one is an error even where a filter drops all';
  if (/conflicting counter resets/.test(what)) return 'newer: warns of conflicting counter resets';
  if (/ignored histogram in/.test(what)) return 'newer: the place of an aggregation';
  if (/is not a (?:counter|gauge)/.test(what) || /(?:resets|changes)\(\(?-?(?:size|latency)/.test(query))
    return 'newer: differences of histograms are gauges';
  if (/(?:rate|increase)\(.*(?:latency|size)/.test(query) && /doubles apart/.test(what)) return 'newer: rates of histograms stop at zero';
  if (/(?:stdvar|stddev|sum|avg)/.test(query) && near(what)) return 'the order in which series are added up';
  if (/(?:topk|bottomk)/.test(query) && /series missing|points in theirs/.test(what)) return 'which of equal elements stay';
  if (/@/.test(query) && /quantile[^_]/.test(query)) return 'Prometheus takes an aggregation over @ as fixed even if its parameter is not';
  if (query.includes('histogram_fraction') && /duration_seconds/.test(query)) return 'newer: histogram_fraction interpolates in the first bucket';
  if (query.includes('info(')) return 'newer: info() over series that come and go';
  if (/(?:sum|avg)/.test(query) && /theirs 0 \S+ \S+ \S+/.test(what)) return 'newer: compensated sums of histograms';
  if (query.includes('count_values') && /series missing/.test(what)) return 'count_values of values that differ in the last bits';
  if (/sort is ineffective/.test(what)) return 'newer: sort() in range queries warns';
  if (/\b(?:minute|hour|day_of|days_in|month|year)/.test(query) && /NaN/.test(what)) return 'Go turns NaN and infinities into some integer';
  if (
    /\b(?:histogram_quantile|sin|cos|tan|atan|sinh|tanh|exp|ln|log2|log10|\^|atan2)\b|\^/.test(query) &&
    /doubles apart/.test(what) &&
    (near(what) || /(?:sin|cos|tan)\(.*\^|%.*\^|\^.*%|(?:stddev|stdvar).*(?:atan2|sin|cos)/.test(query))
  )
    return 'mathematical functions differ in the last bits';
  return undefined;
}

/** Whether the two values are equal to ten digits. */
function near(what: string): boolean {
  const [, theirs, ours] = /theirs (\S+) .*, ours (\S+)/.exec(what) ?? [];
  const [a, b] = [Number(theirs), Number(ours)];
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

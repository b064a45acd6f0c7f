import { EngineError, labelsFromRecord, labelsKey, type Histogram, type SeriesColumns } from '#core/model/index.ts';
import { allBuckets, evaluateInstant, evaluateRange, parseExpr, type Notes, type QueryOptions, type SeriesSource } from '#core/promql/index.ts';
import { typeOf } from '#core/promql/syntax/index.ts';
import { dataMinutes, dataStartMs } from './data.ts';
import { distance, parseValue } from './doubles.ts';
import { mutated } from './mutate.ts';
import { nameOf } from './named.ts';
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
  /** Answers that are an error on both sides, to queries that are well formed. */
  readonly errors: number;
  /** Spoiled queries that both sides refuse. */
  readonly refused: number;
  readonly empty: number;
  /** Differences that a known change between versions or rounding explains, by name. */
  readonly explained: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
}

/** Asks `count` random queries of both, instant and range by turns; each sixth is spoiled, and as a rule an error on both sides. */
export async function differ(
  peer: Prometheus,
  source: SeriesSource,
  seed: number,
  count: number,
  options: QueryOptions = {},
): Promise<DifferentialReport> {
  const maker = new QueryMaker(seed);
  const random = new Random(seed + 1);
  const explained = new Map<string, number>();
  const differences: Difference[] = [];
  let errors = 0;
  let refused = 0;
  let empty = 0;
  for (let i = 0; i < count; i++) {
    const isSpoiled = i % 6 === 5;
    const query = isSpoiled ? mutated(maker.query(), random) : maker.query();
    const times = i % 2 === 0 ? instantTimes(random) : rangeTimes(random);
    const [theirs, ours] = [await ask(peer, query, times), await answer(source, query, times, options)];
    if (theirs.error !== undefined && ours.error !== undefined) {
      if (isSpoiled) refused++;
      else errors++;
    }
    if (theirs.error === undefined && theirs.series.size === 0) empty++;
    const what = compare(theirs, ours, query);
    if (what === undefined) continue;
    const why = nameOf({ query, delayed: options.delayedNames === true, what, theirs, ours });
    if (why !== undefined) explained.set(why, (explained.get(why) ?? 0) + 1);
    else differences.push({ query, at: JSON.stringify(times), what });
  }
  return { asked: count, errors, refused, empty, explained, differences };
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
  /** As Prometheus' API calls it: `bad_data` is wrong before the data is looked at. */
  readonly errorType: string;
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
  if (answer.status === 'error' || answer.data === undefined)
    return { error: answer.error ?? '', errorType: answer.errorType ?? '', type: '', series: new Map(), notes };
  return { error: undefined, errorType: '', type: answer.data.resultType, series: readResult(answer.data), notes };
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
  if (resultType === 'string') return new Map();
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

async function answer(source: SeriesSource, query: string, times: Times, options: QueryOptions): Promise<Answer> {
  try {
    if (times.stepMs > 0) {
      const result = await evaluateRange(source, query, times, options);
      const series = result.series.map((one) => [labelsKey(one.labels), pointsOf(one)] as const);
      return { error: undefined, errorType: '', type: 'matrix', series: new Map(series), notes: result.notes };
    }
    const result = await evaluateInstant(source, query, times.startMs, options);
    const base = { error: undefined, errorType: '', type: result.type, notes: result.notes };
    if (result.type === 'scalar') return { ...base, series: new Map([['', [{ timeMs: result.timeMs, value: result.value, histogram: undefined }]]]) };
    if (result.type === 'string') return { ...base, series: new Map() };
    if (result.type === 'matrix') return { ...base, series: new Map(result.series.map((one) => [labelsKey(one.labels), pointsOf(one)])) };
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
    return { error: error.message, errorType: errorTypeOf(query, times), type: '', series: new Map(), notes: { warnings: [], infos: [] } };
  }
}

/** What is wrong with the text or the type of the query is `bad_data`, what the data makes impossible `execution`. */
function errorTypeOf(query: string, { stepMs }: Times): string {
  try {
    const type = typeOf(parseExpr(query));
    return stepMs > 0 && type !== 'scalar' && type !== 'vector' ? 'bad_data' : 'execution';
  } catch {
    return 'bad_data';
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
  if (theirs.errorType !== ours.errorType)
    return `error type: theirs ${theirs.errorType} ${theirs.error ?? ''}, ours ${ours.errorType} ${ours.error ?? ''}`;
  if (theirs.error !== undefined) return sameError(theirs, ours) ? undefined : `error text: theirs ${theirs.error}, ours ${ours.error}`;
  if (theirs.type !== ours.type) return `type: theirs ${theirs.type}, ours ${ours.type}`;
  for (const [key, points] of theirs.series) {
    const other = ours.series.get(key);
    if (other === undefined) return `series missing in ours: ${show(key)} ${showPoints(points)}`;
    const what = comparePoints(points, other);
    if (what !== undefined) return `${show(key)}: ${what}`;
  }
  for (const [key, points] of ours.series) if (!theirs.series.has(key)) return `series missing in theirs: ${show(key)} ${showPoints(points)}`;
  if (!sameOrder(query, theirs, ours)) return `order: theirs ${orderOf(theirs)}, ours ${orderOf(ours)}`;
  return compareNotes('warnings', theirs, ours, query) ?? compareNotes('infos', theirs, ours, query);
}

const show = (key: string): string => key.replaceAll('\ud800', ' ');
const showPoints = (points: readonly Point[]): string => JSON.stringify(points.slice(0, 3));

/** Texts of what the data makes impossible are the same; parse errors have words of their own. */
function sameError(theirs: Answer, ours: Answer): boolean {
  return theirs.errorType !== 'execution' || ownWords(theirs.error ?? '') === ownWords(ours.error ?? '');
}

/** Of series that are not unique Prometheus shows which it finds first, newer ones sorted; what is no number it words anew now and then. */
function ownWords(error: string): string {
  if (/value (?:NaN )?is NaN|NaN overflows int64/.test(error)) return 'is NaN';
  return error.replace(/for the match group .* on the (left|right).*?: \[.*\];/, 'on the $1;');
}

/** Of sorted answers, whether they are in the same order, but for elements that are equal to the sort. */
function sameOrder(query: string, theirs: Answer, ours: Answer): boolean {
  if (query.startsWith('sort_by_label')) return [...theirs.series.keys()].join() === [...ours.series.keys()].join();
  return !query.startsWith('sort') || orderOf(theirs) === orderOf(ours);
}

function orderOf({ series }: Answer): string {
  return [...series.values()].map((points) => points[0]?.value.toPrecision(10)).join(' ');
}

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

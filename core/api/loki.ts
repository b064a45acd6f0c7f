import { labelNames, logqlKind, type Logs, type MetricAnswer } from '#core/logs/index.ts';
import {
  EngineError,
  labelPairs,
  labelsFrom,
  labelsKey,
  labelsToRecord,
  labelValue,
  messageOf,
  parseDuration,
  type Clock,
  type HttpAnswer,
  type LogRecord,
} from '#core/model/index.ts';
import { plainly } from './answer.ts';
import { formatNumber } from './numbers.ts';
import type { Params } from './params.ts';

/** What Loki's read API is answered from. Source: Loki's HTTP API documentation, "Query endpoints". */
export interface LokiParts {
  readonly logs: Logs;
  readonly clock: Clock;
  /** Aborted when the client leaves. */
  readonly signal?: AbortSignal | undefined;
}

const hourNs = 3_600_000_000_000n;
const linesDefault = 100;
const linesMax = 5000;
const pageLinesMax = 1000;
/** A search that finds less goes on until then. */
const searchBudgetMs = 30_000;
const stepsDefault = 250;

type Endpoint = (parts: LokiParts, params: Params) => HttpAnswer | Promise<HttpAnswer>;

const endpoints: Readonly<Record<string, Endpoint>> = {
  query: instantQuery,
  query_range: rangeQuery,
  labels: ({ logs, clock }, params) => plainly(labelNames(streamsOf(logs, clock, params, []))),
  label: ({ logs, clock }, params) => plainly(labelNames(streamsOf(logs, clock, params, []))),
  series: ({ logs, clock }, params) => plainly(streamsOf(logs, clock, params, selectorsOf(params)).map(labelsToRecord)),
  'index/stats': indexStats,
  'status/buildinfo': () => plainly({ version: '3.0.0', revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
};

/** Endpoints of Loki that are refused by name, and what to do instead. */
const later: ReadonlyMap<string, string> = new Map([
  ['tail', 'ask query_range for the lines after the last one, or watch them on the screen of logs'],
  ['delete', 'set retention.logs in signalbox.yml'],
  ['patterns', 'the screen of logs has them'],
  ['detected_fields', 'the screen of logs has them'],
  ['detected_labels', 'ask labels'],
  ['index/volume', 'ask query for sum by (...) (bytes_over_time(...))'],
  ['index/volume_range', 'ask query_range for sum by (...) (bytes_over_time(...))'],
  ['format_query', 'the editor of the screen of logs marks what is wrong in a query'],
]);

/** The answer to a path behind `/loki/api/v1/`; undefined when there is nothing. */
export async function answerLoki(parts: LokiParts, path: string, params: Params): Promise<HttpAnswer | undefined> {
  try {
    const values = /^label\/([^/]+)\/values$/.exec(path);
    if (values !== null) return labelValuesOf(parts, decodeURIComponent(values[1]!), params);
    const instead = later.get(path);
    if (instead !== undefined) throw new EngineError('unsupported', `/loki/api/v1/${path} is not yet supported; ${instead}`);
    return Object.hasOwn(endpoints, path) ? await endpoints[path]!(parts, params) : undefined;
  } catch (error) {
    // Loki says what is wrong as plain text, and its clients show it so.
    if (!(error instanceof EngineError)) throw error;
    const status = error.code === 'timeout' ? 504 : error.code === 'unavailable' ? 503 : error.code === 'unsupported' ? 501 : 400;
    return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${messageOf(error)}\n` };
  }
}

function labelValuesOf({ logs, clock }: LokiParts, name: string, params: Params): HttpAnswer {
  const query = params.get('query') ?? '';
  const values = streamsOf(logs, clock, params, query === '' ? [] : [query]).map((labels) => labelValue(labels, name));
  return plainly([...new Set(values)].filter((value) => value !== '').sort());
}

function selectorsOf(params: Params): string[] {
  return [...params.getAll('match[]'), ...params.getAll('match')];
}

function streamsOf(logs: Logs, clock: Clock, params: Params, selectors: readonly string[]): ReturnType<Logs['streams']> {
  const { fromNs, toNs } = rangeOf(params, clock, 6n * hourNs);
  return logs.streams(selectors, fromNs, toNs + 1n);
}

async function instantQuery(parts: LokiParts, params: Params): Promise<HttpAnswer> {
  const { logs, clock, signal } = parts;
  const query = params.get('query') ?? '';
  const timeNs = timeOf(params.get('time'), 'time') ?? nowNs(clock);
  if (logqlKind(query) === 'log') return lines(parts, params, query, timeNs - hourNs, timeNs + 1n);
  const atMs = Number(timeNs / 1_000_000n);
  const answer = await logs.metric(query, { startMs: atMs, endMs: atMs, stepMs: 1000 }, signal);
  const value = (values: Float64Array): [number, string] => [atMs / 1000, formatNumber(values[0]!)];
  if (answer.kind === 'scalar') return resultOf('scalar', [atMs / 1000, formatNumber(answer.value)], answer);
  const result = answer.series.map(({ labels, values }) => ({ metric: labelsToRecord(labels), value: value(values) }));
  return resultOf('vector', result, answer);
}

async function rangeQuery(parts: LokiParts, params: Params): Promise<HttpAnswer> {
  const { logs, clock, signal } = parts;
  const query = params.get('query') ?? '';
  const { fromNs, toNs } = rangeOf(params, clock, hourNs);
  if (logqlKind(query) === 'log') return lines(parts, params, query, fromNs, toNs);
  const [startMs, endMs] = [Number(fromNs / 1_000_000n), Number(toNs / 1_000_000n)];
  const stepMs = stepOf(params.get('step'), startMs, endMs);
  const answer = await logs.metric(query, { startMs, endMs, stepMs }, signal);
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  const seconds = (i: number): number => (startMs + i * stepMs) / 1000;
  if (answer.kind === 'scalar') {
    const values = Array.from({ length: steps }, (_, i) => [seconds(i), formatNumber(answer.value)]);
    return resultOf('matrix', [{ metric: {}, values }], answer);
  }
  const result = answer.series.map(({ labels, values, has }) => ({
    metric: labelsToRecord(labels),
    values: [...values].flatMap((value, i) => (has[i] === 1 ? [[seconds(i), formatNumber(value)]] : [])),
  }));
  return resultOf('matrix', result, answer);
}

function resultOf(resultType: string, result: unknown, { warnings }: Pick<MetricAnswer, 'warnings'>): HttpAnswer {
  const answer = { status: 'success', data: { resultType, result, stats: {} }, ...(warnings.length === 0 ? {} : { warnings }) };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
}

/** Lines by stream; those of one stream in the asked direction. */
async function lines(parts: LokiParts, params: Params, text: string, fromNs: bigint, toNs: bigint): Promise<HttpAnswer> {
  const direction = (params.get('direction') ?? 'backward').toLowerCase();
  if (direction !== 'backward' && direction !== 'forward') throw new EngineError('invalid', 'the direction must be backward or forward');
  const wanted = Math.min(countOf(params.get('limit')), linesMax);
  const records = await gather(parts, { text, fromNs, toNs, direction }, wanted);
  const streams = new Map<string, { stream: Record<string, string>; values: [string, string][] }>();
  for (const { labels, fields, timeNs, line } of records) {
    const all = fields.length === 0 ? labels : labelsFrom([...labelPairs(labels), ...labelPairs(fields)]);
    const key = labelsKey(all);
    const stream = streams.get(key) ?? { stream: labelsToRecord(all), values: [] };
    stream.values.push([String(timeNs), line]);
    streams.set(key, stream);
  }
  return resultOf('streams', [...streams.values()], { warnings: [] });
}

async function gather(
  { logs, clock, signal }: LokiParts,
  question: Omit<Parameters<Logs['search']>[0], 'limit'>,
  wanted: number,
): Promise<LogRecord[]> {
  const endMs = clock.monotonicMs() + searchBudgetMs;
  const found: LogRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await logs.search({ ...question, cursor, limit: Math.min(wanted - found.length, pageLinesMax) }, signal);
    found.push(...page.records);
    cursor = page.next;
    if (clock.monotonicMs() > endMs)
      throw new EngineError('timeout', `the search took longer than ${searchBudgetMs / 1000} s; narrow it, or ask for less time`);
  } while (cursor !== undefined && found.length < wanted);
  return found;
}

function indexStats({ logs, clock }: LokiParts, params: Params): HttpAnswer {
  const { blocks, blockRecords, headRecords, rawBytes } = logs.stats();
  const query = params.get('query') ?? '';
  const streams = streamsOf(logs, clock, params, query === '' ? [] : [query]).length;
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ streams, chunks: blocks, entries: blockRecords + headRecords, bytes: rawBytes }),
  };
}

/** `start` and `end`, or `since` before the end. */
function rangeOf(params: Params, clock: Clock, defaultNs: bigint): { fromNs: bigint; toNs: bigint } {
  const toNs = timeOf(params.get('end'), 'end') ?? nowNs(clock);
  const since = params.get('since') ?? '';
  const sinceMs = since === '' ? undefined : parseDuration(since);
  if (since !== '' && sinceMs === undefined) throw new EngineError('invalid', `"since" is no duration: ${JSON.stringify(since)}`);
  const lengthNs = sinceMs === undefined ? defaultNs : BigInt(sinceMs) * 1_000_000n;
  const fromNs = timeOf(params.get('start'), 'start') ?? (toNs > lengthNs ? toNs - lengthNs : 0n);
  if (fromNs > toNs) throw new EngineError('invalid', 'the start lies behind the end');
  return { fromNs, toNs };
}

const nowNs = (clock: Clock): bigint => BigInt(Math.floor(clock.now())) * 1_000_000n;

/** Unix ns, Unix seconds with decimals (of up to ten digits before the point), or RFC 3339. */
function timeOf(text: string | null, name: string): bigint | undefined {
  if (text === null || text === '') return undefined;
  const [, seconds, fraction] = /^(\d{1,10})(?:\.(\d+))?$/.exec(text) ?? [];
  if (seconds !== undefined) return BigInt(seconds) * 1_000_000_000n + BigInt((fraction ?? '').slice(0, 9).padEnd(9, '0'));
  if (/^\d{11,19}$/.test(text)) return BigInt(text);
  const parsedMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsedMs)) throw new EngineError('invalid', `"${name}" is no time: ${JSON.stringify(text)}`);
  const decimals = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return BigInt(Math.floor(parsedMs / 1000)) * 1_000_000_000n + BigInt(decimals.padEnd(9, '0'));
}

function stepOf(text: string | null, startMs: number, endMs: number): number {
  if (text === null || text === '') return Math.max(1000, Math.floor((endMs - startMs) / stepsDefault / 1000) * 1000);
  const stepMs = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  if (stepMs === undefined || stepMs <= 0) throw new EngineError('invalid', `"step" is no duration: ${JSON.stringify(text)}`);
  return stepMs;
}

function countOf(text: string | null): number {
  if (text === null || text === '') return linesDefault;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw new EngineError('invalid', `"limit" is no count: ${JSON.stringify(text)}`);
  return Number(text);
}

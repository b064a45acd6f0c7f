import { labelPairs, matcher, METRIC_NAME, type AttributeConcept, type Labels, type Matcher, type UnixMs } from '#core/model/index.ts';
import { workloadOfPod, type Attributes } from './service-of.ts';
import type { TimeWindow } from './types.ts';

export type Signal = 'metrics' | 'logs' | 'traces';
type Place = Extract<AttributeConcept, 'service' | 'pod' | 'host'>;

/** Where another signal speaks of the same service, pod or host in the same window. */
export interface Way {
  readonly to: Signal;
  readonly of: Place;
  readonly value: string;
  /** In the signal's own language: PromQL, LogQL, or the query of spans. */
  readonly query: string;
  /** Series, streams, or traces up to `tracesCounted`. */
  readonly count: number;
}

export interface Ways {
  readonly ways: readonly Way[];
  /** The trace and span that are named outright; empty when none is. */
  readonly traceId: string;
  readonly spanId: string;
}

/** The stores of a dataset are such sources. */
export interface WaySources {
  readonly metrics: {
    labelNames(): readonly string[];
    series(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly Labels[];
  };
  readonly logs: {
    streams(selectors: readonly string[], fromNs: bigint, toNs: bigint): readonly Labels[];
    search(
      question: { readonly text: string; readonly fromNs: bigint; readonly toNs: bigint; readonly direction: 'backward'; readonly limit: number },
      signal?: AbortSignal,
    ): Promise<{ readonly records: readonly { readonly timeNs: bigint; readonly line: string }[] }>;
  };
  readonly traces: {
    attributeKeys(): readonly string[];
    search(
      query: { readonly text: string; readonly fromNs: bigint; readonly toNs: bigint; readonly limit: number },
      signal?: AbortSignal,
    ): Promise<{ readonly traces: readonly unknown[] }>;
  };
}

/** A query that finds lines of a trace, and how many that no query before it finds, up to `linesCounted`. */
export interface TraceLogs {
  readonly query: string;
  readonly count: number;
}

type Pair = readonly [name: string, value: string];

const tracesCounted = 100;
const linesCounted = 1000;
const places: readonly Place[] = ['service', 'pod', 'host'];

/** Where the signals speak of what `pairs` (labels, attributes or fields) name. What leads nowhere is left out. */
export async function waysFrom(
  sources: WaySources,
  pairs: readonly Pair[],
  window: TimeWindow,
  attributes: Attributes,
  signal?: AbortSignal,
): Promise<Ways> {
  const ways: Way[] = [];
  for (const of of places) {
    const value = attributes.of(of, pairs);
    if (value === '') continue;
    const thing: Thing = { of, value, namespace: valueIn(pairs, 'service.namespace') };
    ways.push(...metricWays(sources, thing, window, attributes), ...logWays(sources, thing, window, attributes));
    ways.push(...(await traceWays(sources, thing, window, attributes, signal)));
  }
  ways.push(...instanceWay(sources, valueIn(pairs, 'service.instance.id'), window));
  return { ways, traceId: traceIdIn(attributes.of('traceId', pairs)), spanId: attributes.of('spanId', pairs) };
}

interface Thing {
  readonly of: Place;
  readonly value: string;
  /** Prometheus' `job` of an OpenTelemetry service is `NAMESPACE/NAME`. */
  readonly namespace: string;
}

const valueIn = (pairs: readonly Pair[], key: string): string => pairs.find(([name]) => name === key)?.[1] ?? '';

/** A trace id of 64 or 128 bits, as traces are known by; empty for anything else. */
function traceIdIn(text: string): string {
  const id = text.toLowerCase().replaceAll('-', '');
  return /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(id) && !/^0+$/.test(id) ? id.padStart(32, '0') : '';
}

function metricWays({ metrics }: WaySources, thing: Thing, { startMs, endMs }: TimeWindow, attributes: Attributes): Way[] {
  const names = metrics.labelNames().filter((name) => attributes.names(thing.of, name));
  return names.flatMap((name): Way[] => {
    const pattern = patternOf(thing, name, attributes);
    const wanted = pattern === undefined ? matcher(name, '=', thing.value) : matcher(name, '=~', pattern);
    const count = metrics.series([wanted, measuring], startMs, endMs).length;
    const query = `{${name}${pattern === undefined ? '=' : '=~'}${JSON.stringify(pattern ?? thing.value)}}`;
    return count === 0 ? [] : [{ to: 'metrics', of: thing.of, value: thing.value, query, count }];
  });
}

/** Prometheus' `instance` is OpenTelemetry's `service.instance.id` (Prometheus and OpenMetrics compatibility, "Resource attributes"). */
function instanceWay({ metrics }: WaySources, value: string, { startMs, endMs }: TimeWindow): Way[] {
  const count = value === '' ? 0 : metrics.series([matcher('instance', '=', value)], startMs, endMs).length;
  return count === 0 ? [] : [{ to: 'metrics', of: 'host', value, query: `{instance=${JSON.stringify(value)}}`, count }];
}

/** `target_info` repeats a resource's attributes, and measures nothing. */
const measuring = matcher(METRIC_NAME, '!=', 'target_info');

/** The pattern of a label's values where they are more than the value itself: pods of a workload, ports of a host, jobs of a namespace. */
function patternOf({ of, value, namespace }: Thing, name: string, attributes: Attributes): string | undefined {
  const plain = quoted(value);
  if (of === 'service' && attributes.names('pod', name)) return `${plain}(-[a-z0-9]+){0,2}`;
  if (of === 'service' && namespace !== '' && name === 'job') return `(${quoted(namespace)}/)?${plain}`;
  return of === 'host' && !/:\d+$/.test(value) ? `${plain}(:[0-9]+)?` : undefined;
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const nsOf = (timeMs: UnixMs): bigint => BigInt(Math.floor(timeMs)) * 1_000_000n;

function logWays({ logs }: WaySources, { of, value }: Thing, { startMs, endMs }: TimeWindow, attributes: Attributes): Way[] {
  const counts = new Map<string, number>();
  for (const labels of logs.streams([], nsOf(startMs), nsOf(endMs) + 1n)) {
    const told = [...labelPairs(labels)].find(([name, told]) => attributes.names(of, name) && isSame(of, name, told, value, attributes));
    if (told === undefined) continue;
    const query = `{${told[0]}=${JSON.stringify(told[1])}}`;
    counts.set(query, (counts.get(query) ?? 0) + 1);
  }
  return [...counts].map(([query, count]) => ({ to: 'logs', of, value, query, count }));
}

function isSame(of: Place, name: string, told: string, value: string, attributes: Attributes): boolean {
  if (told === value) return true;
  if (of === 'host') return withoutPort(told) === withoutPort(value);
  return of === 'service' && attributes.names('pod', name) && workloadOfPod(told) === value;
}

const withoutPort = (host: string): string => host.replace(/:\d+$/, '');

async function traceWays(
  { traces }: WaySources,
  { of, value }: Thing,
  { startMs, endMs }: TimeWindow,
  attributes: Attributes,
  signal: AbortSignal | undefined,
): Promise<Way[]> {
  const wanted = of === 'host' ? withoutPort(value) : value;
  const keys = of === 'service' ? ['service'] : traces.attributeKeys().filter((key) => attributes.names(of, key));
  const ways: Way[] = [];
  for (const key of keys) {
    const query = `${key}=${JSON.stringify(wanted)}`;
    const { traces: found } = await traces.search({ text: query, fromNs: nsOf(startMs), toNs: nsOf(endMs), limit: tracesCounted }, signal);
    if (found.length > 0) ways.push({ to: 'traces', of, value: wanted, query, count: found.length });
  }
  return ways;
}

/**
 * How the lines of a trace are found: by its id anywhere in the line, and by fields sent beside the line under each key of a trace id. The
 * query that finds most comes first.
 */
export async function logsOfTrace(
  { logs }: Pick<WaySources, 'logs'>,
  traceId: string,
  { startMs, endMs }: TimeWindow,
  { map }: Attributes,
  signal?: AbortSignal,
): Promise<readonly TraceLogs[]> {
  const seen = new Set<string>();
  const found: TraceLogs[] = [];
  for (const text of [JSON.stringify(shortest(traceId)), ...map.traceId.map((key) => `${key}=${JSON.stringify(traceId)}`)]) {
    const question = { text, fromNs: nsOf(startMs), toNs: nsOf(endMs) + 1_000_000n, direction: 'backward' as const, limit: linesCounted };
    const { records } = await logs.search(question, signal);
    const before = seen.size;
    for (const { timeNs, line } of records) seen.add(`${timeNs} ${line}`);
    if (seen.size > before) found.push({ query: text, count: seen.size - before });
  }
  // Of two that find as many, fields say more surely what they are.
  return found.sort((a, b) => b.count - a.count || Number(a.query.startsWith('"')) - Number(b.query.startsWith('"')));
}

/** An id of 64 bits is written without the zeros before it. */
const shortest = (traceId: string): string => traceId.replace(/^0{16}(?=[0-9a-f]{16}$)/, '');

import {
  dropLabels,
  formatLabels,
  labelPairs,
  labelValue,
  matcher,
  METRIC_NAME,
  type LogRecord,
  type Matcher,
  type SeriesColumns,
  type Span,
  type UnixMs,
} from '#core/model/index.ts';
import { baselineLengths } from './changes.ts';
import { patternOf } from './log-pattern.ts';
import { overTime } from './rates.ts';
import { serviceNames, serviceOfLabels, workloadOfPod } from './service-of.ts';
import type { CallEdge, CallSpan, IncidentData, LogEvent, ServiceSeries, TimeWindow } from './types.ts';

/** Where the data of a case comes from; the stores of a dataset are such sources. */
export interface CaseSources {
  readonly metrics: { select(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly SeriesColumns[] };
  readonly traces: {
    search(query: SpanQuery): Promise<{ readonly traces: readonly { readonly traceId: string }[]; readonly next: string | undefined }>;
    spans(traceId: string): readonly Span[];
  };
  readonly logs: { search(question: LogQuery): Promise<{ readonly records: readonly LogRecord[]; readonly next: string | undefined }> };
  /** Calls that are known without spans. */
  readonly edges: () => readonly CallEdge[];
}

interface SpanQuery {
  readonly text: string;
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
  readonly limit: number;
  readonly cursor?: string;
}

interface LogQuery {
  readonly text: string;
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
  readonly direction: 'backward';
  readonly limit: number;
  readonly cursor?: string;
}

/** How far back is read at first; the baseline reaches no further. */
const lookBackMs = 6 * 3_600_000;
/** Longer values are texts and ids, not kinds. */
const valueCharsMax = 60;
/** Spans and lines are read up to so many of the window and of what lies before it, the newest first. */
const spansMax = 60_000;
const linesMax = 60_000;
const tracesPerPage = 1000;
const linesPerPage = 1000;

/**
 * Reads what a ranking of root causes needs. Metrics of all times when there are none within six hours before the window (a capture of the
 * usual state may lie far off). `names` are the labels that name a service, in order.
 */
export async function readCase(sources: CaseSources, window: TimeWindow, names: readonly string[] = serviceNames): Promise<IncidentData> {
  const before = { startMs: window.startMs - lookBackMs, endMs: window.startMs - 1 };
  const edges = sources.edges();
  const spans = [...(await spansOf(sources, window)), ...(await spansOf(sources, before))];
  const logs = [...(await logsOf(sources, window, names)), ...(await logsOf(sources, before, names))];
  return { series: seriesOf(sources, window, names), edges: [...edges, ...edgesOfMetrics(sources, window)], spans: distinct(spans), logs };
}

/** Reads what `whatChanged` compares: the window, and `baselineLengths` times as long before it. */
export async function readAround(sources: CaseSources, window: TimeWindow, names: readonly string[] = serviceNames): Promise<IncidentData> {
  const before = { startMs: window.startMs - (window.endMs - window.startMs) * baselineLengths, endMs: window.startMs - 1 };
  const spans = [...(await spansOf(sources, window)), ...(await spansOf(sources, before))];
  const logs = [...(await logsOf(sources, window, names)), ...(await logsOf(sources, before, names))];
  const near = sources.metrics.select(everything, before.startMs, window.endMs);
  return { series: servicesOf(near, names), edges: [], spans: distinct(spans), logs };
}

const everything = [matcher(METRIC_NAME, '=~', '.+')];
/** Before the window must lie this share of its length, else metrics of all times are read. */
const nearShareMin = 0.3;

function seriesOf({ metrics }: CaseSources, window: TimeWindow, names: readonly string[]): ServiceSeries[] {
  const near = metrics.select(everything, window.startMs - lookBackMs, window.endMs);
  const nearMs = window.startMs - (window.endMs - window.startMs) * nearShareMin;
  const hasPast = near.some(({ timesMs }) => timesMs.length > 0 && timesMs[0]! <= nearMs);
  const all = hasPast ? near : metrics.select(everything, -maxMs, maxMs);
  return servicesOf(all, names).filter(({ service }) => service !== '');
}

function servicesOf(all: readonly SeriesColumns[], names: readonly string[]): ServiceSeries[] {
  return overTime(all.filter(({ histograms }) => histograms === undefined)).map((one) => seriesOfColumns(one, names));
}

/** Beyond any time that a file may hold: the year 9999. */
const maxMs = 253_402_300_800_000;

function seriesOfColumns({ labels, timesMs, values }: SeriesColumns, names: readonly string[]): ServiceSeries {
  const service = serviceOfLabels(labels, names);
  const naming = new Set(names);
  const rest = dropLabels(labels, naming);
  return { service, name: formatLabels(labels), metric: formatLabels(rest), timesMs, values };
}

/** Pairs of labels by which service meshes and Tempo name both ends of a call. */
const callLabels: readonly (readonly [caller: string, callee: string])[] = [
  ['client', 'server'],
  ['source_workload', 'destination_workload'],
  ['source_app', 'destination_app'],
];

function edgesOfMetrics({ metrics }: CaseSources, window: TimeWindow): CallEdge[] {
  const edges = new Map<string, CallEdge>();
  for (const [from, to] of callLabels) {
    const found = metrics.select([matcher(from, '!=', ''), matcher(to, '!=', '')], window.startMs - lookBackMs, window.endMs);
    for (const { labels } of found) {
      const edge = { caller: workloadOfPod(labelValue(labels, from)), callee: workloadOfPod(labelValue(labels, to)) };
      edges.set(`${edge.caller}\n${edge.callee}`, edge);
    }
  }
  return [...edges.values()];
}

const nsOf = (timeMs: UnixMs): bigint => BigInt(Math.floor(timeMs)) * 1_000_000n;

async function spansOf({ traces }: CaseSources, { startMs, endMs }: TimeWindow): Promise<CallSpan[]> {
  const spans: CallSpan[] = [];
  let cursor: string | undefined;
  do {
    const query = { text: '', fromNs: nsOf(startMs), toNs: nsOf(endMs), limit: tracesPerPage };
    const page = await traces.search(cursor === undefined ? query : { ...query, cursor });
    for (const { traceId } of page.traces) {
      for (const span of traces.spans(traceId)) spans.push(callSpanOf(span));
      if (spans.length >= spansMax) return spans;
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return spans;
}

function callSpanOf({ traceId, spanId, parentId, name, startNs, endNs, status, resource, attributes }: Span): CallSpan {
  const durationMs = Math.max(0, Number(endNs - startNs) / 1e6);
  const own = [...attributes, ...resource.attributes].filter(
    ({ key, text }) => key !== 'service.name' && text.length <= valueCharsMax && !/^\d{6,}$/.test(text),
  );
  return {
    service: resource.service,
    operation: name,
    traceId,
    spanId,
    parentId,
    startMs: Number(startNs) / 1e6,
    durationMs,
    isError: status === 'error',
    attributes: own.map(({ key, text }) => [key, text] as const),
  };
}

/** A trace that reaches into both windows is found twice. */
function distinct(spans: readonly CallSpan[]): CallSpan[] {
  const seen = new Set<string>();
  return spans.filter(({ traceId, spanId }) => {
    const key = `${traceId} ${spanId}`;
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

async function logsOf({ logs }: CaseSources, { startMs, endMs }: TimeWindow, names: readonly string[]): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let cursor: string | undefined;
  do {
    const question = { text: '', fromNs: nsOf(startMs), toNs: nsOf(endMs + 1), direction: 'backward' as const, limit: linesPerPage };
    const page = await logs.search(cursor === undefined ? question : { ...question, cursor });
    for (const record of page.records) events.push(logEventOf(record, names));
    cursor = page.next;
  } while (cursor !== undefined && events.length < linesMax);
  return events.reverse();
}

function logEventOf({ timeNs, labels, line, level, fields }: LogRecord, names: readonly string[]): LogEvent {
  const inner = messageOf(line);
  return {
    service: serviceOfLabels(labels, names) || serviceOfLabels(fields, names) || memberOf(inner.members, names),
    timeMs: Number(timeNs) / 1e6,
    traceId: idIn(fields, inner.members, traceIdNames),
    spanId: idIn(fields, inner.members, spanIdNames),
    isError: level === 'error' || level === 'critical',
    pattern: patternOf(inner.text),
  };
}

type Members = Readonly<Record<string, unknown>>;
const messageNames = ['msg', 'message', 'log', 'body', 'text', 'event'];
const traceIdNames = ['trace_id', 'traceId', 'traceid', 'traceID', 'TraceID', 'trace.id'];
const spanIdNames = ['span_id', 'spanId', 'spanid', 'spanID', 'SpanID', 'span.id'];

/** The message of a line in JSON, and its members; of any other line the line itself. */
function messageOf(line: string): { readonly text: string; readonly members: Members } {
  if (!line.startsWith('{')) return { text: line, members: {} };
  try {
    const members = JSON.parse(line) as Members;
    const text = messageNames.map((name) => members[name]).find((value) => typeof value === 'string');
    return { text: typeof text === 'string' ? text : line, members };
  } catch {
    return { text: line, members: {} }; // a line that only looks like JSON
  }
}

function memberOf(members: Members, names: readonly string[]): string {
  for (const name of names) {
    const value = members[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

function idIn(fields: LogRecord['fields'], members: Members, names: readonly string[]): string {
  for (const [name, value] of labelPairs(fields)) if (names.includes(name)) return value;
  return memberOf(members, names);
}

import { labelPairs, labelValue, matcher, type Labels, type LogRecord, type Matcher, type UnixMs } from '#core/model/index.ts';
import { patternOf } from './log-pattern.ts';
import { Pace } from './pace.ts';
import { readSeries, type MetricSource } from './read-series.ts';
import { Attributes, workloadOfPod } from './service-of.ts';
import type { CallEdge, CallSpan, IncidentData, LogEvent, ServiceSeries, TimeWindow } from './types.ts';

/** Where the data of a case comes from; the stores of a dataset are such sources. */
export interface CaseSources {
  readonly metrics: MetricSource & { series(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly Labels[] };
  readonly traces: {
    briefs(
      question: {
        readonly windows: readonly { readonly fromNs: bigint; readonly toNs: bigint }[];
        readonly most: number;
        readonly keeps: (key: string, text: string) => boolean;
      },
      signal?: AbortSignal,
    ): Promise<{ readonly spans: readonly CallSpan[]; readonly isCut: boolean }>;
  };
  readonly logs: {
    search(question: LogQuery, signal?: AbortSignal): Promise<{ readonly records: readonly LogRecord[]; readonly next: string | undefined }>;
  };
  /** Calls that are known without spans. */
  readonly edges: () => readonly CallEdge[];
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
const linesPerPage = 1000;

/** How a case is read: by which names, and how it gives way. */
export interface ReadOptions {
  readonly attributes?: Attributes;
  readonly pace?: Pace;
}

interface Reading {
  readonly sources: CaseSources;
  readonly attributes: Attributes;
  readonly pace: Pace;
}

const readingOf = (sources: CaseSources, { attributes = new Attributes(), pace = new Pace() }: ReadOptions): Reading => ({
  sources,
  attributes,
  pace,
});

/**
 * Reads what a ranking of root causes needs. Metrics of all times when there are none within six hours before the window (a capture of the
 * usual state may lie far off).
 */
export async function readCase(sources: CaseSources, window: TimeWindow, options: ReadOptions = {}): Promise<IncidentData> {
  const reading = readingOf(sources, options);
  const before = { startMs: window.startMs - lookBackMs, endMs: window.startMs - 1 };
  const edges = [...sources.edges(), ...edgesOfMetrics(sources, window)];
  return { series: await seriesOf(reading, window), edges, ...(await eventsOf(reading, [before, window])) };
}

/** Reads what `whatChanged` compares: the window and its baseline. */
export async function readAround(sources: CaseSources, window: TimeWindow, baseline: TimeWindow, options: ReadOptions = {}): Promise<IncidentData> {
  const reading = readingOf(sources, options);
  const isNext = baseline.endMs === window.startMs - 1;
  const windows = isNext ? [{ startMs: baseline.startMs, endMs: window.endMs }] : [baseline, window];
  const series = await readSeries(sources.metrics, windows, reading.attributes, reading.pace);
  return { series, edges: [], ...(await eventsOf(reading, [baseline, window])) };
}

/** Before the window must lie this share of its length, else metrics of all times are read. */
const nearShareMin = 0.3;
/** Beyond any time that a file may hold: the year 9999. */
const maxMs = 253_402_300_800_000;

async function seriesOf({ sources: { metrics }, attributes, pace }: Reading, window: TimeWindow): Promise<readonly ServiceSeries[]> {
  const near = await readSeries(metrics, [{ startMs: window.startMs - lookBackMs, endMs: window.endMs }], attributes, pace);
  const nearMs = window.startMs - (window.endMs - window.startMs) * nearShareMin;
  const hasPast = near.some(({ timesMs }) => timesMs.length > 0 && timesMs[0]! <= nearMs);
  const all = hasPast ? near : await readSeries(metrics, [{ startMs: -maxMs, endMs: maxMs }], attributes, pace);
  return all.filter(({ service }) => service !== '');
}

/** Spans and lines of the windows; of each window the newest where there are too many, which `cut` says. */
async function eventsOf(reading: Reading, windows: readonly TimeWindow[]): Promise<Pick<IncidentData, 'spans' | 'logs' | 'cut'>> {
  const { sources, pace } = reading;
  const ranges = windows.map(({ startMs, endMs }) => ({ fromNs: nsOf(startMs), toNs: nsOf(endMs + 1) - 1n }));
  const { spans, isCut } = await sources.traces.briefs({ windows: ranges, most: spansMax, keeps: isKind }, pace.signal);
  const logs: LogEvent[] = [];
  const cut = { spans: isCut, logs: false };
  for (const window of windows) {
    const lines = await logsOf(reading, window);
    cut.logs ||= lines.length >= linesMax;
    await pace.each(lines, (line) => logs.push(line));
  }
  return { spans, logs, cut };
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
    const found = metrics.series([matcher(from, '!=', ''), matcher(to, '!=', '')], window.startMs - lookBackMs, window.endMs);
    for (const labels of found) {
      const edge = { caller: workloadOfPod(labelValue(labels, from)), callee: workloadOfPod(labelValue(labels, to)) };
      edges.set(`${edge.caller}\n${edge.callee}`, edge);
    }
  }
  return [...edges.values()];
}

const nsOf = (timeMs: UnixMs): bigint => BigInt(Math.floor(timeMs)) * 1_000_000n;

/** Whether an attribute's value says what kind of span it is: the service is known, and texts and ids say nothing of the others. */
const isKind = (key: string, text: string): boolean => key !== 'service.name' && text.length <= valueCharsMax && !/^\d{6,}$/.test(text);

async function logsOf({ sources: { logs }, attributes, pace }: Reading, { startMs, endMs }: TimeWindow): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let cursor: string | undefined;
  do {
    const question = { text: '', fromNs: nsOf(startMs), toNs: nsOf(endMs + 1), direction: 'backward' as const, limit: linesPerPage };
    const page = await logs.search(cursor === undefined ? question : { ...question, cursor }, pace.signal);
    await pace.each(page.records, (record) => events.push(logEventOf(record, attributes)));
    cursor = page.next;
  } while (cursor !== undefined && events.length < linesMax);
  return events.reverse();
}

function logEventOf({ timeNs, labels, line, level, fields }: LogRecord, attributes: Attributes): LogEvent {
  const inner = messageOf(line);
  const told = [...labelPairs(fields), ...inner.pairs];
  return {
    service: attributes.of('service', labelPairs(labels)) || attributes.of('service', told),
    timeMs: Number(timeNs) / 1e6,
    traceId: attributes.of('traceId', told),
    spanId: attributes.of('spanId', told),
    isError: level === 'error' || level === 'critical',
    pattern: patternOf(inner.text),
  };
}

const messageNames = ['msg', 'message', 'log', 'body', 'text', 'event'];

interface Message {
  readonly text: string;
  /** What the line tells under names of its own. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
}

/** The message of a line in JSON, and its members; of any other line the line itself, and its `key=value`. */
function messageOf(line: string): Message {
  if (!line.startsWith('{')) return { text: line, pairs: keyValuesOf(line) };
  try {
    const members = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const pairs = Object.entries(members).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const text = messageNames.map((name) => members[name]).find((value) => typeof value === 'string');
    return { text: typeof text === 'string' ? text : line, pairs };
  } catch {
    return { text: line, pairs: [] }; // a line that only looks like JSON
  }
}

function keyValuesOf(line: string): (readonly [string, string])[] {
  if (!line.includes('=')) return [];
  return [...line.matchAll(/([A-Za-z_][\w.-]*)=(?:"([^"\\]*)"|([^\s",;\]}]+))/g)].map(
    ([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''] as const,
  );
}

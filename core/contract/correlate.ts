import * as v from 'valibot';
import type { AttributeMap, Change } from '#core/model/index.ts';
import { datasetName, nothing, unixMs } from './inputs.ts';
import { procedure } from './rpc.ts';

export interface EvidenceView {
  readonly kind: 'metric' | 'latency' | 'errors' | 'calls' | 'log' | 'edge';
  readonly subject: string;
  readonly surprise: number;
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  readonly text: string;
}

export interface RootCauseView {
  readonly window: { readonly startMs: number; readonly endMs: number };
  /** What the window was compared with. */
  readonly baseline: { readonly startMs: number; readonly endMs: number };
  /** Likeliest first. Scores compare within one answer only. */
  readonly suspects: readonly { readonly service: string; readonly score: number; readonly evidence: readonly EvidenceView[] }[];
  readonly metrics: readonly { readonly service: string; readonly name: string; readonly metric: string; readonly score: number }[];
  /** What was missing or too short to be judged. */
  readonly notes: readonly string[];
}

export interface ChangesView {
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly baseline: { readonly startMs: number; readonly endMs: number };
  /** Strangest first, at most 200. */
  readonly changes: readonly Change[];
  /** All that were stranger than chance. */
  readonly changeCount: number;
  /** What was compared in all. */
  readonly seriesCount: number;
  readonly spanCount: number;
  readonly lineCount: number;
  /** What there was not enough data for, a sentence each. */
  readonly notes: readonly string[];
  readonly elapsedMs: number;
}

/** Where another signal speaks of the same service, pod or host. */
export interface WayView {
  readonly to: 'metrics' | 'logs' | 'traces';
  readonly of: 'service' | 'pod' | 'host';
  readonly value: string;
  /** In the signal's own language: PromQL, LogQL, or the query of spans. */
  readonly query: string;
  /** Series, streams, or traces (at most 100 are counted). */
  readonly count: number;
}

export interface WaysView {
  readonly ways: readonly WayView[];
  /** The trace and span that are named outright; empty when none is. */
  readonly traceId: string;
  readonly spanId: string;
}

/** Which labels, attributes and fields name the same thing, and what is wrong with the file that says so. */
export interface AttributesView {
  readonly map: AttributeMap;
  readonly defaults: AttributeMap;
  readonly file: string;
  /** Empty when nothing is. */
  readonly problem: string;
}

const window = v.object({ dataset: datasetName, startMs: unixMs, endMs: unixMs });
const keys = v.pipe(v.array(v.pipe(v.string(), v.maxLength(1024))), v.maxLength(200));
const flatPairs = v.pipe(v.array(v.pipe(v.string(), v.maxLength(65_536))), v.maxLength(1024));

export const correlateContract = {
  /** Which service a fault of the window began in. */
  'correlate.rootCause': procedure<RootCauseView>()(window),
  /** What differs in the window from a baseline; without one, from four times as long a time before it. */
  'correlate.changes': procedure<ChangesView>()(v.object({ ...window.entries, baseline: v.optional(v.object({ startMs: unixMs, endMs: unixMs })) })),
  /** From what labels, attributes or fields name (names and values laid flat) to the other signals in the window. */
  'correlate.ways': procedure<WaysView>()(v.object({ ...window.entries, pairs: flatPairs })),
  /** Queries that find the log lines of a trace; of each, how many lines (at most 1000) no query before it finds. None: there are no lines. */
  'correlate.traceLogs': procedure<readonly { readonly query: string; readonly count: number }[]>()(
    v.object({ ...window.entries, traceId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'is no trace id')) }),
  ),
  'attributes.get': procedure<AttributesView>()(nothing),
  /** Fails with one sentence when a list is of no use. */
  'attributes.save': procedure<AttributesView>()(v.object({ service: keys, pod: keys, host: keys, traceId: keys, spanId: keys })),
};

import * as v from 'valibot';
import type { Attribute, SpanKind, SpanStatus } from '#core/model/index.ts';
import { datasetName, queryText } from './inputs.ts';
import { procedure } from './rpc.ts';

/** A trace that a search found. Times are Unix ns as decimal strings. */
export interface TraceRow {
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  /** False when every span names a parent. */
  readonly hasRoot: boolean;
  readonly startNs: string;
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans that the condition holds for, as far as they were looked at. */
  readonly matchedCount: number;
  readonly services: readonly string[];
}

/** A page of traces, newest first. */
export interface TraceSearchAnswer {
  readonly traces: readonly TraceRow[];
  /** The next page's cursor; absent on the last. */
  readonly next: string | undefined;
  readonly spansSearched: number;
  readonly elapsedMs: number;
}

/**
 * One trace as a tree laid flat, depth first, children by start: entry i of every column is of the same span. The subtree of i is
 * [i, i + descendants[i]]. Times are ns from `baseNs`. `parent` is 0xffffffff for roots; `flags` are the bits of `spanFlags`.
 */
export interface TraceAnswer {
  readonly traceId: string;
  readonly baseNs: string;
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly string[];
  readonly names: readonly string[];
  /** 8 bytes a span. */
  readonly spanIds: Uint8Array;
  readonly startNs: Float64Array;
  readonly durationsNs: Float64Array;
  readonly selfNs: Float64Array;
  readonly criticalNs: Float64Array;
  readonly parent: Uint32Array;
  readonly depth: Uint32Array;
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  readonly flags: Uint32Array;
  /** Number of the kind, in the order of OTLP. */
  readonly kind: Uint8Array;
  readonly descendants: Uint32Array;
  /** Errors in the span and below it. */
  readonly errors: Uint32Array;
  readonly criticalPath: { readonly span: Uint32Array; readonly fromNs: Float64Array; readonly toNs: Float64Array };
  readonly statistics: readonly TraceOperation[];
  readonly repeats: readonly TraceRepeat[];
  readonly skews: readonly TraceSkew[];
}

/** The spans of one operation in a trace; times in ns. */
export interface TraceOperation {
  readonly service: string;
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalNs: number;
  readonly selfNs: number;
  readonly criticalNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

/** Siblings that do the same, to be folded. */
export interface TraceRepeat {
  readonly parent: number;
  readonly service: string;
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalNs: number;
  readonly spans: Uint32Array;
}

/** How far a callee's clock seems to be ahead; nothing was moved. */
export interface TraceSkew {
  readonly caller: string;
  readonly callee: string;
  readonly offsetNs: number;
  readonly misfits: number;
  readonly calls: number;
}

/** One span with all that was sent. Times are Unix ns as decimal strings. */
export interface SpanDetail {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly status: SpanStatus;
  readonly statusText: string;
  readonly startNs: string;
  readonly endNs: string;
  readonly attributes: readonly Attribute[];
  readonly resource: readonly Attribute[];
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: readonly Attribute[] };
  readonly events: readonly { readonly timeNs: string; readonly name: string; readonly attributes: readonly Attribute[] }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: readonly Attribute[] }[];
  readonly traceState: string;
  /** What the sender or a limit dropped. */
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number };
}

/** Rate, errors and durations of one operation; quantiles in ns, within 1.6 %. */
export interface OperationRow {
  readonly service: string;
  readonly name: string;
  /** Whether these spans answer somebody: roots, servers, consumers. */
  readonly entry: boolean;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

export interface ServiceMapAnswer {
  readonly services: readonly { readonly service: string; readonly calls: number; readonly errors: number; readonly p95Ns: number }[];
  readonly edges: readonly {
    readonly caller: string;
    readonly callee: string;
    readonly calls: number;
    readonly errors: number;
    readonly p50Ns: number;
    readonly p95Ns: number;
    readonly p99Ns: number;
  }[];
  /** Spans whose parent is not where they are: their calls are not among the edges. */
  readonly strayCount: number;
}

/** What became slower, appeared or went between two traces, by path of operations. */
export interface TraceDiffAnswer {
  readonly rows: readonly TraceDiffRow[];
}
export interface TraceDiffRow {
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  readonly change: 'added' | 'removed' | 'slower' | 'faster' | 'same';
  readonly before: { readonly count: number; readonly totalNs: number; readonly selfNs: number; readonly errors: number };
  readonly after: { readonly count: number; readonly totalNs: number; readonly selfNs: number; readonly errors: number };
}

const traceId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'is no trace id'));
const spanId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'is no span id'));
const unixNs = v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'is no time in ns'));
const range = v.object({ dataset: datasetName, fromNs: v.optional(unixNs), toNs: v.optional(unixNs) });
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));

export const tracesContract = {
  /** Traces with a span for which `text` holds: TraceQL's span conditions, or `key=value` and the like side by side. */
  'traces.search': procedure<TraceSearchAnswer>()(
    v.object({ ...range.entries, text: queryText, limit, cursor: v.optional(v.pipe(v.string(), v.maxLength(64))) }),
  ),
  'traces.get': procedure<TraceAnswer>()(v.object({ dataset: datasetName, traceId })),
  /** The spans of a trace with this id: several where ids repeat. */
  'traces.spans': procedure<readonly SpanDetail[]>()(v.object({ dataset: datasetName, traceId, spanId })),
  /** The ids of the spans of a trace that the condition holds for, 8 bytes each, as in `spanIds` of `traces.get`. */
  'traces.find': procedure<Uint8Array>()(v.object({ dataset: datasetName, traceId, text: queryText })),
  'traces.diff': procedure<TraceDiffAnswer>()(v.object({ dataset: datasetName, before: traceId, after: traceId })),
  'traces.operations': procedure<readonly OperationRow[]>()(range),
  'traces.serviceMap': procedure<ServiceMapAnswer>()(range),
  'traces.keys': procedure<readonly string[]>()(v.object({ dataset: datasetName })),
  /** Of an attribute, or of `service` and `name`. */
  'traces.values': procedure<readonly string[]>()(v.object({ dataset: datasetName, key: v.pipe(v.string(), v.maxLength(1024)), limit })),
};

import * as v from 'valibot';
import type { FlameFrames, OperationRed, ServiceMap, Span, SpanStatistics, TraceDiffRow, TraceSummary, TraceTree } from '#core/model/index.ts';
import { datasetName, queryText } from './inputs.ts';
import { procedure } from './rpc.ts';

/** A noun as it crosses: times in ns since 1970 are decimal strings, all else is as it was. */
type OnWire<T> = T extends bigint
  ? string
  : T extends Uint8Array | Uint32Array | Float64Array
    ? T
    : T extends readonly (infer Item)[]
      ? readonly OnWire<Item>[]
      : T extends object
        ? { readonly [K in keyof T]: OnWire<T[K]> }
        : T;

export type TraceRow = OnWire<TraceSummary>;
export type TraceAnswer = OnWire<TraceTree>;
export type SpanDetail = OnWire<Span>;

/** A page of traces, newest first. */
export interface TraceSearchAnswer {
  readonly traces: readonly TraceRow[];
  /** The next page's cursor; absent on the last. */
  readonly next: string | undefined;
  readonly spansSearched: number;
  readonly elapsedMs: number;
}

const traceId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, 'is no trace id'));
const spanId = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'is no span id'));
const unixNs = v.pipe(v.string(), v.regex(/^\d{1,19}$/, 'is no time in ns'));
const attributeKey = v.pipe(v.string(), v.maxLength(1024));
const range = v.object({ dataset: datasetName, fromNs: v.optional(unixNs), toNs: v.optional(unixNs) });
const oneTrace = v.object({ dataset: datasetName, traceId });
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));

export const tracesContract = {
  /** Traces with a span for which `text` holds: TraceQL's span conditions, or `key=value` and the like side by side. */
  'traces.search': procedure<TraceSearchAnswer>()(
    v.object({ ...range.entries, text: queryText, limit, cursor: v.optional(v.pipe(v.string(), v.maxLength(64))) }),
  ),
  'traces.get': procedure<TraceAnswer>()(oneTrace),
  /** The spans of a trace with this id: several where ids repeat. */
  'traces.spans': procedure<readonly SpanDetail[]>()(v.object({ ...oneTrace.entries, spanId })),
  /** When the events of the trace's spans were: of each the span's id (8 bytes) and its time from `baseNs`; no more than about 20,000. */
  'traces.events': procedure<{ readonly baseNs: string; readonly spanIds: Uint8Array; readonly atNs: Float64Array }>()(oneTrace),
  /** The ids of the spans of a trace that the condition holds for, 8 bytes each, as in `spanIds` of `traces.get`. */
  'traces.find': procedure<Uint8Array>()(v.object({ ...oneTrace.entries, text: queryText })),
  /** The trace's spans by operation, or by service and the value of the attribute `by`. */
  'traces.statistics': procedure<readonly SpanStatistics[]>()(v.object({ ...oneTrace.entries, by: v.optional(attributeKey) })),
  'traces.flame': procedure<FlameFrames>()(oneTrace),
  /** What became slower, appeared or went between two traces, by path of operations. */
  'traces.diff': procedure<{ readonly rows: readonly TraceDiffRow[] }>()(v.object({ dataset: datasetName, before: traceId, after: traceId })),
  /** The whole trace as one request in OTLP's JSON form, which any tool of the field reads. */
  'traces.export': procedure<{ readonly fileName: string; readonly json: string }>()(oneTrace),
  'traces.operations': procedure<readonly OperationRed[]>()(range),
  'traces.serviceMap': procedure<ServiceMap>()(range),
  'traces.keys': procedure<readonly string[]>()(v.object({ dataset: datasetName })),
  /** Of an attribute, or of `service` and `name`. */
  'traces.values': procedure<readonly string[]>()(v.object({ dataset: datasetName, key: attributeKey, limit })),
};

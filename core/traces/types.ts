import type {
  Clock,
  DurationMs,
  OperationRed,
  ServiceMap,
  Span,
  SpanStatistics,
  TraceSummary,
  TraceEvents,
  TraceTree,
  UnixNs,
} from '#core/model/index.ts';

/** What became of a span. `stored` and `duplicate` are success; the others are rejections that the store has counted. */
export type SpanVerdict = 'stored' | 'duplicate' | 'bad_trace_id' | 'bad_span_id' | 'bad_time' | 'future';

export interface TracesOptions {
  /** The dataset's folder; made when absent. Holds `traces.db`. */
  readonly folder: string;
  readonly clock: Clock;
  readonly limits?: Partial<TraceLimits>;
}

export interface TraceLimits {
  /** How far ahead of the clock a span may start. Infinity for a case of imported files. */
  readonly futureMs: DurationMs;
  /** Blocks whose last span started longer ago than this go. */
  readonly retentionMs: DurationMs;
  /** The oldest blocks go when blocks take more than this. */
  readonly retentionBytes: number;
}

export interface SearchQuery {
  /** See parseTraceQuery; empty for all. */
  readonly text: string;
  /** Bounds of the start of a matching span, inclusive. */
  readonly fromNs?: UnixNs;
  readonly toNs?: UnixNs;
  /** Traces on the page, 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** Newest first. */
export interface TracePage {
  readonly traces: readonly TraceSummary[];
  /** For the next page; undefined when this one is the last. */
  readonly next: string | undefined;
  readonly spansSearched: number;
}

/** A key and the text of its value. Spans that have the same may share the object. */
export type BriefPair = readonly [key: string, value: string];

/** What of a span a comparison of many looks at. */
export interface SpanBrief {
  readonly service: string;
  readonly operation: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty when the span has none. */
  readonly parentId: string;
  readonly startMs: number;
  /** At least 0. */
  readonly durationMs: number;
  readonly isError: boolean;
  /** Of its resource and of its own. */
  readonly attributes: readonly BriefPair[];
}

export interface BriefQuestion {
  /** Bounds of starts, inclusive. */
  readonly windows: readonly { readonly fromNs: UnixNs; readonly toNs: UnixNs }[];
  /** Spans that are read for each window, about. */
  readonly most: number;
  /** Which attributes are wanted. */
  readonly keeps: (key: string, text: string) => boolean;
}

export interface Briefs {
  /** In no particular order, but in the same one each time. */
  readonly spans: readonly SpanBrief[];
  /** Whether a window has more. */
  readonly isCut: boolean;
}

export interface TracesStats {
  /** Spans not yet in a block. */
  readonly headSpans: number;
  readonly blockSpans: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly oldestNs: UnixNs | undefined;
  readonly newestNs: UnixNs | undefined;
  /** Spans stored since the process began. */
  readonly appended: number;
  readonly rejected: ReadonlyMap<string, number>;
  /** What was found damaged and set aside, a sentence each. */
  readonly damage: readonly string[];
  /** Why the last upkeep failed, such as a full disk; empty when it went well. */
  readonly upkeepFault: string;
}

/** The span store of one dataset. One process writes a folder at a time. */
export interface Traces {
  /**
   * A verdict for every span, when all that were stored are on stable storage. Appends that come together share a commit.
   * Rejects with EngineError `unavailable` when the disk takes no more; nothing of the append is then kept.
   */
  append(spans: readonly Span[]): Promise<readonly SpanVerdict[]>;
  /** For imports: the same verdicts at once; spans are readable and durable after `flush`. Takes about 10 microseconds a span. */
  load(spans: readonly Span[]): readonly SpanVerdict[];
  /** Puts everything into blocks. */
  flush(): Promise<void>;
  search(query: SearchQuery, signal?: AbortSignal): Promise<TracePage>;
  /** The trace as a tree; undefined when there is no span of it. */
  trace(traceId: string): Promise<TraceTree | undefined>;
  /** The trace's spans by operation, or by service and the value of an attribute `by`; the group with the most own time first. */
  statistics(traceId: string, by: string | undefined): Promise<readonly SpanStatistics[]>;
  /** Every span of a trace, by start; empty when there is none. */
  spans(traceId: string): readonly Span[];
  /** The spans of a trace with this id, by start: several where ids repeat. */
  span(traceId: string, spanId: string): readonly Span[];
  /** When the events of a trace's spans were; no more than about `most`. */
  events(traceId: string, most: number): Promise<TraceEvents>;
  /** The ids of a trace's spans for which a condition holds, 8 bytes each. Throws as parseTraceQuery does. */
  find(traceId: string, text: string): Uint8Array;
  /** The spans of the traces that have one in a window, each once: the newest where there are too many. Parts of a trace that lie apart from it may be missing. */
  briefs(question: BriefQuestion, signal?: AbortSignal): Promise<Briefs>;
  /** Rate, errors and durations by service and operation; quantiles are within 1.6 %. */
  red(fromNs: UnixNs, toNs: UnixNs, signal?: AbortSignal): Promise<readonly OperationRed[]>;
  serviceMap(fromNs: UnixNs, toNs: UnixNs, signal?: AbortSignal): Promise<ServiceMap>;
  /** Keys of attributes of spans and resources, sorted. */
  attributeKeys(): readonly string[];
  /** Values that the attribute has in the newest parts of the store, sorted; at most `limit`. */
  attributeValues(key: string, limit: number): readonly string[];
  /** How long, and how much of, spans are kept from now on; no more than the limits that the store was opened with. */
  keep(retention: Pick<TraceLimits, 'retentionMs' | 'retentionBytes'>): void;
  stats(): TracesStats;
  close(): Promise<void>;
}

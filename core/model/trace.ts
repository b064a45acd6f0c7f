import type { UnixNs } from './time.ts';

/** What is odd about a span of a trace, as bits. Nothing of a broken trace is changed: it is shown, and said so here. */
export const spanFlags = {
  error: 1,
  /** It names a parent that is not there; it stands as a root. */
  orphan: 2,
  /** It is among its own ancestors; the first one of the circle stands as a root. */
  cycle: 4,
  /** Another span, that starts no later, has the same id. */
  duplicate: 8,
  /** It ends before it starts. */
  negative: 16,
  /** The server's half of a span that client and server share; it stands under the client's. */
  shared: 32,
  /** It starts before its parent. */
  early: 64,
  /** It ends after its parent. */
  late: 128,
  /** It lies on the critical path. */
  critical: 256,
} as const;

/** Stands where a column of spans has none. */
export const noSpan = 0xffffffff;

/** What the trace's duration was spent on, without gaps: during [fromNs, toNs) span `span` itself was what the root waited for. */
export interface CriticalPath {
  readonly span: Uint32Array;
  readonly fromNs: Float64Array;
  readonly toNs: Float64Array;
}

/** Groups of siblings that do the same, such as a query in a loop; entry g of every column is of the same group. */
export interface Repeats {
  /** Their parent. */
  readonly parent: Uint32Array;
  /** The first of them. */
  readonly first: Uint32Array;
  readonly count: Uint32Array;
  readonly errors: Uint32Array;
  readonly totalNs: Float64Array;
  readonly maxNs: Float64Array;
  /** The duration below which 95 % of them lie. */
  readonly p95Ns: Float64Array;
  /** Of every span of the trace: its group, or `noSpan`. */
  readonly groupOf: Uint32Array;
}

/** How far the clock of one service seems to be ahead of another's that calls it. Shown, never applied. */
export interface Skew {
  readonly caller: string;
  readonly callee: string;
  /** Median over the calls that do not fit into their caller's span. */
  readonly offsetNs: number;
  readonly misfits: number;
  readonly calls: number;
}

/**
 * One trace as a tree, laid flat for a waterfall: spans in depth-first order, children by start. Entry i of every column is of the
 * same span; the subtree of i is [i, i + descendants[i]].
 */
export interface TraceTree {
  readonly traceId: string;
  /** The first start. All other times are offsets from it, in ns. */
  readonly baseNs: UnixNs;
  /** From the first start to the last end. */
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly string[];
  readonly names: readonly string[];
  /** 8 bytes a span. */
  readonly spanIds: Uint8Array;
  readonly startNs: Float64Array;
  /** Negative where the end lies before the start. */
  readonly durationsNs: Float64Array;
  /** The part of the span that no child covers. */
  readonly selfNs: Float64Array;
  /** The span's own share of the critical path. */
  readonly criticalNs: Float64Array;
  /** `noSpan` for roots. */
  readonly parent: Uint32Array;
  readonly depth: Uint32Array;
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  /** Bits of `spanFlags`. */
  readonly flags: Uint32Array;
  /** The kind's number, in the order of OTLP. */
  readonly kind: Uint8Array;
  readonly descendants: Uint32Array;
  /** Errors in the span and all below it. */
  readonly errors: Uint32Array;
  readonly criticalPath: CriticalPath;
  readonly repeats: Repeats;
  readonly skews: readonly Skew[];
}

/** The spans of a trace that have a service and a name, or the value of an attribute, in common. Times in ns. */
export interface SpanStatistics {
  readonly service: string;
  /** The name, or the attribute's value; empty of spans without the attribute. */
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly totalNs: number;
  readonly selfNs: number;
  readonly criticalNs: number;
  readonly minNs: number;
  readonly maxNs: number;
}

/**
 * The spans of a trace laid over each other: those reached over the same operations are one frame. Depth first, a frame before its
 * children, those that took longest in front; entry i of every column is of the same frame.
 */
export interface FlameFrames {
  readonly services: readonly string[];
  readonly names: readonly string[];
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  readonly depth: Uint32Array;
  readonly count: Uint32Array;
  readonly errors: Uint32Array;
  /** Frames below it. */
  readonly descendants: Uint32Array;
  /** Own time and that of all frames below: what work was done, not how long it was waited for. */
  readonly totalNs: Float64Array;
  readonly selfNs: Float64Array;
}

/** A trace that has at least one span for which the whole condition of a search holds. */
export interface TraceSummary {
  readonly traceId: string;
  /** Of the earliest span without a parent, else of the earliest span. */
  readonly rootService: string;
  readonly rootName: string;
  /** False when every span names a parent: the root is missing, or not here yet. */
  readonly hasRoot: boolean;
  readonly startNs: UnixNs;
  /** From the first start to the last end; 0 when every end lies before. */
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans for which the condition holds, of those that lie together with the first one found. */
  readonly matchedCount: number;
  readonly services: readonly string[];
}

/** The spans of one operation of one service in a range of time: rate, errors, durations. Quantiles in ns, within 1.6 %. */
export interface OperationRed {
  readonly service: string;
  readonly name: string;
  /** Whether these spans answer somebody: roots, servers and consumers. */
  readonly entry: boolean;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** Calls of one service by another. Quantiles in ns, within 1.6 %. */
export interface ServiceEdge {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
}

export interface ServiceMap {
  readonly edges: readonly ServiceEdge[];
  readonly services: readonly { readonly service: string; readonly calls: number; readonly errors: number; readonly p95Ns: number }[];
  /**
   * Those of the names above that have no spans: databases, queues and services of others, known by what the spans of their callers, or of the
   * consumers of a queue, say of them.
   */
  readonly peers: readonly string[];
  /** Spans whose parent lies in another part of the store, or nowhere: their calls are not among the edges. */
  readonly strayCount: number;
}

/** Spans that are reached over the same operations, in two traces. */
export interface TraceDiffRow {
  readonly service: string;
  readonly name: string;
  readonly depth: number;
  readonly change: 'added' | 'removed' | 'slower' | 'faster' | 'same';
  readonly before: DiffSide;
  readonly after: DiffSide;
}

export interface DiffSide {
  readonly count: number;
  readonly totalNs: number;
  readonly selfNs: number;
  readonly errors: number;
}

/** When the events of a trace's spans were: of each event the span's id (8 bytes) and its time in ns from `baseNs`. */
export interface TraceEvents {
  readonly baseNs: bigint;
  readonly spanIds: Uint8Array;
  readonly atNs: Float64Array;
}

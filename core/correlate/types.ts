import type { UnixMs } from '#core/model/index.ts';

/** A closed span of time. */
export interface TimeWindow {
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
}

/** A series and the service that it speaks of. Times ascend; values may be NaN. */
export interface ServiceSeries {
  readonly service: string;
  /** The metric with what tells it from its sisters of the same service, in PromQL's form. */
  readonly name: string;
  /** The metric alone: series of one metric are compared with each other across services. */
  readonly metric: string;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

export interface CallEdge {
  readonly caller: string;
  readonly callee: string;
}

/** What of a span matters here. Ids are empty where the source has none. */
export interface CallSpan {
  readonly service: string;
  readonly operation: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly startMs: UnixMs;
  readonly durationMs: number;
  readonly isError: boolean;
  /** Keys and values, where they were read. */
  readonly attributes?: readonly (readonly [key: string, value: string])[];
}

/** A log line reduced to what repeats. */
export interface LogEvent {
  readonly service: string;
  readonly timeMs: UnixMs;
  readonly traceId: string;
  readonly spanId: string;
  readonly isError: boolean;
  readonly pattern: string;
}

/** All that is known of a case around a window. Each part may be empty. */
export interface IncidentData {
  readonly series: readonly ServiceSeries[];
  readonly edges: readonly CallEdge[];
  readonly spans: readonly CallSpan[];
  readonly logs: readonly LogEvent[];
  /** Of which of these there were too many, so that only the newest of each window were read. */
  readonly cut?: { readonly spans: boolean; readonly logs: boolean };
}

export type EvidenceKind = 'metric' | 'latency' | 'errors' | 'calls' | 'log' | 'edge';

/** One reason to suspect a service, as a sentence and as numbers. */
export interface Evidence {
  readonly kind: EvidenceKind;
  /** The series, operation, log pattern or edge. */
  readonly subject: string;
  /** How far from usual, in robust standard deviations or the root of a likelihood ratio; 0 or more. */
  readonly surprise: number;
  readonly before: number;
  readonly during: number;
  /** Points or events that the judgement rests on, before and during. */
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  readonly text: string;
}

export interface Suspect {
  readonly service: string;
  /** Comparable within one answer only. */
  readonly score: number;
  /** Strongest first. */
  readonly evidence: readonly Evidence[];
}

/** A single series as suspect. */
export interface MetricSuspect {
  readonly service: string;
  /** In PromQL's form. */
  readonly name: string;
  /** The metric's name alone; empty when it has none. */
  readonly metric: string;
  readonly score: number;
}

export interface RootCauseAnswer {
  readonly window: TimeWindow;
  /** What the window was compared with. */
  readonly baseline: TimeWindow;
  readonly suspects: readonly Suspect[];
  readonly metrics: readonly MetricSuspect[];
  /** What was missing or too short to be judged, a sentence each. */
  readonly notes: readonly string[];
}

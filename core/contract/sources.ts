import * as v from 'valibot';
import type { Target } from '#core/model/index.ts';
import { nothing } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

/** Where everything of one source went: received = stored + rejected + shed, to the unit. */
export interface SourceRow {
  /** `scrape:JOB`, `remote_write`, `otlp`, `otlp_traces`, `zipkin`, `pushgateway`, `span_metrics`, ... */
  readonly source: string;
  readonly received: number;
  readonly stored: number;
  /** By reason, the largest first. */
  readonly rejected: readonly FateCount[];
  readonly shed: readonly FateCount[];
}

export interface FateCount {
  readonly reason: string;
  readonly count: number;
}

/** What a batch job left behind. */
export interface PushedGroupRow {
  /** Flat label pairs. */
  readonly labels: readonly string[];
  readonly pushedMs: number;
  /** Of the last push that was refused; 0: never. */
  readonly failedMs: number;
  readonly seriesCount: number;
}

/** What was decided of a trace, and by which policy. */
export interface SamplingDecisionRow {
  readonly traceId: string;
  readonly atMs: number;
  readonly kept: boolean;
  /** Empty when no policy wanted it. */
  readonly policy: string;
  readonly part: string;
  readonly cause: string;
  readonly spanCount: number;
}

export interface SamplingView {
  readonly policies: readonly string[];
  readonly waitingTraces: number;
  readonly waitingSpans: number;
  readonly keptTraces: number;
  readonly droppedTraces: number;
  readonly earlyTraces: number;
  /** Since the process began; the empty name stands for traces that no policy wanted. */
  readonly byPolicy: readonly { readonly policy: string; readonly kept: number; readonly dropped: number }[];
  /** The newest first. */
  readonly decisions: readonly SamplingDecisionRow[];
}

/** How overloaded the engine is (0 to 5), why, and what it leaves out meanwhile. */
export interface OverloadView {
  readonly level: number;
  readonly name: string;
  readonly reasons: readonly string[];
  readonly shedding: readonly string[];
  /** What was turned away since the process began. */
  readonly shed: readonly { readonly level: number; readonly reason: string; readonly source: string; readonly count: number }[];
}

export interface SourcesView {
  readonly sources: readonly SourceRow[];
  /** Names of scrape configs in force, those without targets too. */
  readonly jobs: readonly string[];
  readonly pushed: readonly PushedGroupRow[];
  /** Sources of targets (files, HTTP) that cannot be asked now, a sentence each. */
  readonly problems: readonly string[];
  /** Undefined where every span is kept. */
  readonly sampling: SamplingView | undefined;
  readonly overload: OverloadView;
}

/** A target as it was found, before relabelling. */
export interface DiscoveredTarget {
  readonly labels: readonly string[];
  readonly state: 'kept' | 'dropped' | 'unusable';
  /** Of a kept one. */
  readonly url: string;
  /** Of an unusable one. */
  readonly problem: string;
}

export interface DiscoveredTargets {
  readonly targets: readonly DiscoveredTarget[];
  /** Found beside those listed. */
  readonly leftOut: number;
}

/** One relabelling rule, and what it did. */
export interface RelabelStepView {
  /** The line of the rule in the configuration. */
  readonly line: number;
  /** The rule as the configuration has it, such as `action: keep, source_labels: [env], regex: prod`. */
  readonly rule: string;
  readonly before: readonly string[];
  /** Undefined: the rule dropped it, and later rules were not asked. */
  readonly after: readonly string[] | undefined;
}

const labelPairs = v.pipe(v.array(v.pipe(v.string(), v.maxLength(8192))), v.maxLength(256));
const jobName = v.pipe(v.string(), v.maxLength(1024));

export const sourcesContract = {
  'sources.watch': stream<SourcesView>()(nothing),
  /** What tail sampling decided of a trace; null when nothing was, or it is forgotten. */
  'sources.sampling': procedure<SamplingDecisionRow | null>()(v.object({ traceId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)) })),
  'sources.deletePushed': procedure<null>()(v.object({ labels: labelPairs })),
  'targets.watch': stream<readonly Target[]>()(nothing),
  'targets.scrape': procedure<null>()(v.object({ url: v.string() })),
  /** The first 500 targets that a job found. */
  'targets.discovered': procedure<DiscoveredTargets>()(v.object({ job: jobName })),
  /** What each rule of a job does to these labels, of a target or of a scraped series. */
  'targets.relabelSteps': procedure<readonly RelabelStepView[]>()(
    v.object({ job: jobName, stage: v.picklist(['target', 'metric']), labels: labelPairs }),
  ),
};

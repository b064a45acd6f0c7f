import type { Expr } from '#core/promql/syntax/index.ts';
import type { RuleGroupSpec, RuleSpec } from '#core/formats/index.ts';
import type { Alert, AlertState, Histogram, Labels, UnixMs } from '#core/model/index.ts';

export type GroupSpec = RuleGroupSpec<Expr>;
export type Rule = RuleSpec<Expr>;

/** One element of an instant vector. */
export interface RuleSample {
  readonly labels: Labels;
  readonly value: number;
  readonly histogram?: Histogram | undefined;
}

/** Answers a rule's expression at a time: an instant vector, a scalar as one sample without labels. Rejects with EngineError. */
export type RuleQuery = (expr: Expr, timeMs: UnixMs) => Promise<readonly RuleSample[]>;

/** What one rule wrote: samples of one time. `values` may hold stale markers (isStale); `histograms[i]`, where set, stands instead of `values[i]`. */
export interface RuleSeries {
  readonly timeMs: UnixMs;
  readonly labels: readonly Labels[];
  readonly values: Float64Array;
  readonly histograms: readonly (Histogram | undefined)[] | undefined;
}

/** Stores what rules made. Settles when it can be read; it need not be on stable storage yet. */
export type RuleAppend = (series: RuleSeries) => void | Promise<void>;

/** `inactive`: the alert was not there before, or it was pending and is gone. */
export type EdgeState = AlertState | 'inactive';

/** One edge of an alert's life, with its reason. */
export interface Transition {
  readonly atMs: UnixMs;
  readonly alert: Alert;
  readonly from: EdgeState;
  readonly to: EdgeState;
  readonly reason: string;
}

import type { RuleHealth } from '#core/model/index.ts';
import { nothing } from './inputs.ts';
import { stream } from './rpc.ts';

export interface RuleView {
  readonly name: string;
  readonly kind: 'alerting' | 'recording';
  readonly line: number;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly health: RuleHealth;
  readonly lastError: string;
  /** A template that failed at the last evaluation. */
  readonly lastWarning: string;
  readonly lastEvaluationMs: number | undefined;
  readonly elapsedMs: number;
  readonly seriesCount: number;
  /** Empty: it is evaluated on what arrives. Else why the store is asked anew each time. */
  readonly askedBecause: string;
  readonly pendingCount: number;
  readonly firingCount: number;
}

export interface RuleGroupView {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly intervalMs: number;
  /** Evaluations skipped since the start. */
  readonly missedCount: number;
  readonly rules: readonly RuleView[];
}

export interface RulesView {
  readonly groups: readonly RuleGroupView[];
  /** Files that could not be read, a sentence each, with place and reason; their last good version is in force. */
  readonly problems: readonly string[];
}

export const rulesContract = {
  'rules.watch': stream<RulesView>()(nothing),
};

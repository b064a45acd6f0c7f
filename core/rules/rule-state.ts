import type { Alert, DurationMs, Labels, RuleHealth, UnixMs } from '#core/model/index.ts';
import type { Streaming } from './stream/stream.ts';

/** A group as the screens and the API show it. */
export interface GroupState {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly intervalMs: DurationMs;
  readonly queryOffsetMs: DurationMs;
  readonly limit: number;
  readonly lastEvaluationMs: UnixMs | undefined;
  /** How long the last evaluation of all its rules took. */
  readonly durationMs: DurationMs;
  /** Evaluations skipped since the start because the one before was not done, or the machine stood still. */
  readonly missedCount: number;
  /** Something beside the rules themselves that failed; empty when nothing did. */
  readonly lastError: string;
  readonly rules: readonly RuleState[];
}

export interface RuleState {
  readonly kind: 'recording' | 'alerting';
  readonly name: string;
  readonly line: number;
  readonly expr: string;
  readonly forMs: DurationMs;
  readonly keepFiringForMs: DurationMs;
  readonly labels: Labels;
  /** Pairs laid flat; values are templates. */
  readonly annotations: readonly string[];
  readonly health: RuleHealth;
  readonly lastError: string;
  /** A template that failed at the last evaluation; the alert went out with that sentence in its text. */
  readonly lastWarning: string;
  readonly lastEvaluationMs: UnixMs | undefined;
  readonly durationMs: DurationMs;
  /** Series that the last evaluation wrote. */
  readonly seriesCount: number;
  /** Whether it is evaluated on what arrives, and if not, why. */
  readonly evaluation: Streaming;
  /** Pending, firing and lately resolved. */
  readonly alerts: readonly Alert[];
}

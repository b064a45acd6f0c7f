import type { UnixMs } from './time.ts';

/** What a runbook's markdown says, read. The form is described in runbooks/README.md. */
export interface Runbook {
  /** The file's name without `.md`. */
  readonly id: string;
  readonly title: string;
  /** Alert names it is for. */
  readonly alerts: readonly string[];
  /** Names that the steps use as `$name`, with what to take when the alert has no such label. */
  readonly params: readonly { readonly name: string; readonly default: string }[];
  /** Markdown before the first step. */
  readonly intro: string;
  readonly steps: readonly RunbookStep[];
  /** What is wrong with the file, a sentence each, with the line; empty when all is well. */
  readonly problems: readonly string[];
}

export interface RunbookStep {
  /** Unique within the runbook; from the heading. */
  readonly id: string;
  readonly title: string;
  /** Markdown of the step without its check block. */
  readonly text: string;
  /** Absent: a person ticks it off. */
  readonly check: RunbookCheck | undefined;
  /** Where to go on: step ids, or `end`. Absent: the next step. */
  readonly onPass: string | undefined;
  readonly onFail: string | undefined;
}

/** A query and what to expect of it. Passes when every sample of the result holds (`all`), or any does. */
export interface RunbookCheck {
  /** What is measured, for sentences: `cache hit rate`. Empty when the runbook does not say. */
  readonly what: string;
  readonly query: string;
  readonly expect: { readonly op: '<' | '<=' | '>' | '>=' | '==' | '!='; readonly value: number };
  readonly of: 'all' | 'any';
  /** What an empty result means. */
  readonly empty: 'pass' | 'fail' | 'unknown';
  readonly unit: string;
}

export type StepState = 'todo' | 'pass' | 'fail' | 'unknown' | 'done' | 'skipped';

/** What a check found. */
export interface Evidence {
  readonly query: string;
  readonly atMs: UnixMs;
  /** The sample nearest to failing, when there is any. */
  readonly value: number | undefined;
  /** Text form of that sample's labels. */
  readonly series: string;
  readonly sampleCount: number;
  /** `cache hit rate 0.41, expected > 0.9`, for people. */
  readonly sentence: string;
}

/** One thing that happened in a run. A run is the fold of its events. */
export type RunbookEvent =
  | { readonly kind: 'started'; readonly params: readonly { readonly name: string; readonly value: string }[] }
  | {
      readonly kind: 'checked';
      readonly step: string;
      readonly title: string;
      readonly state: 'pass' | 'fail' | 'unknown';
      readonly evidence: Evidence;
    }
  | {
      readonly kind: 'ticked';
      readonly step: string;
      readonly title: string;
      readonly note: string;
      /** The person's own verdict, where the step asks for one; the step is then `pass` or `fail`, else `done`. */
      readonly answer?: 'pass' | 'fail';
    }
  | { readonly kind: 'skipped'; readonly step: string; readonly title: string; readonly why: string }
  /** `title` is that of the step it went to; `why` is empty when that is only the next one. */
  | { readonly kind: 'went'; readonly from: string; readonly to: string; readonly title: string; readonly why: string }
  | { readonly kind: 'finished' };

export interface RunbookRun {
  readonly id: string;
  readonly incident: number | undefined;
  /** The runbook as it stood when the run began; later edits of the file do not change a run. */
  readonly runbook: Runbook;
  readonly params: readonly { readonly name: string; readonly value: string }[];
  readonly startedMs: UnixMs;
  readonly finishedMs: UnixMs | undefined;
  /** The step to do now; undefined when the run is over. */
  readonly current: string | undefined;
  readonly steps: readonly RunStep[];
}

export interface RunStep {
  readonly id: string;
  readonly state: StepState;
  readonly atMs: UnixMs | undefined;
  readonly by: string;
  readonly note: string;
  readonly evidence: Evidence | undefined;
}

import * as v from 'valibot';
import type { RuleHealth } from '#core/model/index.ts';
import { datasetName, line, nothing, unixMs } from './inputs.ts';
import { procedure, stream } from './rpc.ts';

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
  /** Times that an alert of it began to fire within the last day. */
  readonly firedToday: number;
  /** Alerts of it that flap. */
  readonly flappingCount: number;
}

export interface RuleGroupView {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Its file can be opened in the editor; rules made of objectives have none. */
  readonly hasFile: boolean;
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

/** What a rule file in the making would be. */
export interface RuleCheckView {
  /** Why it would be refused, a sentence each with its line; 0 where none is to blame. */
  readonly problems: readonly { readonly line: number; readonly sentence: string }[];
  /** What works, but not as it was meant, with the mend. */
  readonly findings: readonly FindingView[];
  /** What each rule would give now; the first samples of each. Empty while there are problems. */
  readonly now: readonly RulePreview[];
}

export interface FindingView {
  readonly pitfall: string;
  readonly file: string;
  readonly line: number;
  readonly group: string;
  readonly rule: string;
  readonly sentence: string;
  readonly mend: string;
}

export interface RulePreview {
  readonly name: string;
  readonly line: number;
  readonly kind: 'alerting' | 'recording';
  readonly count: number;
  readonly samples: readonly { readonly labels: readonly string[]; readonly value: number }[];
  /** Why it could not be asked; empty when it could. */
  readonly problem: string;
}

/** One trial over stored time. */
export interface LabRun {
  readonly firings: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly pendingMs: number;
    readonly firedMs: number;
    readonly resolvedMs: number | undefined;
  }[];
  readonly firingCount: number;
  readonly pages: readonly {
    readonly atMs: number;
    readonly receiver: string;
    readonly reason: string;
    readonly resolved: boolean;
    readonly labels: readonly string[];
    readonly alertCount: number;
  }[];
  /** Notifications of something that fires. */
  readonly pageCount: number;
  /** Rules that failed on the way, a sentence each. */
  readonly failures: readonly string[];
}

/** Rules and routes as they are beside rules and routes as they might be. */
export interface LabAnswer {
  readonly before: LabRun;
  readonly after: LabRun;
  /** "fires 11 min earlier, pages 2 instead of 17", the whole first, then rule by rule. */
  readonly differences: readonly { readonly name: string; readonly sentence: string }[];
}

/** What rules made of people's attention. */
export interface NoiseView {
  readonly sinceMs: number;
  readonly rules: readonly {
    readonly file: string;
    readonly group: string;
    readonly name: string;
    readonly fired: number;
    readonly pages: number;
    readonly pendingOnly: number;
    readonly flapping: number;
    readonly medianFiringMs: number | undefined;
    readonly actedOn: number | undefined;
  }[];
  readonly findings: readonly FindingView[];
  /** Selectors that find no series: their rules cannot fire. */
  readonly unmatched: readonly {
    readonly file: string;
    readonly line: number;
    readonly rule: string;
    readonly selector: string;
    readonly because: string;
  }[];
  /** Labels that only the root takes, or that end at nobody. */
  readonly unroutable: readonly { readonly labels: readonly string[]; readonly place: string; readonly why: string }[];
}

const fileText = v.pipe(v.string(), v.maxLength(1_000_000, 'is longer than 1,000,000 characters'));
const filePath = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const trial = v.object({ rules: fileText, routes: fileText });

export const rulesContract = {
  'rules.watch': stream<RulesView>()(nothing),
  /** The text of a rule file in force; `editable` when it may be saved here. */
  'rules.file': procedure<{ readonly text: string; readonly editable: boolean }>()(v.object({ file: filePath })),
  'rules.check': procedure<RuleCheckView>()(v.object({ file: filePath, text: fileText })),
  'rules.save': procedure<null>()(v.object({ file: filePath, text: fileText, by: line })),
  /** The text of alertmanager.yml; empty when there is none. */
  'rules.routes': procedure<{ readonly file: string; readonly text: string }>()(nothing),
  /** Tries two sets of rules and routes on stored time. */
  'rules.lab': procedure<LabAnswer>()(v.object({ dataset: datasetName, before: trial, after: trial, startMs: unixMs, endMs: unixMs })),
  'rules.noise': procedure<NoiseView>()(v.object({ sinceMs: unixMs })),
};

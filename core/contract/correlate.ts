import * as v from 'valibot';
import { datasetName, unixMs } from './inputs.ts';
import { procedure } from './rpc.ts';

export interface EvidenceView {
  readonly kind: 'metric' | 'latency' | 'errors' | 'calls' | 'log' | 'edge';
  readonly subject: string;
  readonly surprise: number;
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  readonly text: string;
}

export interface RootCauseView {
  readonly window: { readonly startMs: number; readonly endMs: number };
  /** What the window was compared with. */
  readonly baseline: { readonly startMs: number; readonly endMs: number };
  /** Likeliest first. Scores compare within one answer only. */
  readonly suspects: readonly { readonly service: string; readonly score: number; readonly evidence: readonly EvidenceView[] }[];
  readonly metrics: readonly { readonly service: string; readonly name: string; readonly score: number }[];
  /** What was missing or too short to be judged. */
  readonly notes: readonly string[];
}

export type ChangeKind = 'metric' | 'log' | 'latency' | 'errors' | 'attribute' | 'edge' | 'deploy';

/** One thing that differs between the window and what lies before it. */
export interface ChangeView {
  readonly kind: ChangeKind;
  readonly service: string;
  /** The series in PromQL's form, the log pattern, operation, attribute, call or version. */
  readonly subject: string;
  /** 0 or more; larger is stranger. */
  readonly score: number;
  /** How the score is made, in words. */
  readonly formula: string;
  readonly text: string;
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  /** A small chart, baseline and window; empty when there is none. */
  readonly chart: { readonly timesMs: Float64Array; readonly values: Float64Array };
}

export interface ChangesView {
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly baseline: { readonly startMs: number; readonly endMs: number };
  /** Strangest first. */
  readonly changes: readonly ChangeView[];
  /** What was compared in all. */
  readonly seriesCount: number;
  readonly spanCount: number;
  readonly lineCount: number;
  /** What there was not enough data for, a sentence each. */
  readonly notes: readonly string[];
  readonly elapsedMs: number;
}

const window = v.object({ dataset: datasetName, startMs: unixMs, endMs: unixMs });

export const correlateContract = {
  /** Which service a fault of the window began in. */
  'correlate.rootCause': procedure<RootCauseView>()(window),
  /** What differs in the window from what lies before it. */
  'correlate.changes': procedure<ChangesView>()(window),
};

/** What differs between a window and the baseline that it is compared with. */
export type ChangeKind = 'metric' | 'log' | 'latency' | 'errors' | 'attribute' | 'edge' | 'deploy';

/** A value at each of some times, for a chart without axes. */
export interface SmallChart {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

export interface Change {
  readonly kind: ChangeKind;
  readonly service: string;
  /** The series in PromQL's form, the log pattern, operation, attribute, call or version. */
  readonly subject: string;
  /** The logarithm of how strange it is, so that kinds compare; 0 or more, larger is stranger. */
  readonly score: number;
  /** How the score is made, in words. */
  readonly formula: string;
  readonly text: string;
  readonly before: number;
  readonly during: number;
  readonly pointsBefore: number;
  readonly pointsDuring: number;
  /** Over the baseline and then the window: values, lines a minute, or shares. */
  readonly chart: SmallChart;
}

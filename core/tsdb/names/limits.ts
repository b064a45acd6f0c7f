import { METRIC_NAME, compareText, type Labels } from '#core/model/index.ts';
import { verdicts, type StoreLimits, type Verdict } from '../types.ts';

/** For a live dataset; reference: VictoriaMetrics' and Prometheus' own defaults for labels, and what fits a laptop for the rest. */
export const defaultLimits: StoreLimits = {
  outOfOrderMs: 7_200_000,
  futureMs: 600_000,
  seriesMax: 2_000_000,
  metricSeriesMax: 1_000_000,
  labelsMax: 40,
  nameBytesMax: 256,
  valueBytesMax: 4096,
  retentionMs: 30 * 86_400_000,
  rollAfterMs: 2 * 86_400_000,
  rollup5mRetentionMs: 90 * 86_400_000,
  rollup1hRetentionMs: 400 * 86_400_000,
  // Five times what Prometheus keeps: about 100 MB.
  exemplarsMax: 500_000,
  retentionBytes: 20 * 2 ** 30,
};

/** What is wrong with the labels of a new series; undefined when nothing is. */
export function labelFault(labels: Labels, limits: StoreLimits): Verdict | undefined {
  if (labels.length % 2 !== 0 || !labels.includes(METRIC_NAME)) return verdicts.badLabels;
  if (labels.length > limits.labelsMax * 2) return verdicts.labelCount;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const value = labels[i + 1]!;
    if (value === '' || (i > 0 && compareText(labels[i - 2]!, name) >= 0)) return verdicts.badLabels;
    if (isLonger(name, limits.nameBytesMax)) return verdicts.labelName;
    if (isLonger(value, limits.valueBytesMax)) return verdicts.labelValue;
  }
  return undefined;
}

/** Whether a text takes more than `bytesMax` bytes of UTF-8; no UTF-16 unit takes more than three. */
function isLonger(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

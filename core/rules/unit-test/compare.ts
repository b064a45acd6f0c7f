import type { AlertTest, QueryTest } from '#core/formats/index.ts';
import { compareLabels, compareText, formatDuration, formatLabels, withLabel, type Histogram, type Labels } from '#core/model/index.ts';
import { formatHistogram, formatValue, parseHistogram, parseLabels } from '#core/promql/index.ts';
import type { RuleSample } from '../types.ts';

interface ShownAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** What differs between the alerts that fire and those that should; undefined when nothing does. */
export function compareAlerts(test: AlertTest, firing: readonly ShownAlert[]): string | undefined {
  const expected = test.expected.map(({ labels, annotations }) => ({ labels: withLabel(labels, 'alertname', test.alertname), annotations }));
  const [wanted, got] = [show(expected), show(firing)];
  if (wanted === got) return undefined;
  return `alertname: ${test.alertname}, time: ${formatDuration(test.atMs)}, exp: [${wanted}], got: [${got}]`;
}

function show(alerts: readonly ShownAlert[]): string {
  return alerts
    .toSorted((a, b) => compareLabels(a.labels, b.labels) || compareLabels(a.annotations, b.annotations))
    .map(({ labels, annotations }) => `Labels:${formatLabels(labels)} Annotations:${formatLabels(annotations)}`)
    .join(', ');
}

/** What differs between the answer to a query and what is expected; undefined when nothing does. */
export function compareSamples(test: QueryTest, samples: readonly RuleSample[], fuzzy: boolean): string | undefined {
  const wanted = test.expected.map((sample) => ({
    labels: sample.labels === '' ? [] : parseLabels(sample.labels),
    value: sample.value,
    histogram: sample.histogram === '' ? undefined : parseHistogram(sample.histogram).value,
  }));
  const sorted = (list: readonly RuleSample[]): RuleSample[] =>
    list.toSorted((a, b) => compareLabels(a.labels, b.labels) || compareText(showSample(a), showSample(b)));
  const [expected, got] = [sorted(wanted), sorted(samples)];
  const same = expected.length === got.length && expected.every((sample, i) => sameSample(sample, got[i]!, fuzzy));
  if (same) return undefined;
  const list = (of: readonly RuleSample[]): string => of.map(showSample).join(', ') || 'nil';
  return `expr: ${JSON.stringify(test.expr)}, time: ${formatDuration(test.atMs)}, exp: ${list(expected)}, got: ${list(got)}`;
}

function sameSample(a: RuleSample, b: RuleSample, fuzzy: boolean): boolean {
  if (compareLabels(a.labels, b.labels) !== 0) return false;
  if (a.histogram !== undefined || b.histogram !== undefined) return histogramText(a.histogram) === histogramText(b.histogram);
  return a.value === b.value || (Number.isNaN(a.value) && Number.isNaN(b.value)) || (fuzzy && neighbours(a.value, b.value));
}

const bits = new DataView(new ArrayBuffer(16));

/** Whether no other double lies between two. */
function neighbours(a: number, b: number): boolean {
  bits.setFloat64(0, a);
  bits.setFloat64(8, b);
  const difference = bits.getBigInt64(0) - bits.getBigInt64(8);
  return difference === 1n || difference === -1n;
}

function showSample({ labels, value, histogram }: RuleSample): string {
  return `${formatLabels(labels)} ${histogram === undefined ? formatValue(value) : histogramText(histogram)}`;
}

function histogramText(histogram: Histogram | undefined): string {
  if (histogram === undefined) return '';
  return `${formatHistogram(histogram)} schema:${histogram.schema} zero_threshold:${histogram.zeroThreshold} reset:${histogram.resetHint}`;
}

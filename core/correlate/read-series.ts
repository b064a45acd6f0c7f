import {
  dropLabels,
  formatLabels,
  labelPairs,
  labelsKey,
  labelValue,
  matcher,
  METRIC_NAME,
  withLabel,
  type Labels,
  type Matcher,
  type SeriesColumns,
  type UnixMs,
} from '#core/model/index.ts';
import type { Pace } from './pace.ts';
import { isCounter, isSumOf, meanOf, rateOf } from './rates.ts';
import type { Attributes } from './service-of.ts';
import type { ServiceSeries, TimeWindow } from './types.ts';

/** Series, each decoded when its columns are asked for; their values are good until the next one's are. */
export interface MetricSource {
  scan(matchers: readonly Matcher[], minMs: UnixMs, maxMs: UnixMs): readonly SeriesColumns[];
  labelValues(name: string): readonly string[];
}

/** A scan copies what is not sealed at its start: about so many series at a time keep that within a few milliseconds. */
const seriesPerScan = 750;
const namesAtFirst = 8;
/** More points of a series than these are put together into means of equal steps, so that a week at a second fits. */
const pointsMax = 4096;

/** Every series of the windows as what it measures over time: counters as rates, sums as means, buckets left out. */
export async function readSeries(
  metrics: MetricSource,
  windows: readonly TimeWindow[],
  attributes: Attributes,
  pace: Pace,
): Promise<readonly ServiceSeries[]> {
  const read = new Map<string, Measured>();
  for (const { startMs, endMs } of windows) {
    const names = metrics.labelValues(METRIC_NAME);
    for (let from = 0, count = namesAtFirst; from < names.length;) {
      await pace.rest();
      const found = metrics.scan([oneOf(names.slice(from, from + count))], startMs, endMs);
      await pace.each(found, (columns) => keep(read, measured(columns)));
      from += count;
      count = Math.max(1, Math.min(count * 4, Math.round((count * seriesPerScan) / Math.max(1, found.length))));
    }
  }
  const found: ServiceSeries[] = [];
  await pace.each(read.values(), (own) => found.push(serviceSeries(meanOfSum(own, read), attributes)));
  return found;
}

const oneOf = (names: readonly string[]): Matcher =>
  matcher(METRIC_NAME, '=~', names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));

function keep(read: Map<string, Measured>, own: Measured | undefined): void {
  if (own === undefined) return;
  const key = labelsKey(own.labels);
  const before = read.get(key);
  read.set(key, before === undefined ? own : { ...joined(before, own), isRate: own.isRate });
}

interface Measured extends SeriesColumns {
  readonly isRate: boolean;
}

/** What one series measures, in columns of its own; undefined for what says nothing by itself. */
function measured(columns: SeriesColumns): Measured | undefined {
  const { labels } = columns;
  if (labelValue(labels, METRIC_NAME).endsWith('_bucket')) return undefined;
  const { timesMs, values, histograms } = columns;
  if (histograms !== undefined || values.length === 0) return undefined;
  const isRate = isCounter(labels, values);
  return { ...thinned(isRate ? rateOf({ labels, timesMs, values }) : { labels, timesMs, values: values.slice() }), isRate };
}

/** A sum of observations as their mean, where their count is there; anything else as it is. */
function meanOfSum(own: Measured, all: ReadonlyMap<string, Measured>): SeriesColumns {
  const name = own.isRate ? isSumOf(own.labels) : undefined;
  if (name === undefined) return own;
  const count = all.get(labelsKey(withLabel(own.labels, METRIC_NAME, `${name}_count`)));
  return count?.isRate === true ? meanOf(own, count) : own;
}

function thinned({ labels, timesMs, values }: SeriesColumns): SeriesColumns {
  if (values.length <= pointsMax) return { labels, timesMs, values };
  const per = Math.ceil(values.length / pointsMax);
  const length = Math.ceil(values.length / per);
  const times = new Float64Array(length);
  const means = new Float64Array(length);
  for (let step = 0; step < length; step++) {
    const from = step * per;
    const to = Math.min(values.length, from + per);
    let sum = 0;
    let count = 0;
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(values[i]!)) continue;
      sum += values[i]!;
      count++;
    }
    times[step] = timesMs[(from + to - 1) >> 1]!;
    means[step] = count === 0 ? Number.NaN : sum / count;
  }
  return { labels, timesMs: times, values: means };
}

function joined(a: SeriesColumns, b: SeriesColumns): SeriesColumns {
  const join = (x: Float64Array, y: Float64Array): Float64Array => {
    const both = new Float64Array(x.length + y.length);
    both.set(x);
    both.set(y, x.length);
    return both;
  };
  const [first, second] = (a.timesMs[0] ?? 0) <= (b.timesMs[0] ?? 0) ? [a, b] : [b, a];
  return { labels: a.labels, timesMs: join(first.timesMs, second.timesMs), values: join(first.values, second.values) };
}

function serviceSeries({ labels, timesMs, values }: SeriesColumns, attributes: Attributes): ServiceSeries {
  const service = attributes.of('service', labelPairs(labels));
  return { service, name: formatLabels(labels), metric: formatLabels(withoutService(labels, attributes)), timesMs, values };
}

/** What is left of a series' labels once none of them names its service. */
function withoutService(labels: Labels, attributes: Attributes): Labels {
  const naming = [...labelPairs(labels)].map(([name]) => name).filter((name) => attributes.names('service', name));
  return naming.length === 0 ? labels : dropLabels(labels, new Set(naming));
}

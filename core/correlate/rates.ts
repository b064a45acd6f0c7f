import { labelValue, METRIC_NAME, type Labels, type SeriesColumns } from '#core/model/index.ts';

/** Falls of a counter are resets, of which there are few. */
const resetShareMax = 0.05;

/** Whether a series counts up: told by OpenMetrics' suffixes, and by never falling. */
export function isCounter(labels: Labels, values: Float64Array): boolean {
  return /_(total|count|sum)$/.test(labelValue(labels, METRIC_NAME)) && neverFalls(values);
}

/** The name of the summary or histogram whose sum a series is. */
export function isSumOf(labels: Labels): string | undefined {
  return /^(.+)_sum$/.exec(labelValue(labels, METRIC_NAME))?.[1];
}

function neverFalls(values: Float64Array): boolean {
  let falls = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) falls++;
  return values.length > 2 && falls <= values.length * resetShareMax;
}

/** At each point but the first, the rise since the point before by seconds; after a reset what has come since. */
export function rateOf({ labels, timesMs, values }: SeriesColumns): SeriesColumns {
  const rates = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 1; i < values.length; i++) {
    const rise = values[i]! >= values[i - 1]! ? values[i]! - values[i - 1]! : values[i]!;
    rates[i - 1] = (rise * 1000) / (timesMs[i]! - timesMs[i - 1]!);
  }
  return { labels, timesMs: timesMs.slice(1), values: rates };
}

/** The mean of what was observed, by the rates of its sum and its count; NaN while nothing was. The sum itself where times differ. */
export function meanOf(sum: SeriesColumns, count: SeriesColumns): SeriesColumns {
  if (count.values.length !== sum.values.length) return sum;
  return { ...sum, values: sum.values.map((value, i) => (count.values[i]! > 0 ? value / count.values[i]! : Number.NaN)) };
}

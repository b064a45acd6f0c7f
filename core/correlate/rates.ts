import { labelsKey, labelValue, METRIC_NAME, withLabel, type SeriesColumns } from '#core/model/index.ts';

/**
 * Series as what they measure: counters become rates a second, a summary's or histogram's sum becomes the mean of its observations. Buckets
 * are left out, as the mean tells of them. Gauges stay. Which is which is told by OpenMetrics' suffixes, and by never falling.
 */
export function overTime(all: readonly SeriesColumns[]): SeriesColumns[] {
  const counts = new Map<string, SeriesColumns>();
  for (const series of all) if (nameOf(series).endsWith('_count')) counts.set(labelsKey(series.labels), series);
  return all.flatMap((series) => {
    const name = nameOf(series);
    if (name.endsWith('_bucket')) return [];
    if (!/_(total|count|sum)$/.test(name) || !neverFalls(series.values)) return [series];
    const own = rateOf(series);
    if (!name.endsWith('_sum')) return [own];
    const count = counts.get(labelsKey(withLabel(series.labels, METRIC_NAME, name.replace(/_sum$/, '_count'))));
    if (count === undefined || count.timesMs.length !== series.timesMs.length) return [own];
    const perSecond = rateOf(count).values;
    return [{ ...own, values: own.values.map((sum, i) => (perSecond[i]! > 0 ? sum / perSecond[i]! : Number.NaN)) }];
  });
}

const nameOf = ({ labels }: SeriesColumns): string => labelValue(labels, METRIC_NAME);

/** Falls of a counter are resets, of which there are few. */
const resetShareMax = 0.05;

function neverFalls(values: Float64Array): boolean {
  let falls = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) falls++;
  return values.length > 2 && falls <= values.length * resetShareMax;
}

/** At each point but the first, the rise since the point before by seconds; after a reset what has come since. */
function rateOf({ labels, timesMs, values }: SeriesColumns): SeriesColumns {
  const rates = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 1; i < values.length; i++) {
    const rise = values[i]! >= values[i - 1]! ? values[i]! - values[i - 1]! : values[i]!;
    rates[i - 1] = (rise * 1000) / (timesMs[i]! - timesMs[i - 1]!);
  }
  return { labels, timesMs: timesMs.slice(1), values: rates };
}

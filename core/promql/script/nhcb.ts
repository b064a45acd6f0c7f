import { customBoundsSchema, labelsKey, labelValue, METRIC_NAME, withLabel, type Histogram, type Labels } from '#core/model/index.ts';
import { emptyHistogram } from '../histogram/arithmetic.ts';
import { pack } from '../histogram/buckets.ts';
import { parseNumber, type Point, type SeriesDescription } from './series.ts';

interface Classic {
  readonly labels: Labels;
  readonly buckets: Map<number, readonly Point[]>;
  sum: readonly Point[];
  count: readonly Point[];
}

/** The classic histograms among series as native histograms with custom buckets, under the name without its suffix. */
export function nativeFromClassic(descriptions: readonly SeriesDescription[]): SeriesDescription[] {
  const found = new Map<string, Classic>();
  for (const { labels, points } of descriptions) {
    const parts = /^(.*)_(bucket|sum|count)$/.exec(labelValue(labels, METRIC_NAME));
    const le = labelValue(labels, 'le');
    if (parts === null || (parts[2] === 'bucket' && le === '')) continue;
    const base = withLabel(withLabel(labels, 'le', ''), METRIC_NAME, parts[1]!);
    const key = labelsKey(base);
    let classic = found.get(key);
    if (classic === undefined) found.set(key, (classic = { labels: base, buckets: new Map(), sum: [], count: [] }));
    if (parts[2] === 'bucket') classic.buckets.set(parseNumber(le), points);
    else classic[parts[2] as 'sum' | 'count'] = points;
  }
  return [...found.values()].filter((classic) => classic.buckets.size > 0).map(convert);
}

function convert(classic: Classic): SeriesDescription {
  const length = Math.max(...[...classic.buckets.values()].map((points) => points.length));
  const points = Array.from({ length }, (_, i): Point => {
    const counts = [...classic.buckets].flatMap(([upper, list]) => (list[i]?.kind === 'float' ? [{ upper, count: list[i].value }] : []));
    if (counts.length === 0) return { kind: 'missing' };
    const value = convertSample(
      counts.sort((a, b) => a.upper - b.upper || 0),
      valueAt(classic.sum, i),
      valueAt(classic.count, i),
    );
    return { kind: 'histogram', value, hinted: false };
  });
  return { labels: classic.labels, points };
}

function valueAt(points: readonly Point[], index: number): number | undefined {
  const point = points[index];
  return point?.kind === 'float' ? point.value : undefined;
}

/** One sample. Without a +Inf bucket the count is that of `_count`, or of the last bucket. */
function convertSample(buckets: readonly { upper: number; count: number }[], sum = 0, countSample?: number): Histogram {
  const finite = buckets.filter(({ upper }) => upper !== Infinity);
  const last = buckets.at(-1)!;
  const count = last.upper === Infinity ? last.count : (countSample ?? last.count);
  const cumulative = [...finite.map((bucket) => bucket.count), count];
  const counts = cumulative.map((value, i) => value - (cumulative[i - 1] ?? 0));
  const packed = pack({ at: counts.map((_, i) => i), counts });
  return {
    ...emptyHistogram,
    schema: customBoundsSchema,
    count,
    sum,
    bounds: finite.map(({ upper }) => upper),
    positiveSpans: packed.spans,
    positive: packed.counts,
  };
}

import { labelsFromRecord, writeStale, type Histogram, type SeriesColumns } from '#core/model/index.ts';
import { Random } from './random.ts';
import { wideSeries } from './wide-data.ts';

/** When the data begins: a round hour, since Prometheus aligns subqueries to the epoch. */
export const dataStartMs = Date.UTC(2026, 10, 20, 0, 0, 0);
export const dataMinutes = 120;
const intervalMs = 15_000;

const empty: Histogram = {
  schema: 0,
  resetHint: 'unknown',
  count: 0,
  sum: 0,
  zeroThreshold: 0.001,
  zeroCount: 0,
  positiveSpans: [],
  positive: [],
  negativeSpans: [],
  negative: [],
  bounds: [],
};

/** Series of every kind that PromQL treats in its own way: resets, gaps, staleness, NaN, infinities, histograms. */
export function randomSeries(seed: number): SeriesColumns[] {
  const random = new Random(seed);
  const series: SeriesColumns[] = [];
  for (const job of ['api', 'web']) {
    for (const instance of ['a', 'b', 'c']) {
      const target = { job, instance };
      for (const code of ['200', '500']) series.push(counter(random, { __name__: 'requests_total', ...target, code }));
      series.push(gauge(random, { __name__: 'temperature', ...target }));
      series.push(gauge(random, { __name__: 'odd', ...target }, true));
      for (const classic of classicHistogram(random, target)) series.push(classic);
      series.push(native(random, { __name__: 'latency', ...target }, instance === 'b' ? 2 : 1));
      series.push(constant({ __name__: 'target_info', ...target, version: random.pick(['1', '2']), zone: random.pick(['x', 'y']) }));
    }
    series.push(gauge(random, { __name__: 'limit', job }));
    series.push(native(random, { __name__: 'size', job }, undefined));
  }
  series.push(...wideSeries(random, { startMs: dataStartMs, intervalMs, count: (dataMinutes * 60_000) / intervalMs }));
  return series;
}

type Record_ = Readonly<Record<string, string>>;

function times(random: Random, gaps: number): number[] {
  const offsetMs = random.below(intervalMs);
  const list: number[] = [];
  let pause = 0;
  for (let i = 0; i < (dataMinutes * 60_000) / intervalMs; i++) {
    if (pause > 0) pause--;
    else if (random.chance(gaps)) pause = random.below(40);
    else list.push(dataStartMs + offsetMs + i * intervalMs + (random.chance(0.1) ? random.below(900) : 0));
  }
  return list;
}

function columns(record: Record_, timesMs: readonly number[], value: (index: number) => number, staleAt: (index: number) => boolean): SeriesColumns {
  const values = Float64Array.from(timesMs, (_, i) => value(i));
  for (let i = 0; i < values.length; i++) if (staleAt(i)) writeStale(values, i);
  return { labels: labelsFromRecord(record), timesMs: Float64Array.from(timesMs), values };
}

const never = (): boolean => false;

function counter(random: Random, record: Record_): SeriesColumns {
  let total = random.below(1000);
  const list = times(random, 0.004);
  const stale = new Set(Array.from({ length: 3 }, () => random.below(list.length)));
  return columns(
    record,
    list,
    () => {
      total = random.chance(0.01) ? random.below(5) : total + random.below(20) + (random.chance(0.3) ? random.next() : 0);
      return total;
    },
    (i) => stale.has(i),
  );
}

function gauge(random: Random, record: Record_, odd = false): SeriesColumns {
  let level = random.next() * 100 - 20;
  const special = [NaN, Infinity, -Infinity, 0, -0, 1e300, -1e-300];
  return columns(
    record,
    times(random, 0.003),
    () => {
      level += random.next() * 6 - 3;
      if (odd && random.chance(0.02)) return random.pick(special);
      return random.chance(0.2) ? Math.round(level) : level;
    },
    never,
  );
}

function constant(record: Record_): SeriesColumns {
  const list = Array.from({ length: dataMinutes * 4 }, (_, i) => dataStartMs + i * intervalMs);
  return columns(record, list, () => 1, never);
}

function classicHistogram(random: Random, target: Record_): SeriesColumns[] {
  const bounds = ['0.1', '0.5', '1', '2.5', '+Inf'];
  const list = times(random, 0.001);
  const counts = bounds.map(() => 0);
  const steps = list.map(() => {
    for (let i = 0; i < counts.length; i++) counts[i]! += random.below(4);
    return counts.map((_, i) => counts.slice(0, i + 1).reduce((sum, count) => sum + count, 0));
  });
  return bounds.map((le, at) => columns({ __name__: 'duration_seconds_bucket', ...target, le }, list, (i) => steps[i]![at]!, never));
}

/** Native histograms: exponential ones of a schema, or with custom bounds. */
function native(random: Random, record: Record_, schema: number | undefined): SeriesColumns {
  const list = times(random, 0.002);
  const width = 6;
  const positive = Array.from({ length: width }, () => 0);
  const negative = Array.from({ length: 3 }, () => 0);
  let zeroCount = 0;
  let sum = 0;
  const histograms = list.map((): Histogram => {
    if (random.chance(0.01)) {
      positive.fill(0);
      negative.fill(0);
      zeroCount = 0;
      sum = 0;
    }
    for (let i = 0; i < width; i++) positive[i]! += random.below(5);
    if (schema === undefined) {
      sum += random.below(50);
      const count = positive.reduce((a, b) => a + b, 0);
      return {
        ...empty,
        schema: -53,
        zeroThreshold: 0,
        bounds: [1, 2, 5, 10, 20],
        count,
        sum,
        positiveSpans: [{ gap: 0, length: width }],
        positive: [...positive],
      };
    }
    for (let i = 0; i < 3; i++) negative[i]! += random.below(2);
    zeroCount += random.below(2);
    sum += random.below(50) - 5;
    const count = [...positive, ...negative, zeroCount].reduce((a, b) => a + b, 0);
    return {
      ...empty,
      schema,
      count,
      sum,
      zeroCount,
      positiveSpans: [
        { gap: -2, length: 4 },
        { gap: 3, length: 2 },
      ],
      positive: [...positive],
      negativeSpans: [{ gap: 1, length: 3 }],
      negative: [...negative],
    };
  });
  return { ...columns(record, list, () => 0, never), histograms };
}

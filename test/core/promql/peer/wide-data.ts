import { labelsFromRecord, writeStale, type Histogram, type SeriesColumns } from '#core/model/index.ts';
import type { Random } from './random.ts';

/** What the series of a set have in common: when they begin, and how many samples they have at most. */
export interface Span {
  readonly startMs: number;
  readonly intervalMs: number;
  readonly count: number;
}

/** A sample of any kind; undefined: none, `stale`: a staleness marker. */
type Item = number | Histogram | 'stale' | undefined;

/**
 * Series for the far corners: names in UTF-8, series that turn from floats to histograms and back, histograms whose schema,
 * zero bucket or custom bounds change, gauge histograms, NaN and infinite observations, stale histograms, and info metrics that
 * come and go.
 */
export function wideSeries(random: Random, span: Span): SeriesColumns[] {
  const series: SeriesColumns[] = [];
  const add = (record: Readonly<Record<string, string>>, next: (index: number) => Item): void => {
    series.push(columns(random, span, record, next));
  };
  for (const job of ['api', 'web']) {
    for (const instance of ['a', 'b', 'c']) {
      const target = { job, instance };
      add({ __name__: 'http.server.requests', 'service.name': `svc-${instance}`, ...target }, counting(random));
      add({ __name__: 'température', 'ville/ort': instance === 'a' ? 'Zürich' : '東京', job }, wandering(random, instance));
      add({ __name__: 'errors_total', ...target, code: random.pick(['200', '500']) }, counting(random));
      add({ __name__: 'mixed', ...target }, turning(random));
      add({ __name__: 'changing', ...target }, changing(random));
      add({ __name__: 'custom', ...target }, custom(random, instance === 'c'));
      add({ __name__: 'wild', ...target }, wild(random));
      add({ __name__: 'depth', ...target }, gaugeHistogram(random));
      add({ __name__: 'build_info', ...target, version: random.pick(['1.0', '2.0']), revision: instance }, flapping(random));
      add({ __name__: 'steps', ...target }, plateaus(random));
    }
  }
  return series;
}

function columns(
  random: Random,
  { startMs, intervalMs, count }: Span,
  record: Readonly<Record<string, string>>,
  next: (index: number) => Item,
): SeriesColumns {
  const offsetMs = random.chance(0.3) ? 0 : random.below(intervalMs);
  const timesMs: number[] = [];
  const items: Exclude<Item, undefined>[] = [];
  for (let i = 0; i < count; i++) {
    const item = next(i);
    if (item === undefined) continue;
    timesMs.push(startMs + offsetMs + i * intervalMs);
    items.push(item);
  }
  const values = Float64Array.from(items, (item) => (typeof item === 'number' ? item : 0));
  for (const [i, item] of items.entries()) if (item === 'stale') writeStale(values, i);
  const base = { labels: labelsFromRecord(record), timesMs: Float64Array.from(timesMs), values };
  if (!items.some((item) => typeof item === 'object')) return base;
  return { ...base, histograms: items.map((item) => (typeof item === 'object' ? item : undefined)) };
}

function counting(random: Random): () => Item {
  let total = random.below(100);
  return () => {
    if (random.chance(0.01)) return random.chance(0.5) ? 'stale' : undefined;
    total = random.chance(0.01) ? 0 : total + random.below(9);
    return total;
  };
}

/** Two of three share a label set but for the time at which they are there. */
function wandering(random: Random, instance: string): (index: number) => Item {
  return (index) => {
    if (instance !== 'a' && index % 200 < 100 !== (instance === 'b')) return undefined;
    return random.chance(0.02) ? random.pick([NaN, Infinity, -Infinity]) : random.below(400) / 8;
  };
}

/** A value that stays for a while, so that ends of ranges matter to `changes` and the like. */
function plateaus(random: Random): () => Item {
  let level = 0;
  return () => {
    if (random.chance(0.05)) level = random.below(6) - 2;
    return random.chance(0.005) ? undefined : level;
  };
}

function flapping(random: Random): () => Item {
  let there = true;
  return () => {
    if (!random.chance(0.02)) return there ? 1 : undefined;
    there = !there;
    return there ? 1 : 'stale';
  };
}

function turning(random: Random): () => Item {
  const floats = counting(random);
  const histograms = cumulative(random, { schema: 0 });
  let isFloat = true;
  return () => {
    if (random.chance(0.04)) isFloat = !isFloat;
    return isFloat ? floats() : histograms();
  };
}

/** Counts that only grow, but for a reset now and then, in a layout that may change with every sample. */
function cumulative(random: Random, shape: { schema: number; zeroThreshold?: number }): () => Histogram {
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  let zeroCount = 0;
  let sum = 0;
  return () => {
    if (random.chance(0.015)) {
      positive.clear();
      negative.clear();
      zeroCount = sum = 0;
    }
    const lowest = firstBucket(shape);
    for (let i = random.below(5); i > 0; i--) grow(positive, Math.max(lowest, random.below(12) - 4));
    if (random.chance(0.3)) grow(negative, Math.max(lowest, random.below(6) - 2));
    zeroCount += random.below(2);
    sum += random.below(40) / 4;
    return exponential({ ...shape, zeroCount, sum, positive, negative });
  };
}

/** The lowest bucket that is not whole within the zero bucket. */
function firstBucket({ schema, zeroThreshold = 0.001 }: { schema: number; zeroThreshold?: number }): number {
  return zeroThreshold === 0 ? -1000 : Math.floor(Math.log2(zeroThreshold) * 2 ** schema) + 1;
}

function grow(buckets: Map<number, number>, index: number): void {
  buckets.set(index, (buckets.get(index) ?? 0) + 1);
}

interface Shape {
  readonly schema: number;
  readonly zeroThreshold?: number;
  readonly zeroCount: number;
  readonly sum: number;
  readonly positive: ReadonlyMap<number, number>;
  readonly negative: ReadonlyMap<number, number>;
}

function exponential({ schema, zeroThreshold = 0.001, zeroCount, sum, positive, negative }: Shape): Histogram {
  const [up, down] = [side(positive), side(negative)];
  const count = [...up.counts, ...down.counts, zeroCount].reduce((total, one) => total + one, 0);
  const sides = { positiveSpans: up.spans, positive: up.counts, negativeSpans: down.spans, negative: down.counts };
  return { schema, resetHint: 'unknown', count, sum, zeroThreshold, zeroCount, ...sides, bounds: [] };
}

/** Buckets as spans and counts, each bucket that is there in the span that it belongs to. */
function side(buckets: ReadonlyMap<number, number>): { spans: { gap: number; length: number }[]; counts: number[] } {
  const spans: { gap: number; length: number }[] = [];
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  let next = 0;
  for (const [index] of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ gap: index - next, length: 1 });
    next = index + 1;
  }
  return { spans, counts: sorted.map(([, count]) => count) };
}

function changing(random: Random): () => Item {
  let schema = 2;
  let zeroThreshold = 0.001;
  let next = cumulative(random, { schema, zeroThreshold });
  return () => {
    if (random.chance(0.03)) {
      schema = random.pick([-2, 0, 1, 3]);
      zeroThreshold = random.pick([0, 0.001, 0.5, 2]);
      next = cumulative(random, { schema, zeroThreshold });
    }
    return random.chance(0.01) ? 'stale' : random.chance(0.01) ? undefined : next();
  };
}

const layouts: readonly (readonly number[])[] = [[1, 2, 5, 10, 20], [1, 5, 10], [-1, 0, 2.5], [0.1, 0.2, 0.4, 0.8, 1.6, 3.2], []];

function custom(random: Random, changes: boolean): () => Item {
  let bounds = random.pick(layouts.slice(0, 2));
  let counts = Array.from({ length: bounds.length + 1 }, () => 0);
  let sum = 0;
  return () => {
    if (random.chance(0.015) || (changes && random.chance(0.03))) {
      if (changes) bounds = random.pick(layouts);
      counts = Array.from({ length: bounds.length + 1 }, () => 0);
      sum = 0;
    }
    for (let i = random.below(4); i > 0; i--) counts[random.below(counts.length)]!++;
    sum += random.below(30);
    const { spans, counts: filled } = side(new Map([...counts.entries()].filter(([, count]) => count > 0)));
    const count = counts.reduce((total, one) => total + one, 0);
    const base = { schema: -53, resetHint: 'unknown', count, sum, zeroThreshold: 0, zeroCount: 0 } as const;
    return random.chance(0.01) ? 'stale' : { ...base, positiveSpans: spans, positive: filled, negativeSpans: [], negative: [], bounds };
  };
}

/** Observations of NaN, which are in the count alone, and of infinities, which are in the outermost buckets. */
function wild(random: Random): () => Item {
  const next = cumulative(random, { schema: 1 });
  let spoiled = 0;
  return () => {
    const plain = next();
    if (random.chance(0.03)) spoiled = random.below(3);
    if (spoiled === 0) return plain;
    if (spoiled === 1) return { ...plain, count: plain.count + 3, sum: NaN };
    return { ...plain, sum: random.pick([Infinity, -Infinity]) };
  };
}

/** Histograms that may fall as well as rise, with fractions for counts. */
function gaugeHistogram(random: Random): () => Item {
  return () => {
    const positive = new Map(Array.from({ length: 4 }, () => [random.below(6) - 2, random.below(9) / 4] as const));
    const negative = new Map([[random.below(3), random.below(5) / 2]]);
    const h = exponential({ schema: 0, zeroThreshold: 0.01, zeroCount: random.below(3), sum: random.below(80) / 8, positive, negative });
    return random.chance(0.01) ? undefined : { ...h, resetHint: 'gauge' };
  };
}

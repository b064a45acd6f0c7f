import { customBoundsSchema, type Histogram } from '#core/model/index.ts';
import { meanOf, sumOf } from '../kahan.ts';
import { exponentialBound, hasCustomBounds, pack, unpack, type Buckets } from './buckets.ts';

/** What came of combining histograms. */
export interface Combined {
  readonly histogram: Histogram;
  /** One of them says "reset", another "no reset". */
  readonly collision: boolean;
  /** Custom bounds differed and were cut to those they share. */
  readonly reconciled: boolean;
}

/** The layout that several histograms share after lowering resolutions. */
interface Layout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly bounds: readonly number[];
}

/** The counts of a histogram in a layout. */
interface Parts {
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

export const emptyHistogram: Histogram = {
  schema: 0,
  resetHint: 'unknown',
  count: 0,
  sum: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [],
  positive: [],
  negativeSpans: [],
  negative: [],
  bounds: [],
};

/** Sum of histograms, with compensated summation. Undefined when exponential and custom buckets meet. */
export function sumOfHistograms(list: readonly Histogram[]): Combined | undefined {
  return fold(list, (values) => sumOf(values, 0, values.length));
}

/** Mean of histograms. Undefined when exponential and custom buckets meet. */
export function meanOfHistograms(list: readonly Histogram[]): Combined | undefined {
  return fold(list, (values) => meanOf(values, 0, values.length));
}

/** `a + b`. Undefined when exponential and custom buckets meet. */
export function added(a: Histogram, b: Histogram): Combined | undefined {
  return fold([a, b], (values) => values[0]! + values[1]!);
}

/** `a - b`, a gauge. Undefined when exponential and custom buckets meet. */
export function subtracted(a: Histogram, b: Histogram): Combined | undefined {
  const combined = fold([a, b], (values) => values[0]! - values[1]!);
  return combined === undefined ? undefined : { ...combined, histogram: { ...combined.histogram, resetHint: 'gauge' } };
}

/** The histogram in a lower resolution. */
export function lowered(h: Histogram, schema: number): Histogram {
  if (schema >= h.schema || hasCustomBounds(h)) return h;
  return assemble(h, { schema, zeroThreshold: h.zeroThreshold, bounds: h.bounds }, h.zeroCount, {
    positive: lowerBuckets(unpack(h.positiveSpans, h.positive), h.schema - schema),
    negative: lowerBuckets(unpack(h.negativeSpans, h.negative), h.schema - schema),
  });
}

/** All counts and the sum times `factor`; a gauge when it is negative. */
export function scaled(h: Histogram, factor: number): Histogram {
  return {
    ...h,
    resetHint: factor < 0 ? 'gauge' : h.resetHint,
    count: h.count * factor,
    sum: h.sum * factor,
    zeroCount: h.zeroCount * factor,
    positive: h.positive.map((count) => count * factor),
    negative: h.negative.map((count) => count * factor),
  };
}

/** All counts and the sum divided. A division by zero leaves no buckets but the zero bucket. */
export function divided(h: Histogram, by: number): Histogram {
  const whole = { ...h, resetHint: by < 0 ? ('gauge' as const) : h.resetHint, count: h.count / by, sum: h.sum / by, zeroCount: h.zeroCount / by };
  if (by === 0) return { ...whole, positiveSpans: [], positive: [], negativeSpans: [], negative: [] };
  return { ...whole, positive: h.positive.map((count) => count / by), negative: h.negative.map((count) => count / by) };
}

/** Without the buckets that are empty, as operators leave it. */
export function compacted(h: Histogram): Histogram {
  if (!h.positive.includes(0) && !h.negative.includes(0)) return h;
  const positive = pack(unpack(h.positiveSpans, h.positive));
  const negative = pack(unpack(h.negativeSpans, h.negative));
  return { ...h, positiveSpans: positive.spans, positive: positive.counts, negativeSpans: negative.spans, negative: negative.counts };
}

function fold(list: readonly Histogram[], combine: (values: Float64Array) => number): Combined | undefined {
  const first = list[0] ?? emptyHistogram;
  if (list.some((h) => hasCustomBounds(h) !== hasCustomBounds(first))) return undefined;
  const { resetHint, collision } = hintOf(list);
  const layout = sharedLayout(list);
  const parts = list.map((h) => partsIn(h, layout));
  const values = new Float64Array(list.length);
  const component = (of: (h: Histogram, part: Parts) => number): number => {
    for (const [i, h] of list.entries()) values[i] = of(h, parts[i]!);
    return combine(values);
  };
  const base = { ...first, resetHint, count: component((h) => h.count), sum: component((h) => h.sum) };
  const zeroCount = component((_, part) => part.zeroCount);
  const side = (key: 'positive' | 'negative'): Buckets =>
    foldBuckets(
      parts.map((part) => part[key]),
      values,
      combine,
    );
  const reconciled = list.some((h) => h.bounds.length !== layout.bounds.length);
  return { histogram: assemble(base, layout, zeroCount, { positive: side('positive'), negative: side('negative') }), collision, reconciled };
}

function assemble(base: Histogram, layout: Layout, zeroCount: number, sides: { positive: Buckets; negative: Buckets }): Histogram {
  const positive = pack(sides.positive);
  const negative = pack(sides.negative);
  return {
    ...base,
    schema: layout.schema,
    zeroThreshold: layout.zeroThreshold,
    bounds: layout.bounds,
    zeroCount,
    positiveSpans: positive.spans,
    positive: positive.counts,
    negativeSpans: negative.spans,
    negative: negative.counts,
  };
}

/** A gauge makes all a gauge; what contradicts or is unknown makes all unknown. */
function hintOf(list: readonly Histogram[]): { resetHint: Histogram['resetHint']; collision: boolean } {
  const hints = new Set(list.map((h) => h.resetHint));
  const collision = hints.has('reset') && hints.has('none');
  if (hints.has('gauge')) return { resetHint: 'gauge', collision };
  return { resetHint: hints.size === 1 ? [...hints][0]! : 'unknown', collision };
}

function sharedLayout(list: readonly Histogram[]): Layout {
  if (hasCustomBounds(list[0]!)) return { schema: customBoundsSchema, zeroThreshold: 0, bounds: sharedBounds(list) };
  const schema = Math.min(...list.map((h) => h.schema));
  let zeroThreshold = Math.max(...list.map((h) => h.zeroThreshold));
  for (;;) {
    const widened = Math.max(...list.map((h) => widenedThreshold(h, zeroThreshold)));
    if (widened === zeroThreshold) return { schema, zeroThreshold, bounds: [] };
    zeroThreshold = widened;
  }
}

function sharedBounds(list: readonly Histogram[]): readonly number[] {
  let shared = list[0]!.bounds;
  for (const h of list) {
    if (h.bounds === shared) continue;
    const other = new Set(h.bounds);
    if (shared.length === other.size && shared.every((bound) => other.has(bound))) continue;
    shared = shared.filter((bound) => other.has(bound));
  }
  return shared;
}

/** The threshold moved up to the end of a populated bucket that it would cut. */
function widenedThreshold(h: Histogram, threshold: number): number {
  if (threshold === h.zeroThreshold) return threshold;
  let widest = threshold;
  for (const [spans, counts] of [[h.positiveSpans, h.positive] as const, [h.negativeSpans, h.negative] as const]) {
    const buckets = unpack(spans, counts);
    for (const [i, index] of buckets.at.entries()) {
      if (exponentialBound(h.schema, index - 1) >= widest) break;
      const upper = exponentialBound(h.schema, index);
      if (upper > widest && buckets.counts[i] !== 0) widest = upper;
    }
  }
  return widest;
}

function partsIn(h: Histogram, layout: Layout): Parts {
  const positive = unpack(h.positiveSpans, h.positive);
  if (hasCustomBounds(h)) return { zeroCount: 0, positive: regroup(positive, h.bounds, layout.bounds), negative: unpack([], []) };
  const negative = unpack(h.negativeSpans, h.negative);
  const [upper, fromPositive] = aboveThreshold(positive, h, layout.zeroThreshold);
  const [lower, fromNegative] = aboveThreshold(negative, h, layout.zeroThreshold);
  const shift = h.schema - layout.schema;
  return { zeroCount: h.zeroCount + fromPositive + fromNegative, positive: lowerBuckets(upper, shift), negative: lowerBuckets(lower, shift) };
}

function aboveThreshold(buckets: Buckets, h: Histogram, threshold: number): [kept: Buckets, swallowed: number] {
  if (threshold === h.zeroThreshold) return [buckets, 0];
  const first = buckets.at.findIndex((index) => exponentialBound(h.schema, index - 1) >= threshold);
  const cut = first < 0 ? buckets.at.length : first;
  const swallowed = buckets.counts.slice(0, cut).reduce((sum, count) => sum + count, 0);
  return [{ at: buckets.at.slice(cut), counts: buckets.counts.slice(cut) }, swallowed];
}

/** Joins 2^shift neighbours into one bucket. */
function lowerBuckets(buckets: Buckets, shift: number): Buckets {
  if (shift === 0) return buckets;
  return regroupBy(buckets, (index) => Math.ceil(index / 2 ** shift));
}

/** Buckets of fine custom bounds in coarser ones; `to` is a part of `from`. */
function regroup(buckets: Buckets, from: readonly number[], to: readonly number[]): Buckets {
  if (from.length === to.length) return buckets;
  let next = 0;
  const target = from.map((bound) => {
    const at = next;
    if (to[next] === bound) next++;
    return at;
  });
  return regroupBy(buckets, (index) => target[index] ?? to.length);
}

function regroupBy(buckets: Buckets, target: (index: number) => number): Buckets {
  const at: number[] = [];
  const counts: number[] = [];
  for (const [i, index] of buckets.at.entries()) {
    const moved = target(index);
    if (at.at(-1) === moved) counts[counts.length - 1]! += buckets.counts[i]!;
    else {
      at.push(moved);
      counts.push(buckets.counts[i]!);
    }
  }
  return { at, counts };
}

function foldBuckets(list: readonly Buckets[], values: Float64Array, combine: (values: Float64Array) => number): Buckets {
  const at = [...new Set(list.flatMap((buckets) => buckets.at))].sort((a, b) => a - b);
  const next = list.map(() => 0);
  const counts = at.map((index) => {
    for (const [i, buckets] of list.entries()) {
      const has = buckets.at[next[i]!] === index;
      values[i] = has ? buckets.counts[next[i]!]! : 0;
      if (has) next[i]!++;
    }
    return combine(values);
  });
  return { at, counts };
}

/** Two histograms' counts in the layout that they share, for comparing bucket by bucket. */
export function aligned(a: Histogram, b: Histogram): { readonly a: Parts; readonly b: Parts; readonly layout: Layout } {
  const layout = sharedLayout([a, b]);
  return { a: partsIn(a, layout), b: partsIn(b, layout), layout };
}

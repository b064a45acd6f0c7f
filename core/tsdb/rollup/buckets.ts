import { isStale, rollupParts, type DurationMs, type RollupPart } from '#core/model/index.ts';
import { rangeWithin } from '../codec/columns.ts';

/** Lengths of buckets, the finest first; each divides the next and the window of a frame. */
export const bucketLengthsMs = [300_000, 3_600_000] as const;

/** Which column of a bucket holds a part. */
export const partIndex: Readonly<Record<RollupPart, number>> = Object.fromEntries(rollupParts.map((part, i) => [part, i])) as Record<
  RollupPart,
  number
>;

/** Buckets of one series in order of time, columns read on demand. The bucket that ends at t holds what has t - bucketMs < time <= t. */
export interface Buckets {
  /** Ascending. */
  readonly ends: Float64Array;
  /** A column of `ends.length` numbers; nobody writes to it. */
  column(part: RollupPart): Float64Array;
}

/** End of the bucket that a time falls in. */
const bucketEnd = (timeMs: number, bucketMs: DurationMs): number => Math.ceil(timeMs / bucketMs) * bucketMs;

/** Buckets just made. */
export class FoldedBuckets implements Buckets {
  readonly ends: Float64Array;
  readonly columns: readonly Float64Array[];

  constructor(ends: Float64Array) {
    this.ends = ends;
    this.columns = rollupParts.map(() => new Float64Array(ends.length));
  }

  column(part: RollupPart): Float64Array {
    return this.columns[partIndex[part]]!;
  }

  /** Whether finite samples added up to more than a double holds: then a mean cannot be had from the sum. */
  get hasOverflow(): boolean {
    const [sums, lows, highs] = [this.column('sum'), this.column('min'), this.column('max')];
    return sums.some((sum, i) => Math.abs(sum) === Infinity && Math.abs(lows[i]!) < Infinity && Math.abs(highs[i]!) < Infinity);
  }
}

/** Folds the floats of a series, times ascending, into buckets. */
export function fold(times: Float64Array, values: Float64Array, bucketMs: DurationMs): FoldedBuckets {
  const bounds = boundsOf(times, bucketMs);
  const folded = new FoldedBuckets(Float64Array.from(bounds, (from) => bucketEnd(times[from]!, bucketMs)));
  bounds.forEach((from, at) => foldOne(folded, at, times, values, from, bounds[at + 1] ?? times.length));
  return folded;
}

/** The index of the first sample of each bucket. */
function boundsOf(times: Float64Array, bucketMs: DurationMs): number[] {
  const bounds: number[] = [];
  let endMs = -Infinity;
  for (let i = 0; i < times.length; i++) {
    if (times[i]! <= endMs) continue;
    bounds.push(i);
    endMs = bucketEnd(times[i]!, bucketMs);
  }
  return bounds;
}

function foldOne(into: FoldedBuckets, at: number, times: Float64Array, values: Float64Array, from: number, to: number): void {
  let [count, firstAt, lastAt] = [0, -1, -1];
  let [min, max, resets] = [NaN, NaN, 0];
  const [sum, fallen] = [new Sum(), new Sum()];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value !== value && isStale(values, i)) continue;
    if (firstAt < 0) firstAt = i;
    else if (value < values[lastAt]!) {
      fallen.add(values[lastAt]!);
      resets++;
    }
    lastAt = i;
    count++;
    if (value < min || min !== min) min = value;
    if (value > max || max !== max) max = value;
    sum.add(value);
  }
  const { columns } = into;
  const put = (part: RollupPart, value: number): void => void (columns[partIndex[part]]![at] = value);
  const markerMs = times[to - 1]!;
  put('count', count);
  put('firstMs', count === 0 ? markerMs : times[firstAt]!);
  put('lastMs', count === 0 ? markerMs : times[lastAt]!);
  put('min', min);
  put('max', max);
  put('sum', count === 0 ? NaN : sum.value);
  put('fallen', fallen.value);
  put('resets', resets);
  put('tail', lastAt === to - 1 ? 0 : 1);
  // Copied as they lie: arithmetic may change the payload of a NaN.
  columns[partIndex.first]!.set(count === 0 ? noValue : values.subarray(firstAt, firstAt + 1), at);
  columns[partIndex.last]!.set(count === 0 ? noValue : values.subarray(lastAt, lastAt + 1), at);
}

/**
 * Adds up as Neumaier does (ZAMM 54, 1974), so that a sum of decimals is as a rule the double nearest to the true one: right to the last
 * digit, and cheap to store.
 */
class Sum {
  #sum = 0;
  #lost = 0;

  get value(): number {
    return Math.abs(this.#sum) === Infinity ? this.#sum : this.#sum + this.#lost;
  }

  add(value: number): void {
    const total = this.#sum + value;
    if (Math.abs(total) === Infinity) this.#lost = 0;
    else this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - total + value : value - total + this.#sum;
    this.#sum = total;
  }
}

const noValue = new Float64Array([NaN]);

/** The buckets with fromMs < end <= toMs. */
export function within(buckets: Buckets, fromMs: number, toMs: number): Buckets {
  const [from, to] = rangeWithin(buckets.ends, fromMs + 1, toMs);
  return to - from === buckets.ends.length ? buckets : only(buckets, (column) => column.subarray(from, to));
}

/** The buckets that hold nothing of minMs <= time <= maxMs. */
export function outside(buckets: Buckets, bucketMs: number, minMs: number, maxMs: number): Buckets {
  const { ends } = buckets;
  const isOutside = (_: number, i: number): boolean => ends[i]! < minMs || ends[i]! - bucketMs >= maxMs;
  return ends.every((endMs, i) => isOutside(endMs, i)) ? buckets : only(buckets, (column) => column.filter(isOutside));
}

function only(buckets: Buckets, pick: (column: Float64Array) => Float64Array): Buckets {
  return { ends: pick(buckets.ends), column: (part) => pick(buckets.column(part)) };
}

/** Columns one after another as one. */
export function joined(columns: readonly Float64Array[]): Float64Array {
  const [only] = columns;
  if (only !== undefined && columns.length === 1) return only;
  const out = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    out.set(column, at);
    at += column.length;
  }
  return out;
}

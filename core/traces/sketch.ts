import type { Digest } from './digest.ts';

/**
 * Durations of many groups, counted in buckets of a float's own bits: its exponent and five bits of its mantissa, so that a bucket is
 * at most 3.1 % wide and a quantile at most 1.6 % off. Adding takes no logarithm, and touches one place of one flat array.
 */
const mantissaBits = 5;
const shift = 20 - mantissaBits;
/** 1 ns is 2^0: the high word of 1.0. Shorter ones share the first bucket, as do negative ones. */
const oneHigh = 0x3ff00000;
const negativeHigh = 0x80000000;
/** Up to 2^63 ns. */
export const bucketCount = 63 << mantissaBits;
/** Groups beyond share one, so that names made of ids take no more than 40 MB. */
const groupsMax = 5000;
export const otherGroup = -1;

export class Tallies {
  readonly #places = new Map<number, number>();
  #buckets = new Uint32Array(64 * bucketCount);
  #errors = new Uint32Array(64);
  #longest = new Float64Array(64);

  /** Where the group with this number is counted; those that are too many share the group `otherGroup`. */
  place(group: number): number {
    const known = this.#places.get(group);
    if (known !== undefined) return known;
    const place = this.#places.size;
    if (place >= groupsMax && group !== otherGroup) return this.place(otherGroup);
    this.#places.set(group, place);
    if (place === this.#errors.length) this.#grow();
    return place;
  }

  /** `highWord` is the upper half of the duration's double. */
  add(place: number, highWord: number, durationNs: number, failed: boolean): void {
    this.#buckets[place * bucketCount + bucketOf(highWord)]!++;
    if (failed) this.#errors[place]!++;
    if (durationNs > this.#longest[place]!) this.#longest[place] = durationNs;
  }

  /** Adds the group `g` of a digest. */
  addGroup(place: number, { starts, buckets, counts, errors, maxNs }: Digest, g: number): void {
    const first = place * bucketCount;
    for (let at = starts[g]!; at < starts[g + 1]!; at++) this.#buckets[first + buckets[at]!]! += counts[at]!;
    this.#errors[place]! += errors[g]!;
    if (maxNs[g]! > this.#longest[place]!) this.#longest[place] = maxNs[g]!;
  }

  /** Every group's number and figures. */
  results(): { readonly group: number; readonly tally: Tally }[] {
    return [...this.#places].map(([group, place]) => ({ group, tally: this.#tally(place) }));
  }

  #tally(place: number): Tally {
    const buckets = this.#buckets.subarray(place * bucketCount, (place + 1) * bucketCount);
    let calls = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) calls += buckets[bucket]!;
    const [p50Ns, p95Ns, p99Ns] = quantiles(buckets, calls);
    return { calls, errors: this.#errors[place]!, p50Ns, p95Ns, p99Ns, maxNs: this.#longest[place]! };
  }

  #grow(): void {
    const buckets = new Uint32Array(this.#buckets.length * 2);
    const errors = new Uint32Array(this.#errors.length * 2);
    const longest = new Float64Array(this.#longest.length * 2);
    buckets.set(this.#buckets);
    errors.set(this.#errors);
    longest.set(this.#longest);
    [this.#buckets, this.#errors, this.#longest] = [buckets, errors, longest];
  }
}

/** The bucket of a duration, by the upper half of its double. */
export function bucketOf(highWord: number): number {
  return highWord < oneHigh || highWord >= negativeHigh ? 0 : Math.min(bucketCount - 1, (highWord - oneHigh) >>> shift);
}

/** Quantiles are within 1.6 %. */
export interface Tally {
  readonly calls: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
}

/** The durations in ns below which 50, 95 and 99 % of all lie; 0 of none. */
function quantiles(buckets: Uint32Array, calls: number): readonly [p50Ns: number, p95Ns: number, p99Ns: number] {
  const found: [number, number, number] = [0, 0, 0];
  const shares = [0.5, 0.95, 0.99];
  if (calls === 0) return found;
  let seen = 0;
  let next = 0;
  for (let bucket = 0; bucket < bucketCount && next < shares.length; bucket++) {
    seen += buckets[bucket]!;
    while (next < shares.length && seen > shares[next]! * (calls - 1)) found[next++] = middleOf(bucket);
  }
  return found;
}

function middleOf(bucket: number): number {
  const steps = 1 << mantissaBits;
  return 2 ** (bucket >>> mantissaBits) * (1 + ((bucket & (steps - 1)) + 0.5) / steps);
}

/** The upper halves of doubles: high[2 * i + 1] is that of values[i]. */
export function highWords(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

import { coarser, nativeHistogram } from '#core/formats/index.ts';
import type { Histogram } from '#core/model/index.ts';

/** The finest that native histograms have: buckets 0.27 % wide. */
const scaleMax = 8;
const scaleMin = -4;

/** A histogram with exponential buckets that widen when values spread beyond `bucketsMax` of them (OpenTelemetry's data model). */
export class ExponentialHistogram {
  readonly #bucketsMax: number;
  #scale = scaleMax;
  #offset = 0;
  #counts: number[] = [];
  #zeroCount = 0;
  #count = 0;
  #sum = 0;

  constructor(bucketsMax: number) {
    this.#bucketsMax = bucketsMax;
  }

  /** `value` is 0 or more, and stands for `times` of its kind. */
  add(value: number, times: number): void {
    this.#count += times;
    this.#sum += value * times;
    if (value === 0) {
      this.#zeroCount += times;
      return;
    }
    let index = this.#indexOf(value);
    if (this.#counts.length === 0) this.#offset = index;
    while (this.#spread(index) > this.#bucketsMax && this.#scale > scaleMin) {
      this.#widen();
      index = this.#indexOf(value);
    }
    for (; index < this.#offset; this.#offset--) this.#counts.unshift(0);
    while (index >= this.#offset + this.#counts.length) this.#counts.push(0);
    this.#counts[index - this.#offset]! += times;
  }

  /** What it holds now. */
  histogram(): Histogram {
    const made = nativeHistogram({
      scale: this.#scale,
      count: this.#count,
      sum: this.#sum,
      zeroCount: this.#zeroCount,
      zeroThreshold: 0,
      positive: { offset: this.#offset, counts: this.#counts },
      negative: { offset: 0, counts: [] },
    });
    return made!; // its scale is one that native histograms have
  }

  /** Bucket i holds (base^i, base^(i + 1)], base = 2^(2^-scale). */
  #indexOf(value: number): number {
    return Math.ceil(Math.log2(value) * 2 ** this.#scale) - 1;
  }

  /** Buckets from the first to the last, one at `index` among them. */
  #spread(index: number): number {
    const end = this.#offset + Math.max(1, this.#counts.length);
    return Math.max(end, index + 1) - Math.min(this.#offset, index);
  }

  #widen(): void {
    const { offset, counts } = coarser({ offset: this.#offset, counts: this.#counts }, 1);
    this.#offset = counts.length === 0 ? Math.floor(this.#offset / 2) : offset;
    this.#counts = [...counts];
    this.#scale--;
  }
}

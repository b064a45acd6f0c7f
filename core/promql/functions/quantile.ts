/** The quantile of sorted numbers that have `nanCount` NaNs before them, by linear interpolation between ranks. */
function quantileOfSorted(quantile: number, sorted: Float64Array, count: number, nanCount: number): number {
  const total = count + nanCount;
  if (total === 0 || Number.isNaN(quantile)) return NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  const rank = quantile * (total - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(total - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const low = lower < nanCount ? NaN : sorted[lower - nanCount]!;
  const high = upper < nanCount ? NaN : sorted[upper - nanCount]!;
  return low * (1 - weight) + high * weight;
}

/** The quantile of `values[0..count)`, which it sorts. NaN counts as the smallest number. */
export function quantileOf(quantile: number, values: Float64Array, count: number): number {
  const sorted = values.subarray(0, count).sort(); // NaN goes to the end.
  let numbers = count;
  while (numbers > 0 && Number.isNaN(sorted[numbers - 1]!)) numbers--;
  return quantileOfSorted(quantile, sorted, numbers, count - numbers);
}

/** A window over a series that keeps its samples sorted while it slides, so that each step costs what comes and goes. */
export class SortedWindow {
  readonly #values: Float64Array;
  #sorted = new Float64Array(64);
  #count = 0;
  #nanCount = 0;
  #from = 0;
  #to = 0;

  constructor(values: Float64Array) {
    this.#values = values;
  }

  /** Moves to `[from, to)`; neither bound may go back. */
  move(from: number, to: number): void {
    if (from >= this.#to || to - this.#from > 4 * (this.#to - from) + 32) return this.#restart(from, to);
    while (this.#from < from && this.#to < to) this.#replace(this.#values[this.#from++]!, this.#values[this.#to++]!);
    while (this.#from < from) this.#remove(this.#values[this.#from++]!);
    while (this.#to < to) this.#insert(this.#values[this.#to++]!);
  }

  quantile(quantile: number): number {
    return quantileOfSorted(quantile, this.#sorted, this.#count, this.#nanCount);
  }

  #restart(from: number, to: number): void {
    this.#from = from;
    this.#to = to;
    this.#reserve(to - from);
    this.#count = 0;
    for (let i = from; i < to; i++) if (!Number.isNaN(this.#values[i])) this.#sorted[this.#count++] = this.#values[i]!;
    this.#nanCount = to - from - this.#count;
    this.#sorted.subarray(0, this.#count).sort();
  }

  #reserve(count: number): void {
    if (count <= this.#sorted.length) return;
    const larger = new Float64Array(Math.max(count, this.#sorted.length * 2));
    larger.set(this.#sorted);
    this.#sorted = larger;
  }

  /** The first place whose number is not below `value`. */
  #place(value: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #replace(old: number, value: number): void {
    if (old === value) return;
    if (old !== old || value !== value) {
      this.#remove(old);
      this.#insert(value);
      return;
    }
    const sorted = this.#sorted;
    let at = this.#place(old);
    if (value > old) {
      for (const last = this.#count - 1; at < last && sorted[at + 1]! < value; at++) sorted[at] = sorted[at + 1]!;
    } else {
      for (; at > 0 && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
    }
    sorted[at] = value;
  }

  #remove(value: number): void {
    if (value !== value) {
      this.#nanCount--;
      return;
    }
    this.#sorted.copyWithin(this.#place(value), this.#place(value) + 1, this.#count);
    this.#count--;
  }

  #insert(value: number): void {
    if (value !== value) {
      this.#nanCount++;
      return;
    }
    this.#reserve(this.#count + 1);
    const at = this.#place(value);
    this.#sorted.copyWithin(at + 1, at, this.#count);
    this.#sorted[at] = value;
    this.#count++;
  }
}

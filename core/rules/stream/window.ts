import type { Histogram, Labels, SeriesColumns, UnixMs } from '#core/model/index.ts';

const roomFirst = 16;

/**
 * The newest samples of one series, decoded, from `floorMs` on. Grows at its end as samples arrive. Columns handed out stay valid:
 * the buffers behind them are only ever written beyond their ends, and replaced, not shifted, when they are full.
 */
export class Window<User> {
  readonly ref: number;
  readonly labels: Labels;
  readonly users = new Set<User>();
  /** Nothing older than this is here. */
  floorMs: UnixMs = Infinity;
  /** A sample came late; what is here is not what the store has. */
  broken = false;
  #times = new Float64Array(0);
  #values = new Float64Array(0);
  #histograms: (Histogram | undefined)[] | undefined;
  #from = 0;
  #to = 0;

  constructor(ref: number, labels: Labels) {
    this.ref = ref;
    this.labels = labels;
  }

  /** Takes what the store has of the series from `floorMs` on. */
  fill(columns: SeriesColumns, floorMs: UnixMs): void {
    this.floorMs = floorMs;
    this.broken = false;
    this.#times = withRoom(columns.timesMs);
    this.#values = withRoom(columns.values);
    this.#histograms = columns.histograms?.slice();
    this.#from = 0;
    this.#to = columns.timesMs.length;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  /** Takes a sample that arrived: `values[at]`, or a histogram. */
  push(timeMs: UnixMs, values: Float64Array, at: number, histogram: Histogram | undefined): void {
    if (this.#to > this.#from && timeMs <= this.#times[this.#to - 1]!) this.broken = true;
    if (this.broken) return;
    if (this.#to === this.#times.length) this.#renew();
    this.#times[this.#to] = timeMs;
    if (histogram === undefined) {
      // Typed array to typed array: a plain number could lose the payload of a stale marker.
      this.#values.set(values.subarray(at, at + 1), this.#to);
      if (this.#histograms !== undefined) this.#histograms[this.#to] = undefined;
    } else {
      this.#values[this.#to] = 0;
      this.#histograms ??= Array.from<undefined>({ length: this.#to });
      this.#histograms[this.#to] = histogram;
    }
    this.#to++;
  }

  /** Forgets samples older than `floorMs`. */
  trim(floorMs: UnixMs): void {
    if (floorMs <= this.floorMs) return;
    this.floorMs = floorMs;
    while (this.#from < this.#to && this.#times[this.#from]! < floorMs) this.#from++;
  }

  /** The samples in [minMs, maxMs]; undefined when there are none. */
  read(minMs: UnixMs, maxMs: UnixMs): SeriesColumns | undefined {
    let from = this.#from;
    let to = this.#to;
    while (to > from && this.#times[to - 1]! > maxMs) to--;
    while (from < to && this.#times[from]! < minMs) from++;
    if (from === to) return undefined;
    const part = { labels: this.labels, timesMs: this.#times.subarray(from, to), values: this.#values.subarray(from, to) };
    return this.#histograms === undefined ? part : { ...part, histograms: this.#histograms.slice(from, to) };
  }

  #renew(): void {
    this.#times = withRoom(this.#times.subarray(this.#from, this.#to));
    this.#values = withRoom(this.#values.subarray(this.#from, this.#to));
    this.#histograms = this.#histograms?.slice(this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
  }
}

function withRoom(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length + Math.max(roomFirst, column.length >> 1));
  larger.set(column);
  return larger;
}

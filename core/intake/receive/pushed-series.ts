import { LineCache } from '#core/formats/index.ts';
import type { Clock, DurationMs, Labels } from '#core/model/index.ts';
import type { SeriesRef } from '#core/tsdb/index.ts';
import type { SampleSink } from '../sink.ts';

/** Series that nobody pushed for this long are forgotten when room is wanted. */
const idleMs: DurationMs = 600_000;
/** A ref unused for this long is asked for again: the store may have dropped the series meanwhile. */
const askAgainMs: DurationMs = 3_600_000;
const slotsMin = 16_384;

/**
 * The refs of series that are pushed to us, by the bytes that name them in a request. Senders repeat their series in the same
 * order, so the series after the last one is tried first.
 */
export class PushedSeries {
  readonly #sink: SampleSink;
  readonly #clock: Clock;
  #keys = new LineCache();
  #refs = new Int32Array(1024);
  /** When each was pushed last, in seconds of the monotonic clock. */
  #usedAt = new Uint32Array(1024);
  #slotsMax = slotsMin;
  #last = -1;
  #nowSeconds = 0;
  /** Whether the last `ref` had to ask for the labels. */
  fresh = false;

  constructor(sink: SampleSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Call once a request: the first series of a request follows none. Answers the table of known names, for a decoder that foresees them. */
  begin(): LineCache {
    this.#last = -1;
    this.#nowSeconds = Math.floor(this.#clock.monotonicMs() / 1000);
    if (this.#keys.slotCount > this.#slotsMax) this.#forgetIdle();
    return this.#keys;
  }

  /**
   * The store's ref of the series named by a range of the bytes that the table looks at, or by the slot that was foreseen.
   * `labels` is asked only when they are new, or the series was refused before, by the series' number in the request.
   */
  ref(from: number, to: number, foreseen: number, series: number, labels: (series: number) => Labels): SeriesRef {
    const expected = this.#keys.after(this.#last);
    let slot = foreseen;
    if (slot < 0) slot = expected >= 0 && this.#keys.matchAt(expected, from) === to ? expected : this.#keys.find(from, to);
    this.fresh = slot < 0 || this.#refs[slot]! < 0 || this.#nowSeconds - this.#usedAt[slot]! > askAgainMs / 1000;
    if (this.fresh) {
      const ref = this.#sink.ref(labels(series));
      if (slot < 0) slot = this.#add(from, to);
      this.#refs[slot] = ref;
    }
    this.#usedAt[slot] = this.#nowSeconds;
    if (slot !== expected) this.#keys.setAfter(this.#last, slot);
    this.#last = slot;
    return this.#refs[slot]!;
  }

  #add(from: number, to: number): number {
    const slot = this.#keys.add(from, to, 0);
    if (slot === this.#refs.length) {
      const refs = new Int32Array(slot * 2);
      const usedAt = new Uint32Array(slot * 2);
      refs.set(this.#refs);
      usedAt.set(this.#usedAt);
      [this.#refs, this.#usedAt] = [refs, usedAt];
    }
    return slot;
  }

  #forgetIdle(): void {
    const since = this.#nowSeconds - idleMs / 1000;
    const [refs, usedAt] = [this.#refs, this.#usedAt];
    const { cache, newSlots } = this.#keys.compacted((slot) => usedAt[slot]! >= since);
    this.#keys = cache;
    newSlots.forEach((slot, old) => {
      if (slot < 0) return;
      refs[slot] = refs[old]!;
      usedAt[slot] = usedAt[old]!;
    });
    this.#slotsMax = Math.max(slotsMin, cache.slotCount * 2);
  }
}

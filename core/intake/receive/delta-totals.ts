import { addBuckets, coarser, type OtlpPoint } from '#core/formats/index.ts';
import type { Clock, DurationMs } from '#core/model/index.ts';

/** A stream that sends nothing for this long begins again from its next point. */
const idleMs: DurationMs = 3_600_000;
const streamsMax = 200_000;

interface Total {
  point: OtlpPoint;
  usedMs: DurationMs;
}

/**
 * Running totals of streams that send differences (delta temporality): Prometheus' functions want totals. A stream begins at
 * 0 with its first point and after a restart of ours, which reads as a counter reset.
 */
export class DeltaTotals {
  readonly #clock: Clock;
  readonly #totals = new Map<string, Total>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a point to its stream and answers the stream's total at the point's time; undefined for a point out of order. */
  add(stream: string, point: OtlpPoint): OtlpPoint | undefined {
    const usedMs = this.#clock.monotonicMs();
    const known = this.#totals.get(stream);
    if (known === undefined || usedMs - known.usedMs > idleMs) {
      if (this.#totals.size >= streamsMax) this.#forgetIdle(usedMs);
      this.#totals.set(stream, { point, usedMs });
      return point;
    }
    if (point.timeMs <= known.point.timeMs) return undefined;
    known.point = sum(known.point, point);
    known.usedMs = usedMs;
    return known.point;
  }

  /** Forgets streams that are idle, and the one that waited longest when none is. */
  #forgetIdle(nowMs: DurationMs): void {
    for (const [stream, { usedMs }] of this.#totals) if (nowMs - usedMs > idleMs) this.#totals.delete(stream);
    if (this.#totals.size >= streamsMax) this.#totals.delete(this.#totals.keys().next().value!);
  }
}

/** The total after another difference. Buckets with other bounds begin anew. */
function sum(total: OtlpPoint, delta: OtlpPoint): OtlpPoint {
  if (delta.noValue) return { ...total, timeMs: delta.timeMs, noValue: true };
  const sameBounds = total.bounds.length === delta.bounds.length && total.bounds.every((bound, i) => bound === delta.bounds[i]);
  if (!sameBounds || total.counts.length !== delta.counts.length) return delta;
  const scale = Math.min(total.scale, delta.scale);
  return {
    ...delta,
    startMs: total.startMs,
    value: total.value + delta.value,
    count: total.count + delta.count,
    sum: total.sum === undefined || delta.sum === undefined ? undefined : total.sum + delta.sum,
    counts: total.counts.map((count, i) => count + delta.counts[i]!),
    scale,
    zeroCount: total.zeroCount + delta.zeroCount,
    zeroThreshold: Math.max(total.zeroThreshold, delta.zeroThreshold),
    positive: addBuckets(coarser(total.positive, total.scale - scale), coarser(delta.positive, delta.scale - scale)),
    negative: addBuckets(coarser(total.negative, total.scale - scale), coarser(delta.negative, delta.scale - scale)),
  };
}

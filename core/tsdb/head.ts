import type { Histogram } from '#core/model/index.ts';
import { lowerBoundMs, mergeColumns, sameBits, within, without, type Columns } from './codec/columns.ts';
import { grown } from './bytes/growable.ts';
import { sameHistogram } from './codec/histogram-row.ts';
import { Blocks } from './blocks.ts';
import { Tails, type Room } from './tails.ts';
import { verdicts, type Verdict } from './types.ts';

/** What the head asks of the rest of the store, and only about samples that do not come in order. */
export interface HeadPeers {
  sealedAt(ref: number, timeMs: number): SealedSample | undefined;
  /** A sample comes for a series that was retired. */
  revive(ref: number): void;
}

/** What is known of a sample that is sealed already. */
export interface SealedSample {
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

/** Samples that came out of order, and histograms. Values stay in typed arrays: a plain array of doubles would lose the payload of a NaN. */
interface Late {
  count: number;
  times: Float64Array;
  values: Float64Array;
  /** Empty while no sample is a histogram. */
  histograms: (Histogram | undefined)[];
}

/**
 * The newest samples of every series, uncompressed, until they are sealed: per series a tail in order of time, and beside it what came
 * late. A sample costs a few typed-array stores; a series without unsealed samples costs 20 bytes.
 */
export class Head {
  /** Samples held. */
  samples = 0;
  newestMs = -Infinity;
  /** Times below this are too old, above `ceilingMs` too far ahead. */
  floorMs = -Infinity;
  ceilingMs = Infinity;

  #outOfOrderMs = Infinity;
  readonly #peers: HeadPeers;
  /** Time of the newest sample ever taken, sealed or not; -Infinity before the first, Infinity of a retired series. */
  #lastMs = new Float64Array(0);
  readonly #blocks: Blocks;
  readonly #tails: Tails;
  readonly #late = new Map<number, Late>();

  constructor(peers: HeadPeers, blocks = new Blocks()) {
    this.#peers = peers;
    this.#blocks = blocks;
    this.#tails = new Tails(blocks);
    this.reserve(1024);
  }

  /** An empty head for samples that came before those of this one, which `takeOlder` will take over. */
  forOlder(peers: HeadPeers): Head {
    return new Head(peers, this.#blocks);
  }

  /** How far behind the newest sample a sample may lie; no bound before the first call. */
  limitLateness(outOfOrderMs: number): void {
    this.#outOfOrderMs = outOfOrderMs;
    this.floorMs = this.newestMs - outOfOrderMs;
  }

  /** Samples come up to `futureMs` ahead of a clock at `nowMs`. Where that has gone back behind the newest sample, lateness is measured from it. */
  setTime(nowMs: number, futureMs: number): void {
    this.ceilingMs = nowMs + futureMs;
    this.floorMs = (this.newestMs > this.ceilingMs ? nowMs : this.newestMs) - this.#outOfOrderMs;
  }

  /** Makes room for refs below `next`. */
  reserve(next: number): void {
    const before = this.#lastMs.length;
    if (next <= before) return;
    this.#lastMs = grown(this.#lastMs, next);
    this.#lastMs.fill(-Infinity, before);
    this.#tails.reserve(this.#lastMs.length);
  }

  /** Nothing is left of the series; a sample that comes for it all the same revives it. */
  retire(ref: number): void {
    this.#lastMs[ref] = Infinity;
  }

  /** Tells of sealed samples up to `timeMs`, so that older ones are looked up among them. */
  raiseLastMs(ref: number, timeMs: number): void {
    if (timeMs > this.#lastMs[ref]!) this.#lastMs[ref] = timeMs;
    if (timeMs > this.newestMs) this.#raiseNewest(timeMs);
  }

  append(ref: number, timeMs: number, value: number): Verdict {
    if (timeMs < this.floorMs) return verdicts.tooOld;
    if (timeMs > this.ceilingMs) return verdicts.tooFarAhead;
    if (!Number.isSafeInteger(timeMs)) return verdicts.badTime;
    if (timeMs <= this.#lastMs[ref]!) return this.#appendLate(ref, timeMs, value, undefined);
    this.#tails.push(ref, timeMs, value);
    this.#lastMs[ref] = timeMs;
    if (timeMs > this.newestMs) this.#raiseNewest(timeMs);
    this.samples++;
    return verdicts.stored;
  }

  /**
   * Appends samples [from, to) of two columns as far as they come in order and within the bounds, and returns where that ends; `append`
   * knows what to do with the next one.
   */
  appendRun(ref: number, times: Float64Array, values: Float64Array, from: number, to: number): number {
    const end = this.#orderlyEnd(ref, times, from, to);
    if (end === from) return from;
    this.#tails.pushRun(ref, times, values, from, end);
    const newestMs = times[end - 1]!;
    this.#lastMs[ref] = newestMs;
    if (newestMs > this.newestMs) this.#raiseNewest(newestMs);
    this.samples += end - from;
    return end;
  }

  appendHistogram(ref: number, timeMs: number, histogram: Histogram): Verdict {
    if (timeMs < this.floorMs) return verdicts.tooOld;
    if (timeMs > this.ceilingMs) return verdicts.tooFarAhead;
    if (!Number.isSafeInteger(timeMs)) return verdicts.badTime;
    return this.#appendLate(ref, timeMs, 0, histogram);
  }

  /** Unsealed samples of a series. */
  held(ref: number): number {
    return this.#tails.count(ref) + (this.#late.get(ref)?.count ?? 0);
  }

  /** The unsealed samples in a range; undefined when there are none. They stay as they are, or until the room is emptied. */
  read(ref: number, minMs: number, maxMs: number, room?: Room): Columns | undefined {
    const late = this.#late.size === 0 ? undefined : this.#late.get(ref);
    const tail = this.#tails.read(ref, minMs, maxMs, room);
    const part = late === undefined ? undefined : within(columnsOf(late), minMs, maxMs);
    if (part === undefined) return tail;
    return mergeColumns(tail === undefined ? [part] : [tail, part]);
  }

  /** Drops the unsealed samples of some series: they are sealed now, or deleted. */
  clear(refs: readonly number[]): void {
    for (const ref of refs) this.samples -= this.held(ref);
    this.#tails.clearAll(refs);
    if (this.#late.size > 0) for (const ref of refs) this.#late.delete(ref);
  }

  /**
   * Takes over the samples of another head, which came before all that this one holds, or nearly: what overlaps is kept as late.
   * The other head is not to be used any more.
   */
  takeOlder(older: Head): void {
    for (let ref = 0; ref < older.#tails.refs; ref++) this.#prepend(ref, older.#tails);
    for (const [ref, late] of older.#late) this.#insertAll(ref, columnsOf(late));
    for (let ref = 0; ref < older.#lastMs.length; ref++) this.raiseLastMs(ref, older.#lastMs[ref]!);
  }

  #prepend(ref: number, older: Tails): void {
    const count = older.count(ref);
    if (count === 0) return;
    if (older.lastMs(ref) < this.#tails.firstMs(ref)) {
      this.#tails.takeOlder(older, ref);
      this.samples += count;
      return;
    }
    this.#insertAll(ref, older.read(ref, -Infinity, Infinity)!);
    older.clear(ref);
  }

  /** Enters samples as late ones, except where the head has the time already. */
  #insertAll(ref: number, { times, values, histograms }: Columns): void {
    for (let i = 0; i < times.length; i++)
      if (this.#heldAt(ref, times[i]!) === undefined) this.#insertLate(ref, times[i]!, values[i]!, histograms?.[i]);
  }

  /** Drops the unsealed samples of a range. */
  cut(ref: number, minMs: number, maxMs: number): void {
    const left = this.read(ref, -Infinity, Infinity);
    if (left === undefined) return;
    const kept = without(left, minMs, maxMs);
    if (kept === left) return;
    this.clear([ref]);
    if (kept === undefined) return;
    this.#insertAll(ref, kept);
  }

  #orderlyEnd(ref: number, times: Float64Array, from: number, to: number): number {
    let lastMs = this.#lastMs[ref]!;
    if (times[from]! < this.floorMs) return from;
    let end = from;
    for (; end < to; end++) {
      const timeMs = times[end]!;
      if (!(timeMs > lastMs) || timeMs > this.ceilingMs || !Number.isSafeInteger(timeMs)) break;
      lastMs = timeMs;
    }
    return end;
  }

  #raiseNewest(timeMs: number): void {
    this.newestMs = timeMs;
    this.floorMs = timeMs - this.#outOfOrderMs;
  }

  #appendLate(ref: number, timeMs: number, value: number, histogram: Histogram | undefined): Verdict {
    if (this.#lastMs[ref] === Infinity) {
      this.#peers.revive(ref);
      this.#lastMs[ref] = -Infinity;
    } else if (timeMs <= this.#lastMs[ref]!) {
      const there = this.#heldAt(ref, timeMs) ?? this.#peers.sealedAt(ref, timeMs);
      if (there !== undefined) return sameSample(there, value, histogram) ? verdicts.duplicate : verdicts.conflicting;
    }
    this.#insertLate(ref, timeMs, value, histogram);
    if (timeMs > this.#lastMs[ref]!) this.#lastMs[ref] = timeMs;
    if (timeMs > this.newestMs) this.#raiseNewest(timeMs);
    return verdicts.stored;
  }

  #insertLate(ref: number, timeMs: number, value: number, histogram: Histogram | undefined): void {
    let late = this.#late.get(ref);
    if (late === undefined) this.#late.set(ref, (late = { count: 0, times: new Float64Array(4), values: new Float64Array(4), histograms: [] }));
    insert(late, timeMs, value, histogram);
    this.samples++;
  }

  #heldAt(ref: number, timeMs: number): SealedSample | undefined {
    const tail = this.#tails.valueAt(ref, timeMs);
    if (tail !== undefined) return { value: tail[0]!, histogram: undefined };
    const late = this.#late.get(ref);
    if (late === undefined) return undefined;
    const at = lowerBoundMs(late.times, late.count, timeMs);
    return at < late.count && late.times[at] === timeMs ? { value: late.values[at]!, histogram: late.histograms[at] } : undefined;
  }
}

function insert(late: Late, timeMs: number, value: number, histogram: Histogram | undefined): void {
  const count = late.count;
  const at = count > 0 && late.times[count - 1]! < timeMs ? count : lowerBoundMs(late.times, count, timeMs);
  late.times = grown(late.times, count + 1);
  late.values = grown(late.values, count + 1);
  late.times.copyWithin(at + 1, at, count);
  late.values.copyWithin(at + 1, at, count);
  late.times[at] = timeMs;
  late.values[at] = value;
  late.count = count + 1;
  if (histogram === undefined && late.histograms.length === 0) return;
  while (late.histograms.length < count) late.histograms.push(undefined);
  late.histograms.splice(at, 0, histogram);
}

function columnsOf(late: Late): Columns {
  const columns = { times: late.times.subarray(0, late.count), values: late.values.subarray(0, late.count) };
  return late.histograms.length === 0 ? columns : { ...columns, histograms: late.histograms };
}

function sameSample(there: SealedSample, value: number, histogram: Histogram | undefined): boolean {
  if (histogram !== undefined && there.histogram !== undefined) return sameHistogram(there.histogram, histogram);
  return histogram === there.histogram && sameBits(there.value, value);
}

import type { Histogram } from '#core/model/index.ts';
import { lowerBoundMs, mergeColumns, sameBits, within, without, type Columns } from './codec/columns.ts';
import { grown } from './bytes/growable.ts';
import { sameHistogram } from './codec/histogram-row.ts';
import { verdicts, type Verdict } from './types.ts';

/** Series of one page: their open tails lie side by side, so a scrape, whose refs are neighbours, walks memory in order. */
const pageBits = 6;
const pageSeries = 1 << pageBits;
/** Room of a fresh tail in samples; doubles up to what a sweep leaves to it, then grows by halves. */
const tailFirst = 8;
const tailUsual = 32;

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
 * late. A sample costs two typed-array stores; a series without unsealed samples costs 14 bytes.
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
  #lastMs = new Float64Array(1024).fill(-Infinity);
  #count = new Uint16Array(1024);
  readonly #times: (Float64Array | undefined)[] = [];
  readonly #values: (Float64Array | undefined)[] = [];
  readonly #late = new Map<number, Late>();

  constructor(peers: HeadPeers) {
    this.#peers = peers;
  }

  /** How far behind the newest sample a sample may lie; no bound before the first call. */
  limitLateness(outOfOrderMs: number): void {
    this.#outOfOrderMs = outOfOrderMs;
    this.floorMs = this.newestMs - outOfOrderMs;
  }

  /** Makes room for refs below `next`. */
  reserve(next: number): void {
    if (next <= this.#count.length) return;
    const before = this.#lastMs.length;
    this.#lastMs = grown(this.#lastMs, next);
    this.#lastMs.fill(-Infinity, before);
    this.#count = grown(this.#count, this.#lastMs.length);
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
    const page = ref >>> pageBits;
    let values = this.#values[page];
    const count = this.#count[ref]!;
    if (values === undefined || count << pageBits >= values.length) values = this.#makeRoom(page, count + 1);
    const at = (ref & (pageSeries - 1)) * (values.length >>> pageBits) + count;
    values[at] = value;
    this.#times[page]![at] = timeMs;
    this.#count[ref] = count + 1;
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
    const page = ref >>> pageBits;
    const count = this.#count[ref]!;
    const held = this.#makeRoom(page, count + end - from);
    const heldTimes = this.#times[page]!;
    let at = (ref & (pageSeries - 1)) * (held.length >>> pageBits) + count;
    for (let i = from; i < end; i++, at++) {
      held[at] = values[i]!;
      heldTimes[at] = times[i]!;
    }
    this.#count[ref] = count + end - from;
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
    return this.#count[ref]! + (this.#late.get(ref)?.count ?? 0);
  }

  /** The unsealed samples in a range: views, valid until the next append; undefined when there are none. */
  read(ref: number, minMs: number, maxMs: number): Columns | undefined {
    const tail = this.#tail(ref);
    const late = this.#late.size === 0 ? undefined : this.#late.get(ref);
    if (late === undefined) return tail === undefined ? undefined : within(tail, minMs, maxMs);
    return within(tail === undefined ? columnsOf(late) : mergeColumns([tail, columnsOf(late)]), minMs, maxMs);
  }

  /** Drops the unsealed samples of a series: they are sealed now, or deleted. */
  clear(ref: number): void {
    this.samples -= this.held(ref);
    this.#count[ref] = 0;
    this.#late.delete(ref);
  }

  /** Gives back the room of pages that a rush has left behind. */
  trim(): void {
    this.#values.forEach((values, page) => {
      const room = values === undefined ? 0 : values.length >>> pageBits;
      if (room > tailUsual * 2 && this.#mostHeld(page) * 4 < room) this.#resizePage(page, Math.max(tailUsual, this.#mostHeld(page) * 2));
    });
  }

  #mostHeld(page: number): number {
    let most = 0;
    for (let ref = page << pageBits; ref < (page + 1) << pageBits; ref++) most = Math.max(most, this.#count[ref] ?? 0);
    return most;
  }

  #tail(ref: number): Columns | undefined {
    const count = this.#count[ref]!;
    if (count === 0) return undefined;
    const page = ref >>> pageBits;
    const values = this.#values[page]!;
    const from = (ref & (pageSeries - 1)) * (values.length >>> pageBits);
    return { times: this.#times[page]!.subarray(from, from + count), values: values.subarray(from, from + count) };
  }

  /**
   * Takes over the samples of another head, which came before all that this one holds, or nearly: what overlaps is kept as late.
   * The other head is not to be used any more.
   */
  takeOlder(older: Head): void {
    for (let page = 0; page < older.#values.length; page++) {
      if (older.#values[page] === undefined) continue;
      const room = older.#mostHeld(page) + this.#mostHeld(page);
      if (room > (this.#values[page]?.length ?? 0) >>> pageBits) this.#resizePage(page, Math.max(tailUsual, room));
      for (let ref = page << pageBits; ref < (page + 1) << pageBits; ref++) this.#prepend(ref, older.#tail(ref));
    }
    for (const [ref, late] of older.#late) this.#insertAll(ref, columnsOf(late));
    for (let ref = 0; ref < older.#lastMs.length; ref++) this.raiseLastMs(ref, older.#lastMs[ref]!);
  }

  /** Puts a tail before the one that is there; the page has room. */
  #prepend(ref: number, before: Columns | undefined): void {
    if (before === undefined) return;
    const added = before.times.length;
    const count = this.#count[ref]!;
    const values = this.#values[ref >>> pageBits]!;
    const times = this.#times[ref >>> pageBits]!;
    const from = (ref & (pageSeries - 1)) * (values.length >>> pageBits);
    if (count > 0 && times[from]! <= before.times[added - 1]!) {
      this.#insertAll(ref, before);
      return;
    }
    values.copyWithin(from + added, from, from + count);
    times.copyWithin(from + added, from, from + count);
    values.set(before.values, from);
    times.set(before.times, from);
    this.#count[ref] = count + added;
    this.samples += added;
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
    this.clear(ref);
    if (kept === undefined) return;
    this.#insertAll(ref, { ...kept, times: kept.times.slice(), values: kept.values.slice() });
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

  /** The page's values, with room for tails of `length` samples. */
  #makeRoom(page: number, length: number): Float64Array {
    const values = this.#values[page];
    if (values !== undefined && length << pageBits <= values.length) return values;
    let room = values === undefined ? tailFirst : values.length >>> pageBits;
    while (room < length) room = room < tailUsual ? room * 2 : room + (room >>> 1);
    return this.#resizePage(page, room);
  }

  #resizePage(page: number, roomAfter: number): Float64Array {
    const values = new Float64Array(roomAfter << pageBits);
    const times = new Float64Array(roomAfter << pageBits);
    const valuesBefore = this.#values[page];
    const timesBefore = this.#times[page];
    if (valuesBefore !== undefined && timesBefore !== undefined) {
      const room = valuesBefore.length >>> pageBits;
      const kept = Math.min(room, roomAfter);
      for (let i = 0; i < pageSeries; i++) {
        values.set(valuesBefore.subarray(i * room, i * room + kept), i * roomAfter);
        times.set(timesBefore.subarray(i * room, i * room + kept), i * roomAfter);
      }
    }
    this.#values[page] = values;
    this.#times[page] = times;
    return values;
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
    const tail = this.#tail(ref);
    if (tail !== undefined) {
      const at = lowerBoundMs(tail.times, tail.times.length, timeMs);
      if (tail.times[at] === timeMs) return { value: tail.values[at]!, histogram: undefined };
    }
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

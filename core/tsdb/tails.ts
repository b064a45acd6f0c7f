import { countInt, nextInt, none, offsetMax, placeOf, segmentOf, valueDouble, type Blocks } from './blocks.ts';
import type { Columns } from './codec/columns.ts';
import { grown } from './bytes/growable.ts';

/** Samples that one allocation is good for at least: the tails of some series, since the runtime takes long for each. */
const roomSamples = 2048;

/** Where reads put their copies, one behind the other. What was given out stays as it is until the room is emptied. */
export class Room {
  times = new Float64Array(0);
  values = new Float64Array(0);
  used = 0;
  /** Samples asked for since it was emptied. */
  #asked = 0;

  /** Makes room for so many samples more. */
  reserve(samples: number): void {
    this.#asked += samples;
    if (this.used + samples > this.times.length) this.#renew(Math.max(roomSamples, samples));
  }

  /** Gives the room out anew, in one piece large enough for what was asked for last time. */
  empty(): void {
    if (this.#asked > this.times.length) this.#renew(this.#asked);
    this.used = this.#asked = 0;
  }

  #renew(length: number): void {
    this.times = new Float64Array(length);
    this.values = new Float64Array(length);
    this.used = 0;
  }
}

/** Where a walk along the chains of some tails has come to: one walk at a time. */
let chains = new Int32Array(64);

/** Never emptied: what lies in it stays as it is. */
const lasting = new Room();

/** Per series a tail of samples in order of time: a chain of blocks, 13 to 14 bytes a sample. */
export class Tails {
  readonly #blocks: Blocks;
  /** By ref: the first and the last block of its chain, and the samples in it. */
  #first = new Int32Array(0);
  #last = new Int32Array(0);
  #count = new Uint32Array(0);

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  /** Makes room for refs below `next`. */
  reserve(next: number): void {
    const before = this.#last.length;
    if (next <= before) return;
    this.#last = grown(this.#last, Math.max(1024, next));
    this.#last.fill(none, before);
    this.#first = grown(this.#first, this.#last.length);
    this.#count = grown(this.#count, this.#last.length);
  }

  /** One more than the highest ref there is room for. */
  get refs(): number {
    return this.#count.length;
  }

  count(ref: number): number {
    return this.#count[ref]!;
  }

  /** Infinity for an empty tail. */
  firstMs(ref: number): number {
    if (this.#count[ref] === 0) return Infinity;
    const block = this.#first[ref]!;
    const { doubles, stride } = this.#blocks.segments[segmentOf(block)]!;
    return doubles[placeOf(block) * stride]!;
  }

  /** -Infinity for an empty tail. */
  lastMs(ref: number): number {
    if (this.#count[ref] === 0) return -Infinity;
    const block = this.#last[ref]!;
    const { doubles, ints, stride, offsetInt } = this.#blocks.segments[segmentOf(block)]!;
    const at = placeOf(block) * stride;
    return doubles[at]! + ints[at * 2 + offsetInt + ints[at * 2 + countInt]! - 1]!;
  }

  /** Appends a sample later than all before it. */
  push(ref: number, timeMs: number, value: number): void {
    const block = this.#roomy(ref, timeMs);
    const { doubles, ints, stride, offsetInt } = this.#blocks.segments[segmentOf(block)]!;
    const at = placeOf(block) * stride;
    const count = ints[at * 2 + countInt]!;
    doubles[at + valueDouble + count] = value;
    ints[at * 2 + offsetInt + count] = timeMs - doubles[at]!;
    ints[at * 2 + countInt] = count + 1;
    this.#count[ref]!++;
  }

  /** Appends samples [from, to) of two columns, each later than all before it. */
  pushRun(ref: number, times: Float64Array, values: Float64Array, from: number, to: number): void {
    for (let at = from; at < to;) at = this.#pushSome(ref, times, values, at, to);
  }

  /** Puts into one block what fits of [from, to), at least one sample, and answers where that ends. */
  #pushSome(ref: number, times: Float64Array, values: Float64Array, from: number, to: number): number {
    const block = this.#roomy(ref, times[from]!);
    const { doubles, ints, samples, stride, offsetInt } = this.#blocks.segments[segmentOf(block)]!;
    const at = placeOf(block) * stride;
    const base = doubles[at]!;
    const count = ints[at * 2 + countInt]!;
    const value = at + valueDouble + count - from;
    const offset = at * 2 + offsetInt + count - from;
    let end = Math.min(to, from + samples - count);
    while (times[end - 1]! - base > offsetMax) end--;
    for (let i = from; i < end; i++) {
      doubles[value + i] = values[i]!;
      ints[offset + i] = times[i]! - base;
    }
    ints[at * 2 + countInt] = count + end - from;
    this.#count[ref]! += end - from;
    return end;
  }

  /** The samples of a range, as copies in a room; undefined when there are none. */
  read(ref: number, minMs: number, maxMs: number, room = lasting): Columns | undefined {
    let block = this.#count[ref] === 0 ? none : this.#first[ref]!;
    if (block === none) return undefined;
    room.reserve(this.#count[ref]!);
    const { times, values, used: from } = room;
    let count = from;
    while (block !== none) {
      const { doubles, ints, stride, offsetInt } = this.#blocks.segments[segmentOf(block)]!;
      const at = placeOf(block) * stride;
      const base = doubles[at]!;
      const value = at + valueDouble;
      const offset = at * 2 + offsetInt;
      const held = ints[at * 2 + countInt]!;
      const lastMs = base + ints[offset + held - 1]!;
      const misses = base > maxMs || lastMs < minMs;
      const isWithin = base >= minMs && lastMs <= maxMs;
      for (let i = misses ? held : 0; i < held; i++) {
        const timeMs = base + ints[offset + i]!;
        if (!isWithin && (timeMs < minMs || timeMs > maxMs)) continue;
        times[count] = timeMs;
        values[count++] = doubles[value + i]!;
      }
      block = ints[at * 2 + nextInt]!;
    }
    room.used = count;
    return count === from ? undefined : { times: times.subarray(from, count), values: values.subarray(from, count) };
  }

  /** The sample at exactly this time, as one value; undefined when there is none. */
  valueAt(ref: number, timeMs: number): Float64Array | undefined {
    return this.read(ref, timeMs, timeMs)?.values;
  }

  clear(ref: number): void {
    this.clearAll([ref]);
  }

  /** Empties the tails of some series. All walk their chains side by side, so that the processor waits for many blocks at once. */
  clearAll(refs: readonly number[]): void {
    if (chains.length < refs.length) chains = new Int32Array(refs.length);
    let left = 0;
    for (const ref of refs) {
      if (this.#count[ref] === 0) continue;
      chains[left++] = this.#first[ref]!;
      this.#last[ref] = none;
      this.#count[ref] = 0;
    }
    while (left > 0) {
      let kept = 0;
      for (let i = 0; i < left; i++) {
        const after = this.#blocks.release(chains[i]!);
        if (after !== none) chains[kept++] = after;
      }
      left = kept;
    }
  }

  /** Puts the tail of the same series in `older`, all of whose samples come before, in front of this one; `older`, of the same blocks, gives it up. */
  takeOlder(older: Tails, ref: number): void {
    if (older.#count[ref] === 0) return;
    const own = this.#count[ref] === 0 ? none : this.#first[ref]!;
    this.#first[ref] = older.#first[ref]!;
    this.#count[ref]! += older.#count[ref]!;
    older.#count[ref] = 0;
    if (own === none) this.#last[ref] = older.#last[ref]!;
    else this.#join(ref, older.#last[ref]!, own);
    older.#last[ref] = none;
  }

  /** Lets block `after` follow on `before`, in one block where both fit. */
  #join(ref: number, before: number, after: number): void {
    const [left, right] = [this.#blocks.segments[segmentOf(before)]!, this.#blocks.segments[segmentOf(after)]!];
    const [l, r] = [placeOf(before) * left.stride, placeOf(after) * right.stride];
    const shift = right.doubles[r]! - left.doubles[l]!;
    const held = left.ints[l * 2 + countInt]!;
    const count = right.ints[r * 2 + countInt]!;
    const offset = r * 2 + right.offsetInt;
    if (held + count > left.samples || shift + right.ints[offset + count - 1]! > offsetMax) {
      this.#blocks.link(before, after);
      return;
    }
    for (let i = 0; i < count; i++) {
      left.doubles[l + valueDouble + held + i] = right.doubles[r + valueDouble + i]!;
      left.ints[l * 2 + left.offsetInt + held + i] = right.ints[offset + i]! + shift;
    }
    left.ints[l * 2 + countInt] = held + count;
    if (this.#last[ref] === after) this.#last[ref] = before;
    this.#blocks.link(before, this.#blocks.release(after));
  }

  /** The last block of a tail when it takes a sample of this time, else a new one behind it. */
  #roomy(ref: number, timeMs: number): number {
    const last = this.#last[ref]!;
    if (last !== none) {
      const { doubles, ints, samples, stride } = this.#blocks.segments[segmentOf(last)]!;
      const at = placeOf(last) * stride;
      if (ints[at * 2 + countInt]! < samples && timeMs - doubles[at]! <= offsetMax) return last;
    }
    const block = this.#blocks.take(timeMs, this.#count[ref]!);
    if (last === none) this.#first[ref] = block;
    else this.#blocks.link(last, block);
    this.#last[ref] = block;
    return block;
  }
}

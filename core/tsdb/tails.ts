import type { Columns } from './codec/columns.ts';
import { grown } from './bytes/growable.ts';

/** Few, so that series of a few samples waste little; a chain of four holds the seven minutes at 15 s that the head keeps. */
const blockSamples = 8;
const segmentBits = 12;
const segmentBlocks = 1 << segmentBits;
const none = -1;
/** Times within a block lie at most this far from its base. */
const offsetMax = 0x7fffffff;

/**
 * A block, all in one place, as memory is slow to come to: its base, a time; the block after it in a tail or in the list of free ones; its
 * samples' number, values, and times as distances from the base in ms.
 */
const blockDoubles = 14;
const blockInts = blockDoubles * 2;
const nextInt = 2;
const countInt = 3;
const valueDouble = 2;
const offsetInt = 20;

/** Blocks side by side: 459 kB. */
class Segment {
  readonly doubles = new Float64Array(segmentBlocks * blockDoubles);
  readonly ints = new Int32Array(this.doubles.buffer);
  used = 0;
  free = none;
  /** Blocks from here on were never used. */
  fresh = 0;
}

/** Segments that ran empty and are kept. */
const spareMax = 8;

/** Small blocks of samples, given out and taken back; a block's number says where it lies. A segment without a block in use is let go. */
export class Blocks {
  readonly segments: (Segment | undefined)[] = [];
  #open = 0;
  /** Segments that ran empty, for the next ones: the system takes long to hand out memory that was never touched. */
  readonly #spare: Segment[] = [];

  /** An empty block for samples from `timeMs` on. */
  take(timeMs: number): number {
    let segment = this.segments[this.#open];
    if (segment === undefined || segment.used === segmentBlocks) segment = this.#openSegment();
    let at = segment.free;
    if (at === none) at = segment.fresh++;
    else segment.free = segment.ints[at * blockInts + nextInt]!;
    segment.used++;
    segment.doubles[at * blockDoubles] = timeMs;
    segment.ints[at * blockInts + nextInt] = none;
    segment.ints[at * blockInts + countInt] = 0;
    return (this.#open << segmentBits) | at;
  }

  /** Takes a block back and answers the one that came after it. */
  release(block: number): number {
    const index = block >>> segmentBits;
    const at = block & (segmentBlocks - 1);
    const segment = this.segments[index]!;
    const next = at * blockInts + nextInt;
    const after = segment.ints[next]!;
    segment.ints[next] = segment.free;
    segment.free = at;
    if (--segment.used === 0 && index !== this.#open) this.#letGo(index, segment);
    return after;
  }

  /** Lets block `after` follow on `block`. */
  link(block: number, after: number): void {
    this.segments[block >>> segmentBits]!.ints[(block & (segmentBlocks - 1)) * blockInts + nextInt] = after;
  }

  #letGo(index: number, segment: Segment): void {
    this.segments[index] = undefined;
    if (this.#spare.length === spareMax) return;
    segment.free = none;
    segment.fresh = 0;
    this.#spare.push(segment);
  }

  /** The first segment with room, so that those behind it run empty. */
  #openSegment(): Segment {
    const roomy = this.segments.findIndex((segment) => segment !== undefined && segment.used < segmentBlocks);
    const gap = roomy >= 0 ? roomy : this.segments.indexOf(undefined);
    this.#open = gap >= 0 ? gap : this.segments.length;
    return (this.segments[this.#open] ??= this.#spare.pop() ?? new Segment());
  }
}

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
    return this.#blocks.segments[block >>> segmentBits]!.doubles[(block & (segmentBlocks - 1)) * blockDoubles]!;
  }

  /** -Infinity for an empty tail. */
  lastMs(ref: number): number {
    if (this.#count[ref] === 0) return -Infinity;
    const block = this.#last[ref]!;
    const at = block & (segmentBlocks - 1);
    const { doubles, ints } = this.#blocks.segments[block >>> segmentBits]!;
    return doubles[at * blockDoubles]! + ints[at * blockInts + offsetInt + ints[at * blockInts + countInt]! - 1]!;
  }

  /** Appends a sample later than all before it. */
  push(ref: number, timeMs: number, value: number): void {
    const block = this.#roomy(ref, timeMs);
    const at = block & (segmentBlocks - 1);
    const { doubles, ints } = this.#blocks.segments[block >>> segmentBits]!;
    const count = ints[at * blockInts + countInt]!;
    doubles[at * blockDoubles + valueDouble + count] = value;
    ints[at * blockInts + offsetInt + count] = timeMs - doubles[at * blockDoubles]!;
    ints[at * blockInts + countInt] = count + 1;
    this.#count[ref]!++;
  }

  /** Appends samples [from, to) of two columns, each later than all before it. */
  pushRun(ref: number, times: Float64Array, values: Float64Array, from: number, to: number): void {
    for (let at = from; at < to;) at = this.#pushSome(ref, times, values, at, to);
  }

  /** Puts into one block what fits of [from, to), at least one sample, and answers where that ends. */
  #pushSome(ref: number, times: Float64Array, values: Float64Array, from: number, to: number): number {
    const block = this.#roomy(ref, times[from]!);
    const at = block & (segmentBlocks - 1);
    const { doubles, ints } = this.#blocks.segments[block >>> segmentBits]!;
    const base = doubles[at * blockDoubles]!;
    const count = ints[at * blockInts + countInt]!;
    const value = at * blockDoubles + valueDouble + count - from;
    const offset = at * blockInts + offsetInt + count - from;
    const end = Math.min(to, from + blockSamples - count);
    let i = from;
    for (; i < end && times[i]! - base <= offsetMax; i++) {
      doubles[value + i] = values[i]!;
      ints[offset + i] = times[i]! - base;
    }
    ints[at * blockInts + countInt] = count + i - from;
    this.#count[ref]! += i - from;
    return i;
  }

  /** The samples of a range, as copies in a room; undefined when there are none. */
  read(ref: number, minMs: number, maxMs: number, room = lasting): Columns | undefined {
    let block = this.#count[ref] === 0 ? none : this.#first[ref]!;
    if (block === none) return undefined;
    room.reserve(this.#count[ref]!);
    const { times, values, used: from } = room;
    let count = from;
    while (block !== none) {
      const { doubles, ints } = this.#blocks.segments[block >>> segmentBits]!;
      const at = block & (segmentBlocks - 1);
      const base = doubles[at * blockDoubles]!;
      const value = at * blockDoubles + valueDouble;
      const offset = at * blockInts + offsetInt;
      const held = ints[at * blockInts + countInt]!;
      const misses = base > maxMs || base + ints[offset + held - 1]! < minMs;
      for (let i = misses ? held : 0; i < held; i++) {
        const timeMs = base + ints[offset + i]!;
        if (timeMs < minMs || timeMs > maxMs) continue;
        times[count] = timeMs;
        values[count++] = doubles[value + i]!;
      }
      block = ints[at * blockInts + nextInt]!;
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
    const [left, right] = [this.#blocks.segments[before >>> segmentBits]!, this.#blocks.segments[after >>> segmentBits]!];
    const [l, r] = [before & (segmentBlocks - 1), after & (segmentBlocks - 1)];
    const shift = right.doubles[r * blockDoubles]! - left.doubles[l * blockDoubles]!;
    const held = left.ints[l * blockInts + countInt]!;
    const count = right.ints[r * blockInts + countInt]!;
    if (held + count > blockSamples || shift + right.ints[r * blockInts + offsetInt + count - 1]! > offsetMax) {
      this.#blocks.link(before, after);
      return;
    }
    for (let i = 0; i < count; i++) {
      left.doubles[l * blockDoubles + valueDouble + held + i] = right.doubles[r * blockDoubles + valueDouble + i]!;
      left.ints[l * blockInts + offsetInt + held + i] = right.ints[r * blockInts + offsetInt + i]! + shift;
    }
    left.ints[l * blockInts + countInt] = held + count;
    if (this.#last[ref] === after) this.#last[ref] = before;
    this.#blocks.link(before, this.#blocks.release(after));
  }

  /** The last block of a tail when it takes a sample of this time, else a new one behind it. */
  #roomy(ref: number, timeMs: number): number {
    const last = this.#last[ref]!;
    if (last !== none) {
      const at = last & (segmentBlocks - 1);
      const { doubles, ints } = this.#blocks.segments[last >>> segmentBits]!;
      if (ints[at * blockInts + countInt]! < blockSamples && timeMs - doubles[at * blockDoubles]! <= offsetMax) return last;
    }
    const block = this.#blocks.take(timeMs);
    if (last === none) this.#first[ref] = block;
    else this.#blocks.link(last, block);
    this.#last[ref] = block;
    return block;
  }
}

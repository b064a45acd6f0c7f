import { grown } from './bytes/growable.ts';
import type { Columns } from './codec/columns.ts';

/** Few, so that series of a few samples waste little; a chain of four holds the seven minutes at 15 s that the head keeps. */
const blockSamples = 8;
const segmentBits = 12;
const segmentBlocks = 1 << segmentBits;
const none = -1;
/** Times within a block lie at most this far from its base. */
const offsetMax = 0x7fffffff;

/** Blocks side by side: about 440 kB. */
class Segment {
  readonly values = new Float64Array(segmentBlocks * blockSamples);
  /** Times as distances from the block's base, in ms. */
  readonly offsets = new Int32Array(segmentBlocks * blockSamples);
  readonly bases = new Float64Array(segmentBlocks);
  readonly counts = new Uint8Array(segmentBlocks);
  /** The block after this one, in a tail or in the list of free ones. */
  readonly next = new Int32Array(segmentBlocks);
  used = 0;
  free = none;
  /** Blocks from here on were never used. */
  fresh = 0;
}

/** Small blocks of samples, given out and taken back; a block's number says where it lies. A segment without a block in use is let go. */
export class Blocks {
  readonly segments: (Segment | undefined)[] = [];
  #open = 0;

  /** An empty block for samples from `timeMs` on. */
  take(timeMs: number): number {
    let segment = this.segments[this.#open];
    if (segment === undefined || segment.used === segmentBlocks) segment = this.#openSegment();
    let at = segment.free;
    if (at === none) at = segment.fresh++;
    else segment.free = segment.next[at]!;
    segment.used++;
    segment.bases[at] = timeMs;
    segment.counts[at] = 0;
    segment.next[at] = none;
    return (this.#open << segmentBits) | at;
  }

  /** Takes a block back and answers the one that came after it. */
  release(block: number): number {
    const index = block >>> segmentBits;
    const at = block & (segmentBlocks - 1);
    const segment = this.segments[index]!;
    const after = segment.next[at]!;
    segment.next[at] = segment.free;
    segment.free = at;
    if (--segment.used === 0 && index !== this.#open) this.segments[index] = undefined;
    return after;
  }

  /** The first segment with room, so that those behind it run empty. */
  #openSegment(): Segment {
    const roomy = this.segments.findIndex((segment) => segment !== undefined && segment.used < segmentBlocks);
    const gap = roomy >= 0 ? roomy : this.segments.indexOf(undefined);
    this.#open = gap >= 0 ? gap : this.segments.length;
    return (this.segments[this.#open] ??= new Segment());
  }
}

/** Samples that one allocation of `read` is good for: the tails of some series, since the runtime takes long for each. */
const roomSamples = 2048;

/** Where `read` writes; what it has given out is never written again. */
let readRoom = { times: new Float64Array(0), values: new Float64Array(0), used: 0 };

function roomFor(samples: number): typeof readRoom {
  if (readRoom.used + samples > readRoom.times.length) {
    const length = Math.max(roomSamples, samples);
    readRoom = { times: new Float64Array(length), values: new Float64Array(length), used: 0 };
  }
  return readRoom;
}

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
    return this.#blocks.segments[block >>> segmentBits]!.bases[block & (segmentBlocks - 1)]!;
  }

  /** -Infinity for an empty tail. */
  lastMs(ref: number): number {
    if (this.#count[ref] === 0) return -Infinity;
    const block = this.#last[ref]!;
    const at = block & (segmentBlocks - 1);
    const { bases, offsets, counts } = this.#blocks.segments[block >>> segmentBits]!;
    return bases[at]! + offsets[at * blockSamples + counts[at]! - 1]!;
  }

  /** Appends a sample later than all before it. */
  push(ref: number, timeMs: number, value: number): void {
    let block = this.#last[ref]!;
    let at = block & (segmentBlocks - 1);
    let segment = this.#blocks.segments[block >>> segmentBits];
    if (block === none || segment!.counts[at] === blockSamples || timeMs - segment!.bases[at]! > offsetMax) {
      block = this.#extend(ref, timeMs);
      at = block & (segmentBlocks - 1);
      segment = this.#blocks.segments[block >>> segmentBits];
    }
    const { values, offsets, bases, counts } = segment!;
    const count = counts[at]!;
    values[at * blockSamples + count] = value;
    offsets[at * blockSamples + count] = timeMs - bases[at]!;
    counts[at] = count + 1;
    this.#count[ref]!++;
  }

  /** The samples of a range, as copies; undefined when there are none. */
  read(ref: number, minMs: number, maxMs: number): Columns | undefined {
    let block = this.#count[ref] === 0 ? none : this.#first[ref]!;
    if (block === none) return undefined;
    const room = roomFor(this.#count[ref]!);
    const { times, values } = room;
    let count = room.used;
    while (block !== none) {
      const segment = this.#blocks.segments[block >>> segmentBits]!;
      const at = block & (segmentBlocks - 1);
      const base = segment.bases[at]!;
      const end = at * blockSamples + segment.counts[at]!;
      const misses = base > maxMs || base + segment.offsets[end - 1]! < minMs;
      for (let i = misses ? end : at * blockSamples; i < end; i++) {
        const timeMs = base + segment.offsets[i]!;
        if (timeMs < minMs || timeMs > maxMs) continue;
        times[count] = timeMs;
        values[count++] = segment.values[i]!;
      }
      block = segment.next[at]!;
    }
    const from = room.used;
    room.used = count;
    return count === from ? undefined : { times: times.subarray(from, count), values: values.subarray(from, count) };
  }

  /** The sample at exactly this time, as one value; undefined when there is none. */
  valueAt(ref: number, timeMs: number): Float64Array | undefined {
    return this.read(ref, timeMs, timeMs)?.values;
  }

  clear(ref: number): void {
    if (this.#count[ref] === 0) return;
    for (let block = this.#first[ref]!; block !== none;) block = this.#blocks.release(block);
    this.#last[ref] = none;
    this.#count[ref] = 0;
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
    const shift = right.bases[r]! - left.bases[l]!;
    const count = right.counts[r]!;
    if (left.counts[l]! + count > blockSamples || shift + right.offsets[r * blockSamples + count - 1]! > offsetMax) {
      left.next[l] = after;
      return;
    }
    const into = l * blockSamples + left.counts[l]!;
    for (let i = 0; i < count; i++) {
      left.values[into + i] = right.values[r * blockSamples + i]!;
      left.offsets[into + i] = right.offsets[r * blockSamples + i]! + shift;
    }
    left.counts[l]! += count;
    if (this.#last[ref] === after) this.#last[ref] = before;
    left.next[l] = this.#blocks.release(after);
  }

  #extend(ref: number, timeMs: number): number {
    const block = this.#blocks.take(timeMs);
    const before = this.#last[ref]!;
    if (before === none) this.#first[ref] = block;
    else this.#blocks.segments[before >>> segmentBits]!.next[before & (segmentBlocks - 1)] = block;
    this.#last[ref] = block;
    return block;
  }
}

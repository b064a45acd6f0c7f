/**
 * Blocks of samples that come in order of time, given out and taken back. A block lies all in one place, as memory is slow to come to: its
 * base, a time; the block after it in a tail or in the list of free ones; the number of its samples; their values, and their times as
 * distances from the base in ms.
 */

export const none = -1;
/** Times within a block lie at most this far from its base. */
export const offsetMax = 0x7fffffff;
/** Where a block's parts lie, from its first double (or from its first integer of 32 bits) on: base, values; next, samples. */
export const valueDouble = 2;
export const nextInt = 2;
export const countInt = 3;

/** A block's number is its segment's index and, in so many bits, its place there. */
const placeBits = 12;
const placeMask = (1 << placeBits) - 1;
export const segmentOf = (block: number): number => block >>> placeBits;
export const placeOf = (block: number): number => block & placeMask;

/** Few, so that series of a few samples waste little; a chain of four holds the seven minutes at 15 s that the head keeps. */
const shortSamples = 8;
/** For tails that hold more than that: one block in the place of eight is eight times fewer places of memory to come to. */
const longSamples = 64;
/** A tail of so many samples goes on in long blocks. */
export const longFromSamples = 32;
/** What the blocks of one segment take; 459 kB of short ones. */
const segmentDoubles = (1 << placeBits) * 14;
/** Segments that ran empty and are kept, of each length of blocks. */
const spareMax = 8;

/** Blocks of one length, side by side. */
export class Segment {
  /** Samples that a block holds, doubles that it takes, and where its times lie, as `valueDouble` says it of its values. */
  readonly samples: number;
  readonly stride: number;
  readonly offsetInt: number;
  readonly doubles: Float64Array;
  readonly ints: Int32Array;
  readonly blocks: number;
  used = 0;
  free = none;
  /** Blocks from here on were never used. */
  fresh = 0;

  constructor(samples: number) {
    this.samples = samples;
    this.stride = valueDouble + samples + samples / 2;
    this.offsetInt = (valueDouble + samples) * 2;
    this.blocks = Math.floor(segmentDoubles / this.stride);
    this.doubles = new Float64Array(this.blocks * this.stride);
    this.ints = new Int32Array(this.doubles.buffer);
  }
}

/** Blocks of one length, as far as they are to be had. */
interface Pool {
  readonly samples: number;
  /** The segment that gives out. */
  open: number;
  /** Segments that ran empty, for the next ones: the system takes long to hand out memory that was never touched. */
  readonly spare: Segment[];
}

/** The blocks of a head. A segment without a block in use is let go. */
export class Blocks {
  /** By the first part of a block's number. */
  readonly segments: (Segment | undefined)[] = [];
  readonly #short: Pool = { samples: shortSamples, open: none, spare: [] };
  readonly #long: Pool = { samples: longSamples, open: none, spare: [] };

  /** An empty block for samples from `timeMs` on, behind `held` others of the same tail. */
  take(timeMs: number, held: number): number {
    const pool = held < longFromSamples ? this.#short : this.#long;
    let segment = this.segments[pool.open];
    if (segment === undefined || segment.used === segment.blocks) segment = this.#openSegment(pool);
    let at = segment.free;
    if (at === none) at = segment.fresh++;
    else segment.free = segment.ints[at * segment.stride * 2 + nextInt]!;
    segment.used++;
    const first = at * segment.stride;
    segment.doubles[first] = timeMs;
    segment.ints[first * 2 + nextInt] = none;
    segment.ints[first * 2 + countInt] = 0;
    return (pool.open << placeBits) | at;
  }

  /** Takes a block back and answers the one that came after it. */
  release(block: number): number {
    const index = segmentOf(block);
    const segment = this.segments[index]!;
    const at = placeOf(block);
    const next = at * segment.stride * 2 + nextInt;
    const after = segment.ints[next]!;
    segment.ints[next] = segment.free;
    segment.free = at;
    if (--segment.used === 0) this.#letGo(index, segment);
    return after;
  }

  /** Lets block `after` follow on `block`. */
  link(block: number, after: number): void {
    const { ints, stride } = this.segments[segmentOf(block)]!;
    ints[placeOf(block) * stride * 2 + nextInt] = after;
  }

  #letGo(index: number, segment: Segment): void {
    const pool = segment.samples === shortSamples ? this.#short : this.#long;
    if (index === pool.open) return;
    this.segments[index] = undefined;
    if (pool.spare.length === spareMax) return;
    segment.free = none;
    segment.fresh = 0;
    pool.spare.push(segment);
  }

  /** The first segment with room, so that those behind it run empty. */
  #openSegment(pool: Pool): Segment {
    const roomy = this.segments.findIndex((one) => one !== undefined && one.samples === pool.samples && one.used < one.blocks);
    const gap = roomy >= 0 ? roomy : this.segments.indexOf(undefined);
    pool.open = gap >= 0 ? gap : this.segments.length;
    return (this.segments[pool.open] ??= pool.spare.pop() ?? new Segment(pool.samples));
  }
}

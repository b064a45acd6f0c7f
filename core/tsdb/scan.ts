import { equalTimes, lowerBoundMs, mergeColumns, type Columns } from './codec/columns.ts';
import type { Stretch } from './codec/frame-form.ts';
import type { Head } from './head.ts';
import { packPlaces, unpackPlaces, type GroupPlan, type Packed, type Place } from './packed.ts';
import type { OpenFrame, Piece, SealedSource } from './sealed-source.ts';
import { holdsSlot, type FrameMeta } from './sealed.ts';

/** Targets whose times are remembered; more are put together anew. */
const timelinesMax = 64;

/** A series that has samples in the range. */
interface Wanted extends Place {
  readonly ref: number;
}

/** Times that were put together from pieces, and which. */
interface Timeline {
  /** Of the series that came last: the next one mostly has the very same arrays. */
  parts: readonly Float64Array[];
  from: readonly number[];
  to: readonly number[];
  readonly times: Float64Array;
}

/** What a scan is made of. */
export interface ScanParts {
  readonly reader: SealedSource;
  readonly head: Pick<Head, 'read'>;
  readonly minMs: number;
  readonly maxMs: number;
  readonly slotOf: (ref: number) => number;
  readonly isDeletedFrom: (ref: number) => boolean;
  /** Changes when a deletion is taken off the list, since no frame of now holds what it hid. */
  readonly removals: () => number;
}

/**
 * Many series, one after another, each decoded when it is read. What the head holds is copied when they are added; frames are opened group by
 * group. Series that share their times get one and the same array of them. Values are good until the next read.
 */
export class Scan {
  readonly refs: number[] = [];
  readonly #parts: ScanParts;
  readonly #wanted: (Wanted | undefined)[] = [];
  readonly #timelines = new Map<number, Timeline>();
  #open: { readonly plan: GroupPlan; readonly frames: readonly OpenFrame[]; readonly removals: number } | undefined;
  #values = new Float64Array(512);
  /** Of the head's series that came last: the next one mostly has the same. */
  #headTimes: Float64Array = new Float64Array(0);
  /** The pieces of the series at hand: samples [from, to) of each stretch. */
  readonly #stretches: Stretch[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #isPlain = true;
  /** The series at hand, and what is known of it by now. */
  #at = -1;
  #ownTimes: Float64Array | undefined;
  #ownValues: Float64Array | undefined;
  #merged: Columns | undefined;

  constructor(parts: ScanParts) {
    this.#parts = parts;
  }

  /** Takes in those of a group's series that have samples in the range, as they are now. */
  add(group: number, members: readonly number[]): void {
    const { reader, head: unsealed, minMs, maxMs, slotOf } = this.#parts;
    const plan = { group, metas: reader.frames(group, minMs, maxMs).filter(holdsAny(members.map(slotOf))) };
    for (const ref of members) {
      const read = unsealed.read(ref, minMs, maxMs);
      const times = this.#headTimes;
      const head = read === undefined ? undefined : { ...read, times: equalTimes(read.times, times) ? times : read.times };
      if (head !== undefined) this.#headTimes = head.times;
      const wanted = { ref, slot: slotOf(ref), plan, head };
      if (!this.#hasSamples(wanted)) continue;
      this.#wanted.push(wanted);
      this.refs.push(ref);
    }
    this.#at = -1;
  }

  /** Where its series come from, and the bounds of its range, inclusive. */
  get origin(): SealedSource['origin'] & { readonly minMs: number; readonly maxMs: number } {
    const { reader, minMs, maxMs } = this.#parts;
    return { ...reader.origin, minMs, maxMs };
  }

  /** The series [from, to), but for those with deleted samples and with histograms in the head. */
  pack(from: number, to: number): Packed {
    const { isDeletedFrom } = this.#parts;
    const isLeftOut = (one: Wanted | undefined): boolean => one === undefined || isDeletedFrom(one.ref) || one.head?.histograms !== undefined;
    return packPlaces(this.#wanted.slice(from, to).map((one) => (isLeftOut(one) ? undefined : one)));
  }

  /** Takes in what was packed, in its order. */
  unpack(packed: Packed): void {
    for (const place of unpackPlaces(packed)) {
      const ref = this.refs.length;
      this.#wanted.push(place === undefined ? undefined : { ref, ...place });
      this.refs.push(ref);
    }
  }

  /** Whether the series may hold a NaN, a stale marker or a histogram; told without decoding it where that can be. */
  mayHoldOdd(index: number): boolean {
    const { head } = this.#turnTo(index);
    if (!this.#isPlain) return true;
    for (let i = 0; i < this.#stretches.length; i++) if (this.#stretches[i]!.mayHoldOdd) return true;
    return head !== undefined && hasNaN(head.values);
  }

  times(index: number): Float64Array {
    const one = this.#turnTo(index);
    return this.#isPlain ? (this.#ownTimes ??= this.#times(one.head)) : this.#merge(one).times;
  }

  values(index: number): Float64Array {
    const one = this.#turnTo(index);
    return this.#isPlain ? (this.#ownValues ??= this.#decode(one.head, this.times(index).length)) : this.#merge(one).values;
  }

  histograms(index: number): Columns['histograms'] {
    const one = this.#turnTo(index);
    return this.#isPlain ? undefined : this.#merge(one).histograms;
  }

  /** All columns of a series. */
  read(index: number): Columns {
    const columns = { times: this.times(index), values: this.values(index) };
    const histograms = this.histograms(index);
    return histograms === undefined ? columns : { ...columns, histograms };
  }

  #turnTo(index: number): Wanted {
    const one = this.#wanted[index];
    if (one === undefined) throw new Error('the series was left out');
    if (index !== this.#at) {
      this.#at = -1;
      this.#ownTimes = this.#ownValues = this.#merged = undefined;
      this.#gather(one);
      this.#at = index;
    }
    return one;
  }

  #decode(head: Columns | undefined, count: number): Float64Array {
    if (this.#values.length < count) this.#values = new Float64Array(count * 2);
    let at = 0;
    for (let i = 0; i < this.#stretches.length; i++) {
      this.#stretches[i]!.read(this.#from[i]!, this.#to[i]!, this.#values, at);
      at += this.#to[i]! - this.#from[i]!;
    }
    if (head !== undefined) this.#values.set(head.values, at);
    return this.#values.subarray(0, count);
  }

  /** Frames that lie within the range prove it by their slots; of those at its edges the times are looked at. */
  #hasSamples(one: Wanted): boolean {
    const { minMs, maxMs } = this.#parts;
    if (one.head !== undefined) return true;
    let isNear = false;
    for (const meta of one.plan.metas) {
      if (!holdsSlot(meta, one.slot)) continue;
      if (!this.#parts.isDeletedFrom(one.ref) && meta.minMs >= minMs && meta.maxMs <= maxMs) return true;
      isNear = true;
    }
    if (!isNear) return false;
    this.#gather(one);
    if (this.#isPlain) return this.#stretches.length > 0;
    this.#merged = undefined;
    return this.#merge(one).times.length > 0;
  }

  /** Finds the pieces of a series; they are plain when they are floats that follow one another. */
  #gather(one: Wanted): void {
    const { minMs, maxMs } = this.#parts;
    let count = 0;
    let lastMs = -Infinity;
    let isPlain = !this.#parts.isDeletedFrom(one.ref) && one.head?.histograms === undefined;
    for (const { frame } of this.#framesOf(one.plan)) {
      for (const stretch of frame.stretches(one.slot)) {
        const { times } = stretch;
        const { length } = times;
        const from = times[0]! >= minMs ? 0 : lowerBoundMs(times, length, minMs);
        const to = times[length - 1]! <= maxMs ? length : lowerBoundMs(times, length, maxMs + 1);
        if (from >= to) continue;
        if (times[from]! <= lastMs || stretch.isHistogram) isPlain = false;
        lastMs = times[to - 1]!;
        this.#stretches[count] = stretch;
        this.#from[count] = from;
        this.#to[count++] = to;
      }
    }
    this.#isPlain = isPlain && (one.head === undefined || one.head.times[0]! > lastMs);
    this.#stretches.length = this.#from.length = this.#to.length = count;
  }

  /** The frames of a group; when maintenance replaced some of them meanwhile, those that are there now. */
  #framesOf(plan: GroupPlan): readonly OpenFrame[] {
    const { reader, minMs, maxMs } = this.#parts;
    const removals = this.#parts.removals();
    if (this.#open?.plan === plan && this.#open.removals === removals) return this.#open.frames;
    let frames = reader.open(plan.metas);
    if (frames === undefined) {
      plan.metas = reader.frames(plan.group, minMs, maxMs);
      frames = reader.open(plan.metas) ?? [];
    }
    this.#open = { plan, frames, removals };
    return frames;
  }

  #times(head: Columns | undefined): Float64Array {
    const first = this.#stretches[0]?.times[this.#from[0]!] ?? head!.times[0]!;
    const known = this.#timelines.get(first);
    if (known !== undefined && this.#isSame(known, head)) return known.times;
    if (this.#timelines.size >= timelinesMax) this.#timelines.clear();
    const timeline = { ...this.#partsNow(), times: this.#join(head) };
    this.#timelines.set(first, timeline);
    return timeline.times;
  }

  #partsNow(): Omit<Timeline, 'times'> {
    return { parts: this.#stretches.map(({ times }) => times), from: [...this.#from], to: [...this.#to] };
  }

  /** Whether the series at hand has these times. Where its pieces are those that the times were put together from, nothing is compared. */
  #isSame(known: Timeline, head: Columns | undefined): boolean {
    const { parts, from, to, times } = known;
    let at = 0;
    let knownAt = 0;
    let isOther = parts.length !== this.#stretches.length;
    for (let i = 0; i < this.#stretches.length; i++) {
      const own = this.#stretches[i]!.times;
      const count = this.#to[i]! - this.#from[i]!;
      if (at + count > times.length) return false;
      if (own !== parts[i] || from[i] !== this.#from[i] || to[i] !== this.#to[i] || knownAt !== at) {
        if (!sameRange(own, this.#from[i]!, times, at, count)) return false;
        isOther = true;
      }
      at += count;
      knownAt += to[i]! - from[i]!;
    }
    const rest = times.length - at;
    if (rest !== (head?.times.length ?? 0) || (rest > 0 && !sameRange(head!.times, 0, times, at, rest))) return false;
    if (isOther) Object.assign(known, this.#partsNow());
    return true;
  }

  #join(head: Columns | undefined): Float64Array {
    let count = head?.times.length ?? 0;
    for (let i = 0; i < this.#from.length; i++) count += this.#to[i]! - this.#from[i]!;
    const times = new Float64Array(count);
    let at = 0;
    for (let i = 0; i < this.#from.length; i++) {
      times.set(this.#stretches[i]!.times.subarray(this.#from[i], this.#to[i]), at);
      at += this.#to[i]! - this.#from[i]!;
    }
    if (head !== undefined) times.set(head.times, at);
    return times;
  }

  /** The general case: overlaps, histograms, deletions. */
  #merge(one: Wanted): Columns {
    return (this.#merged ??= this.#mergeNew(one));
  }

  #mergeNew({ ref, slot, plan, head }: Wanted): Columns {
    const { reader, minMs, maxMs } = this.#parts;
    const pieces: Piece[] = reader.pieces(this.#framesOf(plan), slot, minMs, maxMs);
    const sealed = pieces.length === 0 ? undefined : reader.merge(ref, pieces);
    const columns = sealed === undefined ? [] : [sealed];
    // What the head holds was looked for among the sealed samples when it came; the copy may have been sealed meanwhile.
    if (head !== undefined) columns.push(head);
    return columns.length === 0 ? { times: new Float64Array(0), values: new Float64Array(0) } : mergeColumns(columns);
  }
}

/** Whether a frame holds any of these slots. */
function holdsAny(slots: readonly number[]): (frame: FrameMeta) => boolean {
  let [low, high] = [0, 0];
  for (const slot of slots) {
    if (slot < 32) low |= 1 << slot;
    else high |= 1 << (slot - 32);
  }
  return ({ slotsLow, slotsHigh }) => (slotsLow & low) !== 0 || (slotsHigh & high) !== 0;
}

function hasNaN(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! !== values[i]!) return true;
  return false;
}

function sameRange(a: Float64Array, from: number, b: Float64Array, at: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[from + i] !== b[at + i]) return false;
  return true;
}

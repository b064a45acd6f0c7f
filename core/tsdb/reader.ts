import { isCorrupt, type ReadDb } from '#core/db/index.ts';
import { DamageError } from './bytes/bytes.ts';
import { mergeColumns, rangeWithin, type Columns } from './codec/columns.ts';
import type { Tombstones } from './upkeep/deletion.ts';
import { FrameCache } from './frame-cache.ts';
import { openFrame, type Frame, type Stretch } from './codec/frame.ts';
import type { Groups } from './names/groups.ts';
import type { Head, SealedSample } from './head.ts';
import { frameBytes, framesOf, sealedBounds, type FrameMeta } from './sealed.ts';

/** Opened frames kept: about three hours of 10,000 series, or a screen of dashboards over days. */
const cacheBytesMax = 64 << 20;

export interface ReaderParts {
  readonly db: ReadDb;
  readonly groups: Groups;
  readonly tombstones: Tombstones;
  /** Hears of frames that cannot be read (of no frame when the index cannot be); their samples are missing from the answer. */
  readonly onDamage: (frame: FrameMeta | undefined, error: Error) => void;
}

/** A frame with its bytes read and checked. */
export interface OpenFrame {
  readonly meta: FrameMeta;
  readonly frame: Frame;
}

/** Samples [from, to) of a stretch of frame `id`; the head's own come as if from the newest frame. */
interface Piece {
  readonly id: number;
  readonly stretch: Stretch;
  readonly from: number;
  readonly to: number;
}

/** A series and its pieces. */
interface Found {
  readonly ref: number;
  readonly pieces: Piece[];
}

interface KnownTimes {
  times: Float64Array;
}

/** Puts together what the head and the sealed frames hold of a series. */
export class Reader {
  readonly cache = new FrameCache(cacheBytesMax);
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Calls `each` once for every ref that has samples in the range, group by group. The columns are read-only and stay as they are. */
  read(head: Head, refs: Iterable<number>, minMs: number, maxMs: number, each: (ref: number, columns: Columns) => void): void {
    const { groups, tombstones } = this.#parts;
    const known: KnownTimes = { times: new Float64Array(0) };
    for (const [group, members] of this.#byGroup(refs)) {
      const frames = this.#openFor(group, members, minMs, maxMs);
      const plain: Found[] = [];
      const other: Found[] = [];
      for (const ref of members) {
        const pieces = this.#pieces(frames, groups.slotOf(ref), minMs, maxMs);
        const open = head.read(ref, minMs, maxMs);
        if (open !== undefined) pieces.push({ id: Infinity, stretch: new HeadStretch(open), from: 0, to: open.times.length });
        if (pieces.length > 0) (!tombstones.has(ref) && followOn(pieces) ? plain : other).push({ ref, pieces });
      }
      const values = readPlain(plain);
      plain.forEach(({ ref, pieces }, i) => each(ref, { times: (known.times = timesOf(pieces, known.times)), values: values[i]! }));
      for (const { ref, pieces } of other) {
        const columns = this.#merge(ref, pieces);
        if (columns !== undefined) each(ref, columns);
      }
    }
  }

  /** Whether a sealed frame that overlaps the range holds samples of the series. */
  mayHold(ref: number, minMs: number, maxMs: number): boolean {
    const { groups } = this.#parts;
    return this.frames(groups.groupOf(ref), minMs, maxMs).some((frame) => holdsSlot(frame, groups.slotOf(ref)));
  }

  /** The sealed sample of a series at exactly this time. */
  sealedAt(ref: number, timeMs: number): SealedSample | undefined {
    const { groups } = this.#parts;
    const frames = this.#openFor(groups.groupOf(ref), [ref], timeMs, timeMs);
    const pieces = this.#pieces(frames, groups.slotOf(ref), timeMs, timeMs);
    const found = pieces.length === 0 ? undefined : this.#merge(ref, pieces);
    return found === undefined ? undefined : { value: found.values[0]!, histogram: found.histograms?.[0] };
  }

  /** All that the frames hold of a slot, without what tombstones hide; undefined when that is nothing. */
  slot(frames: readonly OpenFrame[], group: number, slot: number): Columns | undefined {
    const pieces = this.#pieces(frames, slot, -Infinity, Infinity);
    return pieces.length === 0 ? undefined : this.#merge(this.#parts.groups.members.get(group)?.[slot], pieces);
  }

  /** Opens frames that are read once, past the cache; those that are gone or damaged, which is told, are left out. */
  openOnce(metas: readonly FrameMeta[]): OpenFrame[] {
    return metas.flatMap((meta) => {
      const frame = this.#guard(meta, () => {
        const bytes = frameBytes(this.#parts.db, meta.id);
        return bytes === undefined ? undefined : openFrame(bytes);
      });
      return frame === undefined ? [] : [{ meta, frame }];
    });
  }

  /** The group's frames that overlap a range; none when the index is damaged, which is told. */
  frames(group: number, minMs: number, maxMs: number): readonly FrameMeta[] {
    return group === 0 ? [] : (this.#guard(undefined, () => framesOf(this.#parts.db, group, minMs, maxMs)) ?? []);
  }

  /** Time of the oldest sealed sample, to the precision of a frame. */
  oldestMs(): number | undefined {
    return this.#guard(undefined, () => sealedBounds(this.#parts.db).minMs);
  }

  #guard<T>(meta: FrameMeta | undefined, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DamageError) && !isCorrupt(error)) throw error;
      this.#parts.onDamage(meta, error as Error);
      return undefined;
    }
  }

  /** The group's frames that overlap a range and hold any of the series, opened. */
  #openFor(group: number, refs: readonly number[], minMs: number, maxMs: number): OpenFrame[] {
    const { groups, db } = this.#parts;
    const wanted = this.frames(group, minMs, maxMs).filter((meta) => refs.some((ref) => holdsSlot(meta, groups.slotOf(ref))));
    return wanted.flatMap((meta) => {
      const frame = this.#guard(meta, () => this.cache.open(meta.id, (id) => frameBytes(db, id)));
      return frame === undefined ? [] : [{ meta, frame }];
    });
  }

  #pieces(frames: readonly OpenFrame[], slot: number, minMs: number, maxMs: number): Piece[] {
    const pieces: Piece[] = [];
    for (const { meta, frame } of frames) {
      for (const stretch of frame.stretches(slot)) {
        const [from, to] = rangeWithin(stretch.times, minMs, maxMs);
        if (from < to) pieces.push({ id: meta.id, stretch, from, to });
      }
    }
    return pieces;
  }

  /** The general case: overlaps, histograms, deletions. Where two frames hold the same time the older frame wins. */
  #merge(ref: number | undefined, pieces: readonly Piece[]): Columns | undefined {
    const { tombstones } = this.#parts;
    const byAge = [...pieces].sort((a, b) => a.id - b.id);
    const left = byAge.flatMap((piece) => {
      const columns = columnsOf(piece);
      return (ref === undefined ? columns : tombstones.applyToFrame(ref, piece.id, columns)) ?? [];
    });
    return left.length === 0 ? undefined : mergeColumns(left);
  }

  #byGroup(refs: Iterable<number>): Map<number, number[]> {
    const { groups } = this.#parts;
    const found = new Map<number, number[]>();
    for (const ref of refs) {
      const group = groups.groupOf(ref);
      const members = found.get(group);
      if (members === undefined) found.set(group, [ref]);
      else members.push(ref);
    }
    return found;
  }
}

/** Whether the pieces are floats and do not overlap; puts them in order of time. */
function followOn(pieces: Piece[]): boolean {
  pieces.sort((a, b) => a.stretch.times[a.from]! - b.stretch.times[b.from]!);
  let lastMs = -Infinity;
  for (const { stretch, from, to } of pieces) {
    if (stretch.times[from]! <= lastMs || stretch.isHistogram) return false;
    lastMs = stretch.times[to - 1]!;
  }
  return true;
}

/**
 * The values of series whose pieces follow one another, views into one buffer. Frame by frame, slots ascending: a column that builds on
 * its neighbour then finds it decoded.
 */
function readPlain(found: readonly Found[]): Float64Array[] {
  const counts = found.map(({ pieces }) => countOf(pieces));
  const buffer = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  const byFrame = new Map<number, { piece: Piece; at: number }[]>();
  const values: Float64Array[] = [];
  let at = 0;
  found.forEach(({ pieces }, i) => {
    values.push(buffer.subarray(at, at + counts[i]!));
    for (const piece of pieces) {
      const reads = byFrame.get(piece.id);
      if (reads === undefined) byFrame.set(piece.id, [{ piece, at }]);
      else reads.push({ piece, at });
      at += piece.to - piece.from;
    }
  });
  for (const reads of byFrame.values()) for (const { piece, at } of reads) piece.stretch.read(piece.from, piece.to, buffer, at);
  return values;
}

function countOf(pieces: readonly Piece[]): number {
  let count = 0;
  for (const { from, to } of pieces) count += to - from;
  return count;
}

/** The times of pieces that follow one another: `known` itself when they are the same, as they are for the series of one target. */
function timesOf(pieces: readonly Piece[], known: Float64Array): Float64Array {
  if (sameTimes(pieces, known)) return known;
  const [first] = pieces;
  const count = countOf(pieces);
  if (pieces.length === 1 && first!.stretch.times.length === count && first!.id !== Infinity) return first!.stretch.times;
  const times = new Float64Array(count);
  let at = 0;
  for (const { stretch, from, to } of pieces) {
    times.set(stretch.times.subarray(from, to), at);
    at += to - from;
  }
  return times;
}

function sameTimes(pieces: readonly Piece[], known: Float64Array): boolean {
  let at = 0;
  for (const { stretch, from, to } of pieces) {
    const { times } = stretch;
    if (at + to - from > known.length) return false;
    if (times === known && at === from) at += to - from;
    else for (let i = from; i < to; i++) if (times[i] !== known[at++]) return false;
  }
  return at === known.length;
}

function columnsOf({ stretch, from, to }: Piece): Columns {
  const values = new Float64Array(to - from);
  stretch.read(from, to, values, 0);
  const columns = { times: stretch.times.subarray(from, to), values };
  return stretch.isHistogram ? { ...columns, histograms: stretch.histograms()!.slice(from, to) } : columns;
}

/** The head's samples of a series, in the shape of a frame's. */
class HeadStretch implements Stretch {
  readonly #columns: Columns;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  get times(): Float64Array {
    return this.#columns.times;
  }

  get isHistogram(): boolean {
    return this.#columns.histograms !== undefined;
  }

  read(from: number, to: number, out: Float64Array, at: number): void {
    out.set(this.#columns.values.subarray(from, to), at);
  }

  histograms(): Columns['histograms'] {
    return this.#columns.histograms;
  }
}

export function holdsSlot(frame: FrameMeta, slot: number): boolean {
  return slot < 32 ? (frame.slotsLow & (1 << slot)) !== 0 : (frame.slotsHigh & (1 << (slot - 32))) !== 0;
}

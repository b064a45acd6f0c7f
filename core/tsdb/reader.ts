import { isCorrupt, type ReadDb } from '#core/db/index.ts';
import { DamageError } from './bytes/bytes.ts';
import { mergeColumns, rangeWithin, type Columns } from './codec/columns.ts';
import type { Tombstones } from './upkeep/deletion.ts';
import { FrameCache } from './frame-cache.ts';
import { FrameIndex } from './frame-index.ts';
import { openFrame } from './codec/frame.ts';
import type { Groups } from './names/groups.ts';
import type { Head, SealedSample } from './head.ts';
import { Scan } from './scan.ts';
import type { OpenFrame, Piece, SealedSource } from './sealed-source.ts';
import { frameBytes, holdsSlot, sealedBounds, type FrameMeta } from './sealed.ts';

/** Opened frames kept: a day of 10,000 series. */
const cacheBytesMax = 128 << 20;

/** Series taken into a scan at a time; a group has no more. About 0.2 ms. */
const turnSeriesMax = 64;

/** Readers made so far. */
let openings = 0;

/** Awaited after some series. */
export type Pause = (series: number) => Promise<void>;

export interface ReaderParts {
  readonly db: ReadDb;
  readonly groups: Groups;
  readonly tombstones: Tombstones;
  /** Hears of frames that cannot be read (of no frame when the index cannot be); their samples are missing from the answer. */
  readonly onDamage: (frame: FrameMeta | undefined, error: Error) => void;
}

/** Puts together what the head and the sealed frames hold of a series. */
export class Reader implements SealedSource {
  readonly cache: FrameCache;
  readonly #parts: ReaderParts;
  readonly #index: FrameIndex;

  readonly #opening = ++openings;

  constructor(parts: ReaderParts, cache = new FrameCache(cacheBytesMax)) {
    this.cache = cache;
    this.#parts = parts;
    this.#index = new FrameIndex(parts.db);
  }

  /** The file that it reads, and a number that no other reader of this process has. */
  get origin(): { readonly path: string; readonly opening: number } {
    return { path: this.#parts.db.path, opening: this.#opening };
  }

  /** The series among `refs` that have samples in the range, to be read one after another. */
  scan(head: Head, refs: Iterable<number>, minMs: number, maxMs: number): Scan {
    const scan = this.#newScan(head, minMs, maxMs);
    for (const [group, members] of this.#byGroup(refs)) scan.add(group, members);
    return scan;
  }

  /** The same, a few series at a time; `pause` hears how many. */
  async scanInTurns(head: Head, refs: Iterable<number>, minMs: number, maxMs: number, pause: Pause): Promise<Scan> {
    const scan = this.#newScan(head, minMs, maxMs);
    for (const [group, members] of this.#byGroup(refs)) {
      for (let from = 0; from < members.length; from += turnSeriesMax) {
        const turn = members.slice(from, from + turnSeriesMax);
        // Series that had no group may have got one since, and their samples may have left the head.
        for (const [now, those] of group === 0 ? this.#byGroup(turn) : [[group, turn] as const]) scan.add(now, those);
        await pause(turn.length);
      }
    }
    return scan;
  }

  #newScan(head: Head, minMs: number, maxMs: number): Scan {
    const { groups, tombstones } = this.#parts;
    const slotOf = (ref: number): number => groups.slotOf(ref);
    const isDeletedFrom = (ref: number): boolean => tombstones.has(ref);
    return new Scan({ reader: this, head, minMs, maxMs, slotOf, isDeletedFrom, removals: () => tombstones.removed });
  }

  /** Calls `each` once for every ref that has samples in the range, group by group. The columns are read-only and stay as they are. */
  read(head: Head, refs: Iterable<number>, minMs: number, maxMs: number, each: (ref: number, columns: Columns) => void): void {
    const scan = this.scan(head, refs, minMs, maxMs);
    scan.refs.forEach((ref, i) => {
      const columns = scan.read(i);
      each(ref, { ...columns, values: columns.values.slice() });
    });
  }

  /** Whether a sealed frame that overlaps the range holds samples of the series. */
  mayHold(ref: number, minMs: number, maxMs: number): boolean {
    const { groups } = this.#parts;
    return this.frames(groups.groupOf(ref), minMs, maxMs).some((frame) => holdsSlot(frame, groups.slotOf(ref)));
  }

  /** The sealed sample of a series at exactly this time. */
  sealedAt(ref: number, timeMs: number): SealedSample | undefined {
    const { groups } = this.#parts;
    const metas = this.frames(groups.groupOf(ref), timeMs, timeMs).filter((meta) => holdsSlot(meta, groups.slotOf(ref)));
    const frames = this.open(metas) ?? [];
    const pieces = this.pieces(frames, groups.slotOf(ref), timeMs, timeMs);
    const found = pieces.length === 0 ? undefined : this.merge(ref, pieces);
    return found === undefined ? undefined : { value: found.values[0]!, histogram: found.histograms?.[0] };
  }

  /** All that the frames hold of a slot, without what tombstones hide; undefined when that is nothing. */
  slot(frames: readonly OpenFrame[], group: number, slot: number): Columns | undefined {
    const pieces = this.pieces(frames, slot, -Infinity, Infinity);
    return pieces.length === 0 ? undefined : this.merge(this.#parts.groups.members.get(group)?.[slot], pieces);
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
    return group === 0 ? [] : (this.#guard(undefined, () => this.#index.frames(group, minMs, maxMs)) ?? []);
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

  /** Frames by what the index tells of them; damaged ones are left out, which is told. Undefined when one is gone: recoded or deleted. */
  open(metas: readonly FrameMeta[]): OpenFrame[] | undefined {
    const opened: OpenFrame[] = [];
    for (const meta of metas) {
      let isGone = false;
      const frame = this.#guard(meta, () => {
        const found = this.cache.open(meta.id, (id) => frameBytes(this.#parts.db, id));
        isGone = found === undefined;
        return found;
      });
      if (isGone) {
        this.#index.forget();
        return undefined;
      }
      if (frame !== undefined) opened.push({ meta, frame });
    }
    return opened;
  }

  /** What frames hold of a slot within a range. */
  pieces(frames: readonly OpenFrame[], slot: number, minMs: number, maxMs: number): Piece[] {
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
  merge(ref: number | undefined, pieces: readonly Piece[]): Columns | undefined {
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

function columnsOf({ stretch, from, to }: Piece): Columns {
  const values = new Float64Array(to - from);
  stretch.read(from, to, values, 0);
  const columns = { times: stretch.times.subarray(from, to), values };
  return stretch.isHistogram ? { ...columns, histograms: stretch.histograms()!.slice(from, to) } : columns;
}

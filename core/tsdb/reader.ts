import type { ReadDb } from '#core/db/index.ts';
import { DamageError } from './bytes.ts';
import { lowerBoundMs, mergeColumns, within, type Columns } from './columns.ts';
import type { Tombstones } from './deletion.ts';
import { FrameCache } from './frame-cache.ts';
import type { Frame } from './frame.ts';
import type { Groups } from './groups.ts';
import type { Head, SealedSample } from './head.ts';
import { frameBytes, framesOf, type FrameMeta } from './sealed.ts';

const cacheBytesMax = 32 << 20;

export interface ReaderParts {
  readonly db: ReadDb;
  readonly groups: Groups;
  readonly tombstones: Tombstones;
  /** Hears of frames that cannot be read; their samples are missing from the answer. */
  readonly onDamage: (frame: FrameMeta, cause: string) => void;
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
    const { db, groups } = this.#parts;
    for (const [group, members] of this.#byGroup(refs)) {
      const frames = group === 0 ? [] : framesOf(db, group, minMs, maxMs);
      for (const ref of members) {
        const pieces = group === 0 ? [] : this.#piecesWithin(frames, group, groups.slotOf(ref), minMs, maxMs);
        const open = head.read(ref, minMs, maxMs);
        if (open !== undefined) pieces.push(open);
        if (pieces.length === 1 && open === undefined) each(ref, pieces[0]!);
        else if (pieces.length > 0) each(ref, mergeColumns(pieces));
      }
    }
  }

  /** Whether a sealed frame that overlaps the range holds samples of the series. */
  mayHold(ref: number, minMs: number, maxMs: number): boolean {
    const { db, groups } = this.#parts;
    const group = groups.groupOf(ref);
    return group !== 0 && framesOf(db, group, minMs, maxMs).some((frame) => holdsSlot(frame, groups.slotOf(ref)));
  }

  /** The sealed sample of a series at exactly this time. */
  sealedAt(ref: number, timeMs: number): SealedSample | undefined {
    const { db, groups } = this.#parts;
    const group = groups.groupOf(ref);
    if (group === 0) return undefined;
    for (const columns of this.#piecesWithin(framesOf(db, group, timeMs, timeMs), group, groups.slotOf(ref), timeMs, timeMs)) {
      const at = lowerBoundMs(columns.times, columns.times.length, timeMs);
      return { value: columns.values[at]!, histogram: columns.histograms?.[at] };
    }
    return undefined;
  }

  /** The opened frame; undefined when it is gone or damaged, which is told. */
  frame(meta: FrameMeta): Frame | undefined {
    return this.#guard(meta, () => this.cache.open(meta.id, (id) => frameBytes(this.#parts.db, id)));
  }

  /** What the frames hold of a slot, deletions applied, older frames first: they win where two hold the same time. */
  pieces(frames: readonly FrameMeta[], group: number, slot: number): Columns[] {
    const { groups, tombstones } = this.#parts;
    const ref = groups.members.get(group)?.[slot];
    const pieces: { id: number; columns: Columns }[] = [];
    for (const meta of frames) {
      const columns = holdsSlot(meta, slot) ? this.#guard(meta, () => this.frame(meta)?.columns(slot)) : undefined;
      const left = columns === undefined || ref === undefined ? columns : tombstones.applyToFrame(ref, meta.id, columns);
      if (left !== undefined) pieces.push({ id: meta.id, columns: left });
    }
    return pieces.sort((a, b) => a.id - b.id).map(({ columns }) => columns);
  }

  #piecesWithin(frames: readonly FrameMeta[], group: number, slot: number, minMs: number, maxMs: number): Columns[] {
    const found: Columns[] = [];
    for (const columns of this.pieces(frames, group, slot)) {
      const part = within(columns, minMs, maxMs);
      if (part !== undefined) found.push(part);
    }
    return found;
  }

  #guard<T>(meta: FrameMeta, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#parts.onDamage(meta, error.message);
      return undefined;
    }
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

export function holdsSlot(frame: FrameMeta, slot: number): boolean {
  return slot < 32 ? (frame.slotsLow & (1 << slot)) !== 0 : (frame.slotsHigh & (1 << (slot - 32))) !== 0;
}

import type { ReadDb } from '#core/db/index.ts';
import { DamageError } from './bytes.ts';
import type { Columns } from './columns.ts';
import { lowerBoundMs, mergeColumns, within } from './columns.ts';
import { FrameCache } from './frame-cache.ts';
import type { Frame } from './frame.ts';
import type { Groups } from './groups.ts';
import type { Head, SealedSample } from './head.ts';
import { frameBytes, framesOf, type FrameMeta } from './sealed.ts';

const cacheBytesMax = 32 << 20;

/** Puts together what the head and the sealed frames hold of a series. */
export class Reader {
  readonly cache = new FrameCache(cacheBytesMax);
  readonly #db: ReadDb;
  readonly #groups: Groups;
  readonly #onDamage: (frame: FrameMeta, cause: string) => void;

  constructor(db: ReadDb, groups: Groups, onDamage: (frame: FrameMeta, cause: string) => void) {
    this.#db = db;
    this.#groups = groups;
    this.#onDamage = onDamage;
  }

  /** Calls `each` once for every ref that has samples in the range, in order of group. The columns are the caller's to keep. */
  read(head: Head, refs: Iterable<number>, minMs: number, maxMs: number, each: (ref: number, columns: Columns) => void): void {
    for (const [group, members] of this.#byGroup(refs)) {
      const frames = group === 0 ? [] : framesOf(this.#db, group, minMs, maxMs);
      for (const ref of members) {
        const pieces = this.#sealedPieces(frames, this.#groups.slotOf(ref), minMs, maxMs);
        const open = head.read(ref, minMs, maxMs);
        if (open !== undefined) pieces.push(open);
        if (pieces.length === 1 && open === undefined) each(ref, pieces[0]!);
        else if (pieces.length > 0) each(ref, mergeColumns(pieces));
      }
    }
  }

  /** Whether a sealed frame that overlaps the range holds samples of the series. */
  mayHold(ref: number, minMs: number, maxMs: number): boolean {
    const group = this.#groups.groupOf(ref);
    return group !== 0 && framesOf(this.#db, group, minMs, maxMs).some((frame) => holdsSlot(frame, this.#groups.slotOf(ref)));
  }

  /** The sealed sample of a series at exactly this time. */
  sealedAt(ref: number, timeMs: number): SealedSample | undefined {
    const group = this.#groups.groupOf(ref);
    if (group === 0) return undefined;
    for (const columns of this.#sealedPieces(framesOf(this.#db, group, timeMs, timeMs), this.#groups.slotOf(ref), timeMs, timeMs)) {
      const at = lowerBoundMs(columns.times, columns.times.length, timeMs);
      return { value: columns.values[at]!, histogram: columns.histograms?.[at] };
    }
    return undefined;
  }

  /** The opened frame; undefined when it is gone or damaged, which is told. */
  frame(meta: FrameMeta): Frame | undefined {
    try {
      return this.cache.open(meta.id, (id) => frameBytes(this.#db, id));
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#onDamage(meta, error.message);
      return undefined;
    }
  }

  #sealedPieces(frames: readonly FrameMeta[], slot: number, minMs: number, maxMs: number): Columns[] {
    const pieces: Columns[] = [];
    for (const meta of frames) {
      const columns = holdsSlot(meta, slot) ? this.#columns(meta, slot) : undefined;
      const part = columns === undefined ? undefined : within(columns, minMs, maxMs);
      if (part !== undefined) pieces.push(part);
    }
    return pieces;
  }

  #columns(meta: FrameMeta, slot: number): Columns | undefined {
    try {
      return this.frame(meta)?.columns(slot);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#onDamage(meta, error.message);
      return undefined;
    }
  }

  #byGroup(refs: Iterable<number>): Map<number, number[]> {
    const found = new Map<number, number[]>();
    for (const ref of refs) {
      const group = this.#groups.groupOf(ref);
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

import { lazyTransaction, type WriteDb } from '#core/db/index.ts';
import { encodeFrame } from './codec/frame.ts';
import type { FrameForm, Member } from './codec/frame-form.ts';
import { encodeRollup, type RollupMember } from './codec/rollup-frame.ts';
import { deleteRollup, insertRollup, totalRollupBytes, type RollupMeta } from './rollup/rows.ts';
import { deleteFrame, insertFrame, lastIds, sealedTotals, type FrameMeta, type Level, type SealedTotals } from './sealed.ts';

/** Where a row of rollups belongs, and which slots have samples that it does not tell of. */
export type RollupPlace = Pick<RollupMeta, 'group' | 'bucketMs' | 'level' | 'startMs' | 'endMs' | 'oddLow' | 'oddHigh'>;

/** What one transaction does to the sealed frames and their rollups. */
export interface FrameChange {
  /** Encodes and inserts a frame; members in order of slot, all within the window that begins at `startMs`. */
  put(group: number, level: Level, form: FrameForm, startMs: number, members: readonly Member[]): void;
  remove(meta: FrameMeta): void;
  /** Encodes and inserts a row of rollups. */
  putRollup(place: RollupPlace, members: readonly RollupMember[]): void;
  removeRollup(meta: RollupMeta): void;
}

/** The tables of sealed frames and rollups: gives out ids and keeps the totals, so that nobody has to count. */
export class Frames {
  readonly #db: WriteDb;
  #lastId: number;
  #totals: SealedTotals;
  #rollupBytes: number;

  constructor(db: WriteDb) {
    this.#db = db;
    this.#lastId = lastIds(db).frame;
    this.#totals = sealedTotals(db);
    this.#rollupBytes = totalRollupBytes(db);
  }

  get totals(): SealedTotals {
    return this.#totals;
  }

  get rollupBytes(): number {
    return this.#rollupBytes;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /**
   * Runs `act` in one transaction; ids and totals stay as they were when it fails. A power cut may take the change back, never a part of
   * it: what was sealed is then still in the log, which is cut only behind a checkpoint; what was recoded, rolled up or dropped is due again.
   */
  change(act: (change: FrameChange) => void): void {
    let { frames, samples, bytes } = this.#totals;
    let lastId = this.#lastId;
    let rollupBytes = this.#rollupBytes;
    const count = (sign: 1 | -1, sampleCount: number, byteCount: number): void => {
      frames += sign;
      samples += sign * sampleCount;
      bytes += sign * byteCount;
    };
    lazyTransaction(this.#db, () => {
      act({
        put: (group, level, form, startMs, members) => {
          const meta = { id: ++lastId, group, ...extent(members) };
          const blob = encodeFrame(form, startMs, members);
          insertFrame(this.#db, level, meta, blob);
          count(1, meta.samples, blob.length);
        },
        remove: (meta) => {
          deleteFrame(this.#db, meta.id);
          count(-1, meta.samples, meta.bytes);
        },
        putRollup: (place, members) => {
          const bytes = encodeRollup(place.startMs, place.bucketMs, members);
          insertRollup(this.#db, { ...place, ...slotsOf(members), id: ++lastId }, bytes);
          rollupBytes += bytes.length;
        },
        removeRollup: (meta) => {
          deleteRollup(this.#db, meta.id);
          rollupBytes -= meta.bytes;
        },
      });
    });
    this.#lastId = lastId;
    this.#totals = { frames, samples, bytes };
    this.#rollupBytes = rollupBytes;
  }
}

function extent(members: readonly Member[]): Pick<FrameMeta, 'minMs' | 'maxMs' | 'samples' | 'slotsLow' | 'slotsHigh'> {
  let [minMs, maxMs, samples] = [Infinity, -Infinity, 0];
  for (const { columns } of members) {
    minMs = Math.min(minMs, columns.times[0]!);
    maxMs = Math.max(maxMs, columns.times.at(-1)!);
    samples += columns.times.length;
  }
  return { minMs, maxMs, samples, ...slotsOf(members) };
}

/** Slots as bits: 0 to 31, and 32 to 63. */
export function slotsOf(members: readonly { readonly slot: number }[]): Pick<FrameMeta, 'slotsLow' | 'slotsHigh'> {
  let [slotsLow, slotsHigh] = [0, 0];
  for (const { slot } of members) {
    if (slot < 32) slotsLow |= 1 << slot;
    else slotsHigh |= 1 << (slot - 32);
  }
  return { slotsLow, slotsHigh };
}

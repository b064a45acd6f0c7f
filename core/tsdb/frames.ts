import { transaction, type WriteDb } from '#core/db/index.ts';
import { encodeFrame, type FrameForm, type Member } from './codec/frame.ts';
import { deleteFrame, insertFrame, lastIds, sealedTotals, type FrameMeta, type Level, type SealedTotals } from './sealed.ts';

/** What one transaction does to the sealed frames. */
export interface FrameChange {
  /** Encodes and inserts a frame; members in order of slot, all within the window that begins at `startMs`. */
  put(group: number, level: Level, form: FrameForm, startMs: number, members: readonly Member[]): void;
  remove(meta: FrameMeta): void;
}

/** The table of sealed frames: gives out ids and keeps the totals, so that nobody has to count. */
export class Frames {
  readonly #db: WriteDb;
  #lastId: number;
  #totals: SealedTotals;

  constructor(db: WriteDb) {
    this.#db = db;
    this.#lastId = lastIds(db).frame;
    this.#totals = sealedTotals(db);
  }

  get totals(): SealedTotals {
    return this.#totals;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Runs `act` in one transaction; ids and totals stay as they were when it fails. */
  change(act: (change: FrameChange) => void): void {
    let { frames, samples, bytes } = this.#totals;
    let lastId = this.#lastId;
    const count = (sign: 1 | -1, sampleCount: number, byteCount: number): void => {
      frames += sign;
      samples += sign * sampleCount;
      bytes += sign * byteCount;
    };
    transaction(this.#db, () => {
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
      });
    });
    this.#lastId = lastId;
    this.#totals = { frames, samples, bytes };
  }
}

function extent(members: readonly Member[]): Pick<FrameMeta, 'minMs' | 'maxMs' | 'samples' | 'slotsLow' | 'slotsHigh'> {
  let [minMs, maxMs, samples, slotsLow, slotsHigh] = [Infinity, -Infinity, 0, 0, 0];
  for (const { slot, columns } of members) {
    minMs = Math.min(minMs, columns.times[0]!);
    maxMs = Math.max(maxMs, columns.times.at(-1)!);
    samples += columns.times.length;
    if (slot < 32) slotsLow |= 1 << slot;
    else slotsHigh |= 1 << (slot - 32);
  }
  return { minMs, maxMs, samples, slotsLow, slotsHigh };
}

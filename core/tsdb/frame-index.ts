import { sql, type ReadDb } from '#core/db/index.ts';
import { framesOf, type FrameMeta } from './sealed.ts';

/** Rows held at most: a week of 250,000 series. Of 150 bytes or so each. */
const heldMax = 400_000;

interface Known {
  readonly minMs: number;
  readonly maxMs: number;
  /** All that overlap the range. */
  readonly metas: readonly FrameMeta[];
}

/** What the index tells of the frames of each group, read once as long as the database stays as it is. */
export class FrameIndex {
  readonly #db: ReadDb;
  readonly #byGroup = new Map<number, Known>();
  #changes = -1;
  #held = 0;

  constructor(db: ReadDb) {
    this.#db = db;
  }

  /** The frames of a group that overlap a range, in order of their last sample. */
  frames(group: number, minMs: number, maxMs: number): readonly FrameMeta[] {
    this.#followChanges();
    const known = this.#byGroup.get(group);
    if (known !== undefined && known.minMs <= minMs && known.maxMs >= maxMs)
      return known.metas.filter((meta) => meta.maxMs >= minMs && meta.minMs <= maxMs);
    const metas = framesOf(this.#db, group, minMs, maxMs);
    if (this.#held + metas.length > heldMax) this.forget();
    this.#byGroup.set(group, { minMs, maxMs, metas });
    this.#held += metas.length;
    return metas;
  }

  /** For when a frame is not where the index says: another process has changed it. */
  forget(): void {
    this.#byGroup.clear();
    this.#held = 0;
  }

  /** Rows that this connection has changed so far; the writer of a store has one connection. */
  #followChanges(): void {
    const { changes } = sql(this.#db, 'select total_changes() as changes').get() as { changes: number };
    if (changes !== this.#changes) this.forget();
    this.#changes = changes;
  }
}

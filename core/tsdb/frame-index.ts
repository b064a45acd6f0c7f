import { sql, type ReadDb } from '#core/db/index.ts';
import { framesOf, type FrameMeta } from './sealed.ts';

/** Rows held at most: a week of 250,000 series. Of 150 bytes or so each. */
const heldMax = 400_000;

/** What the index tells of the frames of each group, read once as long as the database stays as it is. */
export class FrameIndex {
  readonly #db: ReadDb;
  readonly #byGroup = new Map<number, readonly FrameMeta[]>();
  #changes = -1;
  #held = 0;

  constructor(db: ReadDb) {
    this.#db = db;
  }

  /** The frames of a group that overlap a range, in order of their last sample. */
  frames(group: number, minMs: number, maxMs: number): readonly FrameMeta[] {
    this.#followChanges();
    let all = this.#byGroup.get(group);
    if (all === undefined) {
      all = framesOf(this.#db, group, -Infinity, Infinity);
      if (this.#held + all.length > heldMax) this.forget();
      this.#byGroup.set(group, all);
      this.#held += all.length;
    }
    return all.filter((meta) => meta.maxMs >= minMs && meta.minMs <= maxMs);
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

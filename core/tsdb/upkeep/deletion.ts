import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { without, type Columns } from '../codec/columns.ts';
import { outside, type Buckets } from '../rollup/buckets.ts';

/** A deleted range of one series. It hides what was there when it was made: frames up to `frameMax`, commits up to `lsn`. */
export interface Tombstone {
  readonly id: number;
  readonly ref: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly frameMax: number;
  readonly lsn: number;
}

/** The deletions that sealed data or the log may still hold samples of. */
export class Tombstones {
  readonly #byRef = new Map<number, Tombstone[]>();
  /** Ids of those that no frame has anything to hide from any more. */
  readonly applied = new Set<number>();
  /** How many were removed so far: frames opened before one was may still hold what it hid. */
  removed = 0;
  #size = 0;

  constructor(all: Iterable<Tombstone> = []) {
    for (const one of all) this.add(one);
  }

  get size(): number {
    return this.#size;
  }

  has(ref: number): boolean {
    return this.#byRef.has(ref);
  }

  add(tombstone: Tombstone): void {
    const known = this.#byRef.get(tombstone.ref);
    if (known === undefined) this.#byRef.set(tombstone.ref, [tombstone]);
    else known.push(tombstone);
    this.#size++;
  }

  remove(tombstone: Tombstone): void {
    const left = this.#byRef.get(tombstone.ref)!.filter((one) => one.id !== tombstone.id);
    if (left.length === 0) this.#byRef.delete(tombstone.ref);
    else this.#byRef.set(tombstone.ref, left);
    this.applied.delete(tombstone.id);
    this.removed++;
    this.#size--;
  }

  all(): Tombstone[] {
    return [...this.#byRef.values()].flat();
  }

  /** What is left of a frame's samples of a series; undefined when nothing is. */
  applyToFrame(ref: number, frame: number, columns: Columns): Columns | undefined {
    if (this.#size === 0) return columns;
    const due = this.#byRef.get(ref)?.filter((one) => frame <= one.frameMax) ?? [];
    return due.reduce<Columns | undefined>((left, { minMs, maxMs }) => (left === undefined ? left : without(left, minMs, maxMs)), columns);
  }

  /** Whether any of a series' samples in minMs <= time <= maxMs were deleted after rollup `row` was made. */
  hides(ref: number, row: number, minMs: number, maxMs: number): boolean {
    if (this.#size === 0) return false;
    return this.#byRef.get(ref)?.some((one) => row <= one.frameMax && one.minMs <= maxMs && one.maxMs >= minMs) ?? false;
  }

  /** What is left of a rollup's buckets of a series where no samples are left to fold anew: a bucket goes whole when any of it was deleted. */
  applyToBuckets(ref: number, row: number, buckets: Buckets, bucketMs: number): Buckets {
    if (this.#size === 0) return buckets;
    const due = this.#byRef.get(ref)?.filter((one) => row <= one.frameMax) ?? [];
    return due.reduce((left, { minMs, maxMs }) => outside(left, bucketMs, minMs, maxMs), buckets);
  }

  hidesCommit(ref: number, timeMs: number, lsn: number): boolean {
    if (this.#size === 0) return false;
    return this.#byRef.get(ref)?.some((one) => lsn <= one.lsn && timeMs >= one.minMs && timeMs <= one.maxMs) ?? false;
  }
}

export function allTombstones(db: ReadDb): Tombstone[] {
  return sql(db, 'select id, ref, min_ms as minMs, max_ms as maxMs, frame_max as frameMax, lsn from tombstone').all() as Tombstone[];
}

export function insertTombstone(db: WriteDb, one: Omit<Tombstone, 'id'>): Tombstone {
  const done = sql(db, 'insert into tombstone (ref, min_ms, max_ms, frame_max, lsn) values (?, ?, ?, ?, ?)').run(
    one.ref,
    one.minMs,
    one.maxMs,
    one.frameMax,
    one.lsn,
  );
  return { ...one, id: Number(done.lastInsertRowid) };
}

export function deleteTombstone(db: WriteDb, id: number): void {
  sql(db, 'delete from tombstone where id = ?').run(id);
}

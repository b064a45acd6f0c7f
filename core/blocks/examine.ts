import { closeDb, openReadDb, quickCheck, sql, type ReadDb } from '#core/db/index.ts';
import { messageOf } from '#core/model/index.ts';
import { DamageError, unwrapBlob } from './blob.ts';

export interface BlobReport {
  /** What is damaged now, a sentence each; empty when every checksum holds. */
  readonly damage: readonly string[];
  /** What was found damaged before and is in the quarantine. */
  readonly quarantined: readonly string[];
  /** Blobs that are as they were written. */
  readonly wholeCount: number;
}

/** Checks the structure of a store's database and the checksum of every blob in it, and changes nothing. `parts` is the table of its blocks' blobs. */
export function examineBlobs(path: string, parts: 'block_part' | 'block_column'): BlobReport {
  let db: ReadDb | undefined;
  const damage: string[] = [];
  try {
    db = openReadDb(path);
    damage.push(...quickCheck(db));
    const appends = wholeOf(db, 'select id, bytes from head order by id', 'append', damage);
    const blobs = wholeOf(db, `select 'block ' || block || ', ' || name as id, bytes from ${parts} order by block, name`, '', damage);
    const set = sql(db, 'select what, cause from quarantine order by id').all() as { what: string; cause: string }[];
    return { damage, quarantined: set.map(({ what, cause }) => `${what}: ${cause}`), wholeCount: appends + blobs };
  } catch (error) {
    return { damage: [...damage, messageOf(error)], quarantined: [], wholeCount: 0 };
  } finally {
    if (db !== undefined) closeDb(db);
  }
}

/** How many rows' bytes are whole. */
function wholeOf(db: ReadDb, query: string, what: string, damage: string[]): number {
  let count = 0;
  for (const { id, bytes } of sql(db, query).iterate() as IterableIterator<{ id: number | string; bytes: Buffer }>) {
    try {
      unwrapBlob(bytes);
      count++;
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      damage.push(`${what} ${id}: ${error.message}`.trim());
    }
  }
  return count;
}

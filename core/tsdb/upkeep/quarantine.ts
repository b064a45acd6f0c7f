import { copyFileSync, existsSync, linkSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sql, transaction, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { windowMs } from '../codec/frame.ts';
import { addDue, type RollupMeta } from '../rollup/rows.ts';
import { deleteGroup, type FrameMeta } from '../sealed.ts';
import type { WalDamage } from '../log/wal-frame.ts';

/** Something on disk that did not say what it must. It was set aside, not deleted; what it held is missing from answers. */
export interface Damage {
  readonly what: 'frame' | 'rollup' | 'series group' | 'log' | 'database';
  /** Time range of the missing samples, where it is known. */
  readonly minMs: number | undefined;
  readonly maxMs: number | undefined;
  readonly cause: string;
}

/** Copies a frame that cannot be read to the quarantine; the caller removes it, in the same transaction. */
export function quarantineFrame(db: WriteDb, meta: FrameMeta, cause: string, foundMs: number): void {
  sql(
    db,
    `insert into quarantine (what, group_id, min_ms, max_ms, cause, found_ms, bytes)
     select 'frame', group_id, min_ms, max_ms, ?, ?, bytes from frame where id = ?`,
  ).run(cause, foundMs, meta.id);
}

/** Copies a row of rollups that cannot be read, and marks its windows as due; the caller removes it, in the same transaction. */
export function quarantineRollup(db: WriteDb, { id, group, startMs, endMs }: RollupMeta, cause: string, foundMs: number): void {
  sql(
    db,
    `insert into quarantine (what, group_id, min_ms, max_ms, cause, found_ms, bytes)
     select 'rollup', group_id, start_ms, end_ms, ?, ?, bytes from rollup where id = ?`,
  ).run(cause, foundMs, id);
  for (let dueMs = startMs; dueMs < endMs; dueMs += windowMs) addDue(db, { group, startMs: dueMs });
}

/** Moves a group whose members cannot be read, and leaves its frames: they are of use again if the members are found. */
export function quarantineGroup(db: WriteDb, id: number, cause: string, foundMs: number): Damage {
  return transaction(db, () => {
    const bounds = sql(db, 'select min(min_ms) as minMs, max(max_ms) as maxMs from frame where group_id = ?').get(id) as {
      minMs: number | null;
      maxMs: number | null;
    };
    sql(
      db,
      `insert into quarantine (what, group_id, min_ms, max_ms, cause, found_ms, bytes)
       select 'series group', id, ?, ?, ?, ?, members from series_group where id = ?`,
    ).run(bounds.minMs, bounds.maxMs, cause, foundMs, id);
    deleteGroup(db, id);
    return { what: 'series group', minMs: bounds.minMs ?? undefined, maxMs: bounds.maxMs ?? undefined, cause };
  });
}

export function quarantined(db: ReadDb): Damage[] {
  const rows = sql(db, 'select what, min_ms as minMs, max_ms as maxMs, cause from quarantine order by id').all() as {
    what: Damage['what'];
    minMs: number | null;
    maxMs: number | null;
    cause: string;
  }[];
  return rows.map(({ what, minMs, maxMs, cause }) => ({ what, minMs: minMs ?? undefined, maxMs: maxMs ?? undefined, cause }));
}

/** Keeps a segment with bytes that are no frames, under a second name, since the first goes when its good frames are sealed. */
export function quarantineSegment(folder: string, { path, from, to, cause }: WalDamage): Damage {
  const target = join(folder, 'quarantine', basename(path));
  mkdirSync(join(folder, 'quarantine'), { recursive: true, mode: 0o700 });
  if (!existsSync(target)) keep(path, target);
  return { what: 'log', minMs: undefined, maxMs: undefined, cause: `${basename(path)}, bytes ${from} to ${to}: ${cause}` };
}

/** A link needs nothing read from a disk that fails; where the file system has none, a copy. */
function keep(path: string, target: string): void {
  try {
    linkSync(path, target);
  } catch {
    copyFileSync(path, target);
  }
}

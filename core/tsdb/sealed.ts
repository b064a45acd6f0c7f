/** The SQL of sealed samples: functions over a handle, one statement each. Tables: core/db/migrations/0001-metrics.ts. */
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { hasRollups } from './rollup/rows.ts';

/** What the index tells of a sealed frame, without its bytes. */
export interface FrameMeta {
  /** Grows with time, and over restarts; so of two frames the larger id was sealed later. */
  readonly id: number;
  readonly group: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Which slots of the group it holds: bits 0 to 31, and 32 to 63. */
  readonly slotsLow: number;
  readonly slotsHigh: number;
  readonly samples: number;
  readonly bytes: number;
}

export function holdsSlot(frame: FrameMeta, slot: number): boolean {
  return slot < 32 ? (frame.slotsLow & (1 << slot)) !== 0 : (frame.slotsHigh & (1 << (slot - 32))) !== 0;
}

/** 0: fresh from the head; 1: recoded. */
export type Level = 0 | 1;

const metaColumns =
  'id, group_id as "group", min_ms as minMs, max_ms as maxMs, slots_low as slotsLow, slots_high as slotsHigh, samples, size as bytes';

/** The frames of a group that overlap a range, in order of their last sample. */
export function framesOf(db: ReadDb, group: number, minMs: number, maxMs: number): readonly FrameMeta[] {
  return sql(
    db,
    `select ${metaColumns} from frame indexed by frame_by_group where group_id = ? and max_ms >= ? and min_ms <= ? order by max_ms, id`,
  ).all(group, sqlMs(minMs), sqlMs(maxMs)) as FrameMeta[];
}

/** Every frame, a few at a time: those after `id`. */
export function framesAfter(db: ReadDb, id: number, limit: number): readonly FrameMeta[] {
  return sql(db, `select ${metaColumns} from frame where id > ? order by id limit ?`).all(id, limit) as FrameMeta[];
}

export function frameBytes(db: ReadDb, id: number): Uint8Array | undefined {
  const row = sql(db, 'select bytes from frame where id = ?').get(id) as { bytes: Uint8Array } | undefined;
  return row?.bytes;
}

/** Only Frames calls it, which keeps the totals. */
export function insertFrame(db: WriteDb, level: Level, frame: Omit<FrameMeta, 'bytes'>, bytes: Uint8Array): void {
  const { id, group, minMs, maxMs, slotsLow, slotsHigh, samples } = frame;
  sql(
    db,
    'insert into frame (id, group_id, level, min_ms, max_ms, slots_low, slots_high, samples, size, bytes) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(id, group, level, minMs, maxMs, slotsLow, slotsHigh, samples, bytes.length, bytes);
}

export function deleteFrame(db: WriteDb, id: number): void {
  sql(db, 'delete from frame where id = ?').run(id);
}

/** The largest ids of frames (rollups take theirs from the same count) and of groups that anything still refers to. */
export function lastIds(db: ReadDb): { readonly frame: number; readonly group: number } {
  return sql(
    db,
    `select max(coalesce((select max(id) from frame), 0), coalesce((select max(frame_max) from tombstone), 0),
         ${hasRollups(db) ? 'coalesce((select max(id) from rollup), 0)' : '0'}) as frame,
       max(coalesce((select max(id) from series_group), 0), coalesce((select max(group_id) from frame), 0)) as "group"`,
  ).get() as { frame: number; group: number };
}

/** The fresh frame that ended first, if that was before `endMs`. */
export function oldestFresh(db: ReadDb, endMs: number): { readonly group: number; readonly minMs: number } | undefined {
  return sql(
    db,
    `select group_id as "group", min_ms as minMs from frame
     where id = (select id from frame indexed by frame_by_age where level = 0 and max_ms < ? order by max_ms limit 1)`,
  ).get(sqlMs(endMs)) as { group: number; minMs: number } | undefined;
}

/** Frames that ended before `endMs`, oldest first. */
export function framesBefore(db: ReadDb, endMs: number, limit: number): readonly FrameMeta[] {
  return sql(
    db,
    `select ${metaColumns} from frame where id in (
       select id from (select id, max_ms from frame indexed by frame_by_age where level = 0 and max_ms < :end order by max_ms limit :limit)
       union all
       select id from (select id, max_ms from frame indexed by frame_by_age where level = 1 and max_ms < :end order by max_ms limit :limit)
     ) order by max_ms limit :limit`,
  ).all({ end: sqlMs(endMs), limit }) as FrameMeta[];
}

/** Infinity is no integer for SQLite. */
function sqlMs(timeMs: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timeMs));
}

export interface SealedTotals {
  readonly frames: number;
  readonly samples: number;
  readonly bytes: number;
}

/** Sums over the whole index: about 10 ms for 100,000 frames. */
export function sealedTotals(db: ReadDb): SealedTotals {
  return sql(
    db,
    'select count(*) as frames, total(samples) as samples, total(size) as bytes from frame indexed by frame_by_group',
  ).get() as SealedTotals;
}

/** Times of the oldest and the newest sealed sample; the first to the precision of a frame. */
export function sealedBounds(db: ReadDb): { readonly minMs: number | undefined; readonly maxMs: number | undefined } {
  const row = sql(
    db,
    `select (select max(max_ms) from frame indexed by frame_by_age where level = 0) as fresh,
       (select max(max_ms) from frame indexed by frame_by_age where level = 1) as recoded`,
  ).get() as { fresh: number | null; recoded: number | null };
  const newest = Math.max(row.fresh ?? -Infinity, row.recoded ?? -Infinity);
  return { minMs: framesBefore(db, Infinity, 1)[0]?.minMs, maxMs: newest === -Infinity ? undefined : newest };
}

export interface GroupRow {
  readonly id: number;
  readonly members: Uint8Array;
  /** Commits up to this one are sealed. */
  readonly sealedLsn: number;
  /** Time of the group's newest sealed sample; null when it has none. */
  readonly maxMs: number | null;
}

export function groupRows(db: ReadDb): Iterable<GroupRow> {
  return sql(
    db,
    `select id, members, coalesce((select lsn from sealed where group_id = id), 0) as sealedLsn,
       (select max(max_ms) from frame where group_id = series_group.id) as maxMs
     from series_group order by id`,
  ).iterate() as Iterable<GroupRow>;
}

export function putGroup(db: WriteDb, id: number, members: Uint8Array): void {
  sql(db, 'insert into series_group (id, members) values (?, ?) on conflict (id) do update set members = excluded.members').run(id, members);
}

export function deleteGroup(db: WriteDb, id: number): void {
  sql(db, 'delete from series_group where id = ?').run(id);
  sql(db, 'delete from sealed where group_id = ?').run(id);
}

export function setSealed(db: WriteDb, group: number, lsn: number): void {
  sql(db, 'insert into sealed (group_id, lsn) values (?, ?) on conflict (group_id) do update set lsn = excluded.lsn').run(group, lsn);
}

export function maxSealedLsn(db: ReadDb): number {
  const row = sql(db, 'select coalesce(max(lsn), 0) as lsn from sealed').get() as { lsn: number };
  return row.lsn;
}

/** Gives up to `pages` free pages back to the file system; false when there are none. */
export function releasePages(db: WriteDb, pages: number): boolean {
  if ((db.connection.pragma('freelist_count', { simple: true }) as number) === 0) return false;
  db.connection.pragma(`incremental_vacuum(${pages})`);
  return true;
}

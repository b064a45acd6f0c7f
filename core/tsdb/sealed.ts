import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';

/** What the index tells of a sealed frame, without its bytes. */
export interface FrameMeta {
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

const metaColumns =
  'id, group_id as "group", min_ms as minMs, max_ms as maxMs, slots_low as slotsLow, slots_high as slotsHigh, samples, size as bytes';

export function framesOf(db: ReadDb, group: number, minMs: number, maxMs: number): readonly FrameMeta[] {
  return sql(
    db,
    `select ${metaColumns} from frame indexed by frame_by_group where group_id = ? and max_ms >= ? and min_ms <= ? order by max_ms, id`,
  ).all(group, sqlMs(minMs), sqlMs(maxMs)) as FrameMeta[];
}

export function frameBytes(db: ReadDb, id: number): Uint8Array | undefined {
  const row = sql(db, 'select bytes from frame where id = ?').get(id) as { bytes: Uint8Array } | undefined;
  return row?.bytes;
}

export function insertFrame(db: WriteDb, frame: Omit<FrameMeta, 'id' | 'bytes'>, bytes: Uint8Array): void {
  sql(db, 'insert into frame (group_id, min_ms, max_ms, slots_low, slots_high, samples, size, bytes) values (?, ?, ?, ?, ?, ?, ?, ?)').run(
    frame.group,
    frame.minMs,
    frame.maxMs,
    frame.slotsLow,
    frame.slotsHigh,
    frame.samples,
    bytes.length,
    bytes,
  );
}

/** Infinity is no integer for SQLite. */
function sqlMs(timeMs: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timeMs));
}

export interface SealedTotals {
  readonly frames: number;
  readonly samples: number;
  readonly bytes: number;
  readonly minMs: number | null;
  readonly maxMs: number | null;
}

export function sealedTotals(db: ReadDb): SealedTotals {
  return sql(
    db,
    'select count(*) as frames, total(samples) as samples, total(size) as bytes, min(min_ms) as minMs, max(max_ms) as maxMs from frame',
  ).get() as SealedTotals;
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

export function setSealed(db: WriteDb, group: number, lsn: number): void {
  sql(db, 'insert into sealed (group_id, lsn) values (?, ?) on conflict (group_id) do update set lsn = excluded.lsn').run(group, lsn);
}

export function maxSealedLsn(db: ReadDb): number {
  const row = sql(db, 'select coalesce(max(lsn), 0) as lsn from sealed').get() as { lsn: number };
  return row.lsn;
}

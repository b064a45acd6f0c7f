/** The SQL of rollups: functions over a handle, one statement each. Tables: core/db/migrations/0007-rollups.ts. */
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { DurationMs, UnixMs } from '#core/model/index.ts';

/** What the index tells of a row of rollups, without its bytes. It tells of startMs < time <= endMs. */
export interface RollupMeta {
  readonly id: number;
  readonly group: number;
  readonly bucketMs: DurationMs;
  /** 0: one window, made last; 1: merged. */
  readonly level: 0 | 1;
  readonly startMs: UnixMs;
  readonly endMs: UnixMs;
  readonly slotsLow: number;
  readonly slotsHigh: number;
  /** Slots with samples that no bucket tells of. */
  readonly oddLow: number;
  readonly oddHigh: number;
  readonly bytes: number;
}

/** Whether a row has buckets of a slot. */
export function tellsOf({ slotsLow, slotsHigh }: Pick<RollupMeta, 'slotsLow' | 'slotsHigh'>, slot: number): boolean {
  return slot < 32 ? (slotsLow & (1 << slot)) !== 0 : (slotsHigh & (1 << (slot - 32))) !== 0;
}

const columns = `id, group_id as "group", bucket_ms as bucketMs, level, start_ms as startMs, end_ms as endMs, slots_low as slotsLow,
  slots_high as slotsHigh, odd_low as oddLow, odd_high as oddHigh, size as bytes`;

/** The rows of a group that tell of any time in fromMs < time <= toMs, those merged first: of two that tell of a window the later in this order holds. */
export function rollupsOf(db: ReadDb, group: number, bucketMs: number, fromMs: number, toMs: number): readonly RollupMeta[] {
  return sql(
    db,
    `select ${columns} from rollup indexed by rollup_by_group
     where group_id = ? and bucket_ms = ? and end_ms > ? and start_ms < ? order by level desc, id`,
  ).all(group, bucketMs, whole(fromMs), whole(toMs)) as RollupMeta[];
}

/** Whether any row of this bucket length tells of a time after `fromMs`. */
export function hasRollupAfter(db: ReadDb, bucketMs: number, fromMs: number): boolean {
  const row = sql(
    db,
    `select exists (select 1 from rollup indexed by rollup_by_age where bucket_ms = :bucket and level = 0 and end_ms > :from)
       or exists (select 1 from rollup indexed by rollup_by_age where bucket_ms = :bucket and level = 1 and end_ms > :from) as is_there`,
  ).get({ bucket: bucketMs, from: whole(fromMs) }) as { is_there: number };
  return row.is_there === 1;
}

/** The oldest rows of a level that end at `endMs` or before. */
export function rollupsBefore(db: ReadDb, bucketMs: number, level: 0 | 1, endMs: number, limit: number): readonly RollupMeta[] {
  return sql(
    db,
    `select ${columns} from rollup where id in (
       select id from rollup indexed by rollup_by_age where bucket_ms = ? and level = ? and end_ms <= ? order by end_ms limit ?
     ) order by end_ms`,
  ).all(bucketMs, level, whole(endMs), limit) as RollupMeta[];
}

/** Every row, a few at a time: those after `id`. */
export function rollupsAfter(db: ReadDb, id: number, limit: number): readonly RollupMeta[] {
  return sql(db, `select ${columns} from rollup where id > ? order by id limit ?`).all(id, limit) as RollupMeta[];
}

export function rollupBytes(db: ReadDb, id: number): Uint8Array | undefined {
  const row = sql(db, 'select bytes from rollup where id = ?').get(id) as { bytes: Uint8Array } | undefined;
  return row?.bytes;
}

/** Only Frames calls it, which gives out ids and keeps the totals. */
export function insertRollup(db: WriteDb, row: Omit<RollupMeta, 'bytes'>, bytes: Uint8Array): void {
  const { id, group, bucketMs, level, startMs, endMs, slotsLow, slotsHigh, oddLow, oddHigh } = row;
  sql(
    db,
    `insert into rollup (id, group_id, bucket_ms, level, start_ms, end_ms, slots_low, slots_high, odd_low, odd_high, size, bytes)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(id, group, bucketMs, level, startMs, endMs, slotsLow, slotsHigh, oddLow, oddHigh, bytes.length, bytes);
}

export function deleteRollup(db: WriteDb, id: number): void {
  sql(db, 'delete from rollup where id = ?').run(id);
}

/** Bytes of all rollups: about 10 ms for 100,000 rows. */
export function totalRollupBytes(db: ReadDb): number {
  return (sql(db, 'select total(size) as bytes from rollup indexed by rollup_by_group').get() as { bytes: number }).bytes;
}

/** A window whose rollups are missing or out of date. */
export interface DueWindow {
  readonly startMs: UnixMs;
  readonly group: number;
}

export function addDue(db: WriteDb, { startMs, group }: DueWindow): void {
  sql(db, 'insert or ignore into rollup_due (start_ms, group_id) values (?, ?)').run(startMs, group);
}

export function removeDue(db: WriteDb, { startMs, group }: DueWindow): void {
  sql(db, 'delete from rollup_due where start_ms = ? and group_id = ?').run(startMs, group);
}

/** The due window that begins first, at `startMaxMs` at the latest. */
export function firstDue(db: ReadDb, startMaxMs: number): DueWindow | undefined {
  return sql(db, 'select start_ms as startMs, group_id as "group" from rollup_due where start_ms <= ? order by start_ms, group_id limit 1').get(
    whole(startMaxMs),
  ) as DueWindow | undefined;
}

/** Starts of a group's due windows, from `fromMs` on and before `toMs`. */
export function dueOf(db: ReadDb, group: number, fromMs: number, toMs: number): readonly number[] {
  const rows = sql(
    db,
    'select start_ms as startMs from rollup_due indexed by rollup_due_by_group where group_id = ? and start_ms >= ? and start_ms < ? order by start_ms',
  ).all(group, whole(fromMs), whole(toMs)) as { startMs: number }[];
  return rows.map(({ startMs }) => startMs);
}

/** Every window of sealed samples is due, for when it is not known which rollups were lost. */
export function addAllDue(db: WriteDb): void {
  sql(
    db,
    `insert or ignore into rollup_due (start_ms, group_id)
     select min_ms - ((min_ms % 7200000) + 7200000) % 7200000, group_id from frame indexed by frame_by_group`,
  ).run();
}

/** Raw samples before it have gone by age or size; -Infinity when none have. */
export function rawFloor(db: ReadDb): UnixMs {
  const row = sql(db, 'select from_ms as fromMs from raw_floor').get() as { fromMs: number } | undefined;
  return row?.fromMs ?? -Infinity;
}

export function setRawFloor(db: WriteDb, fromMs: UnixMs): void {
  sql(db, 'insert into raw_floor (one, from_ms) values (1, ?) on conflict (one) do update set from_ms = excluded.from_ms').run(fromMs);
}

/** False in a database of an earlier form that is only read. */
export function hasRollups(db: ReadDb): boolean {
  return sql(db, "select 1 from sqlite_schema where type = 'table' and name = 'rollup'").get() !== undefined;
}

/** Infinity is no integer for SQLite. */
function whole(timeMs: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timeMs));
}

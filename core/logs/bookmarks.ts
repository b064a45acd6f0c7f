import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { EngineError, logLevels, type LogRecord, type UnixMs } from '#core/model/index.ts';
import type { LogBookmark } from './types.ts';

const bookmarksMax = 10_000;

/** Marks a line. Throws EngineError `limit` when there are too many bookmarks. */
export function addBookmark(db: WriteDb, record: LogRecord, note: string, person: string, madeMs: UnixMs): number {
  const count = sql(db, 'select count(*) from bookmark').pluck().get() as number;
  if (count >= bookmarksMax) throw new EngineError('limit', `there are ${bookmarksMax} bookmarks, the most there can be; remove some`);
  const { lastInsertRowid } = sql(db, 'insert into bookmark (time_ns, labels, line, level, note, person, made_ms) values (?, ?, ?, ?, ?, ?, ?)').run(
    record.timeNs,
    JSON.stringify(record.labels),
    record.line,
    record.level,
    note,
    person,
    madeMs,
  );
  return Number(lastInsertRowid);
}

/** Throws EngineError `not-found`. */
export function noteBookmark(db: WriteDb, id: number, note: string): void {
  if (sql(db, 'update bookmark set note = ? where id = ?').run(note, id).changes === 0)
    throw new EngineError('not-found', `there is no bookmark ${id}`);
}

export function removeBookmark(db: WriteDb, id: number): void {
  sql(db, 'delete from bookmark where id = ?').run(id);
}

/** All bookmarks, by time. */
export function listBookmarks(db: ReadDb): LogBookmark[] {
  const rows = sql(db, 'select id, time_ns, labels, line, level, note, person, made_ms from bookmark order by time_ns, id').safeIntegers().all() as {
    id: bigint;
    time_ns: bigint;
    labels: string;
    line: string;
    level: string;
    note: string;
    person: string;
    made_ms: bigint;
  }[];
  return rows.map(({ id, time_ns: timeNs, labels, level, made_ms: madeMs, ...rest }) => ({
    ...rest,
    id: Number(id),
    timeNs,
    labels: JSON.parse(labels) as string[],
    level: logLevels.find((one) => one === level) ?? 'unknown',
    madeMs: Number(madeMs),
  }));
}

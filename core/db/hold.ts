import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { EngineError, formatTime, type UnixMs } from '#core/model/index.ts';
import { isCorrupt } from './open.ts';

/** Not named as a store, so that no copy of the stores takes it along. */
const fileName = 'in-use.lock';

export interface HeldFolder {
  release(): void;
}

/**
 * Takes the folder of a dataset for this process, so that no second engine writes it. SQLite's lock on a small file does it: the operating
 * system lets go of it when the process ends, however it ends, so that nothing of a dead one is in the way. Throws EngineError `conflict`,
 * which says who has the folder.
 */
export function holdFolder(folder: string, nowMs: UnixMs): HeldFolder {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, fileName);
  try {
    return hold(path, folder, nowMs);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    rmSync(path, { force: true }); // It holds nothing but the lock itself.
    return hold(path, folder, nowMs);
  }
}

function hold(path: string, folder: string, nowMs: UnixMs): HeldFolder {
  const connection = new Database(path, { timeout: 0 });
  try {
    connection.pragma('journal_mode = DELETE');
    connection.exec(
      'create table if not exists holder (one integer primary key check (one = 1), pid integer not null, since_ms integer not null) strict',
    );
    do take(connection, nowMs);
    while (!isOwn(connection));
  } catch (error) {
    const isBusy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
    const conflict = isBusy ? new EngineError('conflict', `${folder} is in use ${holderOf(connection)}; stop it, or use another folder`) : error;
    connection.close();
    throw conflict;
  }
  return { release: () => void connection.close() };
}

/** Writes this process in, and takes the lock that it holds to the end: others may read who has the folder, and may not write themselves in. */
function take(connection: Database.Database, nowMs: UnixMs): void {
  connection
    .prepare(
      'insert into holder (one, pid, since_ms) values (1, ?, ?) on conflict (one) do update set pid = excluded.pid, since_ms = excluded.since_ms',
    )
    .run(process.pid, nowMs);
  connection.exec('begin immediate');
}

/** Another process may have written itself in before the lock was taken; then this one writes itself in again. */
function isOwn(connection: Database.Database): boolean {
  const { pid } = connection.prepare('select pid from holder').get() as { pid: number };
  if (pid !== process.pid) connection.exec('rollback');
  return pid === process.pid;
}

/** `by the engine of process 4711 since 2026-01-05T03:00:00Z`. */
function holderOf(connection: Database.Database): string {
  try {
    const row = connection.prepare('select pid, since_ms as sinceMs from holder').get() as { pid: number; sinceMs: number } | undefined;
    if (row !== undefined) return `by the engine of process ${row.pid} since ${formatTime(row.sinceMs)}`;
  } catch {
    return 'by another engine'; // it is just taking the folder
  }
  return 'by another engine';
}

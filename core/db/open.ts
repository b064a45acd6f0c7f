import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { assert, EngineError, messageOf } from '#core/model/index.ts';
import { migrations } from './migrations/index.ts';
import type { StoreName } from './migrations/migration.ts';

/** A handle that may only read. The brand stops a write from being called with it. */
export interface ReadDb {
  readonly connection: Database.Database;
  readonly path: string;
}
export interface WriteDb extends ReadDb {
  readonly writable: true;
  /** Called before each transaction. */
  readonly ensureRoom?: () => void;
}

/** SQLite 3.51.3 mends the WAL-reset corruption of 3.7.0 to 3.51.2 (sqlite.org/wal.html, March 2026). */
const sqliteVersionMin = [3, 51, 3] as const;
const busyTimeoutMs = 5000;

/**
 * Opens (and makes, and migrates) the file of a store. Commits are on stable storage when they return:
 * better-sqlite3 would otherwise fall back to synchronous=NORMAL after the first write and lose commits in a power cut.
 * Room that deletes leave is given back to the disk by `pragma incremental_vacuum`, a few pages at a time.
 * `ensureRoom` is called before each transaction: a reserve of what must be written (reserve.ts).
 * Throws EngineError `unsupported` when the file was written by a newer Signalbox.
 */
export function openDb(path: string, store: StoreName, ensureRoom?: () => void): WriteDb {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const connection = new Database(path);
  const db: WriteDb = { connection, path, writable: true, ...(ensureRoom && { ensureRoom }) };
  try {
    checkVersion(connection);
    connection.pragma('auto_vacuum = INCREMENTAL');
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('fullfsync = 1');
    connection.pragma('checkpoint_fullfsync = 1');
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    connection.pragma('foreign_keys = ON');
    connection.pragma('trusted_schema = OFF');
    migrate(db, store);
  } catch (error) {
    connection.close();
    throw error;
  }
  return db;
}

/** A second, read-only handle on a file that openDb has made. */
export function openReadDb(path: string): ReadDb {
  const connection = new Database(path, { readonly: true, fileMustExist: true });
  connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
  return { connection, path };
}

export function closeDb(db: ReadDb): void {
  db.connection.close();
}

/** How long a checkpoint waits for readers in other processes: a snapshot may read for seconds, and nothing else runs meanwhile. */
const checkpointWaitMs = 100;

/** Moves what was committed from SQLite's journal into the file itself, on stable storage. False when a reader was in the way: the journal stays. */
export function checkpoint(db: WriteDb): boolean {
  db.connection.pragma(`busy_timeout = ${checkpointWaitMs}`);
  const [done] = db.connection.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  db.connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
  return done?.busy === 0;
}

/** Copies a database that another process may be writing, as it stands at one moment, to a new file on stable storage. */
export async function copyDb(path: string, target: string): Promise<void> {
  const source = openReadDb(path);
  try {
    await source.connection.backup(target, { progress: () => pagesMax });
  } finally {
    closeDb(source);
  }
}

/** All pages in one step: between steps another process could write, and the copy would begin again. */
const pagesMax = 0x7fffffff;

/** Copies a database in use to a new file, a few pages at a time; commits meanwhile are in the copy too. The copy is on stable storage. */
export async function backup(db: WriteDb, path: string): Promise<void> {
  await db.connection.backup(path);
}

/** What SQLite finds wrong with the structure of the file, a sentence each; empty when it is sound. Reads the whole file. */
export function quickCheck(db: ReadDb): readonly string[] {
  const rows = db.connection.pragma('quick_check') as { quick_check: string }[];
  return rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
}

const damageCodes = [
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_IOERR_READ',
  'SQLITE_IOERR_SHORT_READ',
  'SQLITE_IOERR_CORRUPTFS',
  'SQLITE_IOERR_DATA',
];

/** Whether the file's own structure is damaged, parts of it cannot be read or are gone, or it is no database. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof Database.SqliteError && damageCodes.some((code) => error.code.startsWith(code));
}

/** SQLite's own version, such as 3.54.1. */
/** Pages that deletes may leave in a file for what comes next. */
const sparePages = 256;

/** Gives room that deletes have left back to the disk, `pagesMax` pages at a time. True when there is more to give. */
export function giveBackRoom({ connection }: WriteDb, pagesMax: number): boolean {
  const free = connection.pragma('freelist_count', { simple: true }) as number;
  if (free > sparePages) connection.pragma(`incremental_vacuum(${Math.min(pagesMax, free - sparePages)})`);
  return free - pagesMax > sparePages;
}

export function sqliteVersion(db: ReadDb): string {
  return versionOf(db.connection);
}

function versionOf(connection: Database.Database): string {
  return (connection.prepare('select sqlite_version() as version').get() as { version: string }).version;
}

function checkVersion(connection: Database.Database): void {
  const version = versionOf(connection);
  const parts = version.split('.').map(Number);
  const differing = sqliteVersionMin.findIndex((min, i) => parts[i] !== min);
  assert(differing === -1 || parts[differing]! > sqliteVersionMin[differing]!, `SQLite ${version} is older than ${sqliteVersionMin.join('.')}`);
}

function migrate(db: WriteDb, store: StoreName): void {
  const due = migrations.filter((migration) => migration.store === store);
  const written = db.connection.pragma('user_version', { simple: true }) as number;
  const done = written === due.length ? written : readForm(db.connection, due, written);
  if (done !== written) db.connection.pragma(`user_version = ${done}`);
  if (done > due.length) {
    throw new EngineError(
      'unsupported',
      `${db.path} was written by a newer Signalbox (form ${done}, this one knows ${due.length}); open it with that version`,
    );
  }
  if (done > 0 && done < due.length) keepForm(db, done);
  due.slice(done).forEach((migration, i) => {
    transaction(db, () => {
      db.connection.exec(migration.sql);
      db.connection.pragma(`user_version = ${done + i + 1}`);
    });
  });
}

/**
 * The form that a file has. The number written in it has no checksum: where its tables are those of another form, and the number is below
 * ours or a bit away from that form's, the number has rotted. Others are those of a newer version.
 */
function readForm(connection: Database.Database, due: readonly { readonly sql: string }[], written: number): number {
  const byTables = formByTables(connection, due);
  if (byTables === undefined) return written;
  const flipped = (written ^ byTables) >>> 0;
  return written < due.length || (flipped & (flipped - 1)) === 0 ? byTables : written;
}

/** How many of the migrations make just the tables that are there; undefined when no number of them does. */
function formByTables(connection: Database.Database, due: readonly { readonly sql: string }[]): number | undefined {
  const found = tablesOf(connection);
  const model = new Database(':memory:');
  try {
    const at = ['', ...due.map(({ sql: text }) => text)].findIndex((text) => tablesOf(model.exec(text)) === found);
    return at < 0 ? undefined : at;
  } finally {
    model.close();
  }
}

function tablesOf(connection: Database.Database): string {
  const rows = connection.prepare('select name, sql from sqlite_schema order by name').all();
  return JSON.stringify(rows);
}

/**
 * Keeps the file as the version before left it, beside it, so that one can go back to that version. Throws EngineError `unavailable` when
 * there is no room for the copy: then nothing was changed.
 */
function keepForm({ connection, path }: WriteDb, form: number): void {
  const kept = `${path}.form-${form}`;
  if (existsSync(kept)) return;
  const part = `${kept}.part`;
  rmSync(part, { force: true });
  try {
    connection.prepare('vacuum into ?').run(part);
  } catch (error) {
    rmSync(part, { force: true });
    throw new EngineError(
      'unavailable',
      `${path} has to be copied before this version may change its form, and could not be (${messageOf(error)}); make room`,
    );
  }
  renameSync(part, kept);
}

/** All or nothing. Nested calls become savepoints. */
export function transaction<T>(db: WriteDb, act: () => T): T {
  db.ensureRoom?.();
  return db.connection.transaction(act).immediate();
}

/**
 * A transaction that need not be on stable storage when it returns, for what can be made again from what is. A power cut takes it back
 * together with all that were committed after it and before the next full transaction or checkpoint, never without them
 * (sqlite.org/pragma.html, "synchronous": NORMAL in WAL mode). Within another transaction it is part of that one.
 */
export function lazyTransaction<T>(db: WriteDb, act: () => T): T {
  if (db.connection.inTransaction) return transaction(db, act);
  db.connection.pragma('synchronous = NORMAL');
  try {
    return transaction(db, act);
  } finally {
    db.connection.pragma('synchronous = FULL');
  }
}

const prepared = new WeakMap<Database.Database, Map<string, Database.Statement>>();

/** The statement for `text`, prepared once per handle. */
export function sql(db: ReadDb, text: string): Database.Statement {
  let known = prepared.get(db.connection);
  if (known === undefined) prepared.set(db.connection, (known = new Map()));
  let statement = known.get(text);
  if (statement === undefined) known.set(text, (statement = db.connection.prepare(text)));
  return statement;
}

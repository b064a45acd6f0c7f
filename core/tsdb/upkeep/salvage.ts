import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { checkpoint, closeDb, isCorrupt, openDb, openReadDb, sql, transaction, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { messageOf } from '#core/model/index.ts';
import { allTombstones } from './deletion.ts';
import { allMetadata } from '../log/notes.ts';
import { quarantined, type Damage } from './quarantine.ts';
import { addAllDue, rawFloor, totalRollupBytes } from '../rollup/rows.ts';
import { groupRows, lastIds, maxSealedLsn, sealedBounds, sealedTotals } from '../sealed.ts';

const databaseName = 'metrics.db';
/** Beside the database when damage was found in its structure while it was open: the next start salvages. */
const markName = 'metrics.db.damaged';
const files = ['', '-wal', '-shm'] as const;
const pageBytes = 4096;

/** Tables with the column their rows are found by. */
const tables = [
  ['series_group', 'id'],
  ['sealed', 'group_id'],
  ['frame', 'id'],
  ['rollup', 'id'],
  ['tombstone', 'id'],
  ['quarantine', 'id'],
] as const;
const keylessTables = ['metadata', 'exemplar', 'raw_floor', 'age'] as const;
const rowsPerRead = 200;

/**
 * Opens the database of a folder. When its structure is damaged (SQLite says so, or a mark of an earlier finding is there) the file is
 * moved to the folder's quarantine, every row that can still be read goes to a new one, and `onDamage` hears of it.
 */
export function openOrSalvage(folder: string, onDamage: (damage: Damage) => void): WriteDb {
  const path = join(folder, databaseName);
  try {
    if (existsSync(join(folder, markName))) throw new MarkedError();
    const db = openDb(path, 'metrics');
    try {
      walk(db);
      return db;
    } catch (error) {
      closeDb(db);
      throw error;
    }
  } catch (error) {
    if (!isCorrupt(error) && !(error instanceof MarkedError)) throw error;
    const kept = salvage(folder);
    onDamage({ what: 'database', minMs: undefined, maxMs: undefined, cause: `${messageOf(error)}; ${kept} rows were saved` });
    return openDb(path, 'metrics');
  }
}

/** Asks for the database to be salvaged at the next start. */
export function markDamaged(folder: string): void {
  writeFileSync(join(folder, markName), '');
}

class MarkedError extends Error {
  constructor() {
    super('damage was found while the database was in use');
  }
}

/** Reads what every start reads. Throws when SQLite finds it damaged. */
function walk(db: ReadDb): void {
  sealedTotals(db);
  totalRollupBytes(db);
  rawFloor(db);
  sealedBounds(db);
  lastIds(db);
  maxSealedLsn(db);
  allTombstones(db);
  allMetadata(db);
  quarantined(db);
  for (const row of groupRows(db)) if (row.id < 0) return;
}

/** Leaves a sound database in place of the damaged one, and returns how many rows it has. */
function salvage(folder: string): number {
  const quarantine = freshFolder(join(folder, 'quarantine'));
  const work = join(quarantine, 'work');
  mkdirSync(work, { recursive: true, mode: 0o700 });
  for (const suffix of files) {
    const path = join(folder, databaseName + suffix);
    if (!existsSync(path)) continue;
    renameSync(path, join(quarantine, databaseName + suffix));
    if (suffix !== '-shm') copyFileSync(join(quarantine, databaseName + suffix), join(work, databaseName + suffix));
  }
  const target = openDb(join(folder, databaseName), 'metrics');
  checkpoint(target);
  const source = openDamaged(join(work, databaseName), target.path);
  const kept = source === undefined ? 0 : copyAll(source, target);
  addAllDue(target);
  if (source !== undefined) closeDb(source);
  closeDb(target);
  rmSync(work, { recursive: true, force: true });
  rmSync(join(folder, markName), { force: true });
  return kept;
}

/** `database-1`, `database-2`, ...: nothing in the quarantine is ever overwritten. */
function freshFolder(parent: string): string {
  for (let n = 1; ; n++) {
    const path = join(parent, `database-${n}`);
    if (!existsSync(path)) return path;
  }
}

/** Opens a copy of a damaged database for reading, if need be with the first page, which every database of this form shares, put back. */
function openDamaged(path: string, soundPath: string): ReadDb | undefined {
  for (const mend of [false, true]) {
    if (mend) mendFirstPage(path, soundPath);
    let db: ReadDb | undefined;
    try {
      db = openReadDb(path);
      for (const [table, key] of tables) sql(db, `select min(${key}) from ${table}`);
      sql(db, 'select count(*) from sqlite_schema').get();
      return db;
    } catch {
      if (db !== undefined) closeDb(db);
    }
  }
  return undefined;
}

/** The header and the schema from a fresh database; the number of pages from the file's length; no free list. Layout: sqlite.org/fileformat2.html, 1.3. */
function mendFirstPage(path: string, soundPath: string): void {
  const page = Buffer.alloc(pageBytes);
  const sound = openSync(soundPath, 'r');
  readSync(sound, page, 0, pageBytes, 0);
  closeSync(sound);
  page.writeUInt32BE(Math.floor(statSync(path).size / pageBytes), 28);
  page.writeUInt32BE(0, 32);
  page.writeUInt32BE(0, 36);
  const file = openSync(path, 'r+');
  writeSync(file, page, 0, pageBytes, 0);
  closeSync(file);
}

function copyAll(source: ReadDb, target: WriteDb): number {
  let kept = 0;
  for (const [table, key] of tables) kept += copyTable(source, target, table, key);
  for (const table of keylessTables) kept += copyKeyless(source, target, table);
  return kept;
}

type Row = Readonly<Record<string, unknown>>;

/** Copies in order of the key; where a page cannot be read, key by key past it. */
function copyTable(source: ReadDb, target: WriteDb, table: string, key: string): number {
  const last = attempt(() => (sql(source, `select max(${key}) as last from ${table}`).get() as { last: number | null }).last ?? 0);
  let kept = 0;
  let quiet = 0;
  for (let after = 0; after < (last ?? Infinity) && quiet < 1000;) {
    const rows = attempt(() => sql(source, `select * from ${table} where ${key} > ? order by ${key} limit ${rowsPerRead}`).all(after) as Row[]);
    if (rows?.length === 0) break;
    const found = rows ?? oneByOne(source, table, key, after);
    kept += insertRows(target, table, found);
    quiet = found.length === 0 ? quiet + 1 : 0;
    after = rows === undefined ? after + rowsPerRead : (rows.at(-1)![key] as number);
  }
  return kept;
}

function oneByOne(source: ReadDb, table: string, key: string, after: number): Row[] {
  const found: Row[] = [];
  for (let at = after + 1; at <= after + rowsPerRead; at++) {
    const row = attempt(() => sql(source, `select * from ${table} where ${key} = ?`).get(at) as Row | undefined);
    if (row !== undefined) found.push(row);
  }
  return found;
}

function copyKeyless(source: ReadDb, target: WriteDb, table: string): number {
  const found: Row[] = [];
  attempt(() => {
    for (const row of sql(source, `select * from ${table}`).iterate() as Iterable<Row>) found.push(row);
  });
  return insertRows(target, table, found);
}

function insertRows(target: WriteDb, table: string, rows: readonly Row[]): number {
  const [first] = rows;
  if (first === undefined) return 0;
  const columns = Object.keys(first);
  const text = `insert or ignore into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`;
  return transaction(
    target,
    () => rows.filter((row) => attempt(() => sql(target, text).run(...columns.map((name) => row[name]))) !== undefined).length,
  );
}

/** The result, or undefined when the damage is in the way, or a row that it has made nonsense breaks a rule of the table. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

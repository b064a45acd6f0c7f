import Database from 'better-sqlite3';
import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backup, checkpoint, closeDb, isCorrupt, openDb, openReadDb, quickCheck, sql, transaction } from '#core/db/index.ts';
import { migrations } from '#core/db/migrations/index.ts';
import { tempFolder } from '../../support/folder.ts';

const metadataCount = (db: Parameters<typeof sql>[0]): number => (sql(db, 'select count(*) as n from metadata').get() as { n: number }).n;
const insert = (db: Parameters<typeof transaction>[0], metric: string): void =>
  void sql(db, "insert into metadata (metric, type, help, unit) values (?, 'gauge', '', '')").run(metric);

test('commits are synced, also after the first write, and deletes give room back', () => {
  const db = openDb(join(tempFolder(), 'a', 'metrics.db'), 'metrics');
  for (let n = 0; n < 3; n++) {
    insert(db, `m${n}`);
    expect(db.connection.pragma('synchronous', { simple: true })).toBe(2);
  }
  expect(db.connection.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(db.connection.pragma('auto_vacuum', { simple: true })).toBe(2);
  expect(db.connection.pragma('foreign_keys', { simple: true })).toBe(1);
  expect(db.connection.pragma('trusted_schema', { simple: true })).toBe(0);
  closeDb(db);
});

test('a transaction is all or nothing, a nested one too', () => {
  const db = openDb(join(tempFolder(), 'metrics.db'), 'metrics');
  expect(() =>
    transaction(db, () => {
      insert(db, 'a');
      throw new Error('no');
    }),
  ).toThrow('no');
  transaction(db, () => {
    insert(db, 'b');
    expect(() =>
      transaction(db, () => {
        insert(db, 'c');
        throw new Error('inner');
      }),
    ).toThrow('inner');
  });
  expect(sql(db, 'select metric from metadata').all()).toEqual([{ metric: 'b' }]);
  closeDb(db);
});

test('each store has its own tables, and opening again changes none of them', () => {
  const folder = tempFolder();
  const tablesOf = (store: 'metrics' | 'journal'): unknown[] => {
    const db = openDb(join(folder, `${store}.db`), store);
    const tables = sql(db, "select name, sql from sqlite_schema where type = 'table' order by name").all();
    closeDb(db);
    return tables;
  };
  const metrics = tablesOf('metrics');
  expect(tablesOf('metrics')).toEqual(metrics);
  const journal = tablesOf('journal');
  expect(tablesOf('journal')).toEqual(journal);
  expect(journal.filter((table) => metrics.some((other) => JSON.stringify(other) === JSON.stringify(table)))).toEqual([]);
});

test('a file of an older form is kept as it was before it is changed, also when the change is broken off', () => {
  const path = join(tempFolder(), 'metrics.db');
  const [first, ...later] = migrations.filter(({ store }) => store === 'metrics');
  expect(later.length).toBeGreaterThan(0);
  const old = new Database(path);
  old.exec(`begin; ${first!.sql}; insert into metadata (metric, type, help, unit) values ('up', 'gauge', '', ''); pragma user_version = 1; commit`);
  old.close();
  writeFileSync(`${path}.form-1.part`, 'a copy that was broken off');
  const db = openDb(path, 'metrics');
  expect(metadataCount(db)).toBe(1);
  expect(db.connection.pragma('user_version', { simple: true })).toBe(1 + later.length);
  closeDb(db);
  const kept = new Database(`${path}.form-1`, { readonly: true });
  expect(kept.pragma('user_version', { simple: true })).toBe(1);
  expect(kept.prepare('select metric from metadata').pluck().all()).toEqual(['up']);
  kept.close();
  expect(existsSync(`${path}.form-1.part`)).toBe(false);
  closeDb(openDb(path, 'metrics'));
});

test('each migration changes the tables of its store: they tell the form of a file whose number rotted', () => {
  for (const store of new Set(migrations.map((migration) => migration.store))) {
    const model = new Database(':memory:');
    const own = migrations.filter((migration) => migration.store === store);
    const forms = own.map(({ sql }) => JSON.stringify(model.exec(sql).prepare('select name, sql from sqlite_schema order by name').all()));
    expect(new Set(['[]', ...forms]).size, store).toBe(own.length + 1);
    model.close();
  }
});

test('a form number that rotted is put right by the tables that are there', () => {
  const path = join(tempFolder(), 'metrics.db');
  const db = openDb(path, 'metrics');
  insert(db, 'up');
  closeDb(db);
  const form = migrations.filter(({ store }) => store === 'metrics').length;
  for (let bit = 0; bit < 32; bit++) {
    const raw = new Database(path);
    raw.pragma(`user_version = ${form ^ (1 << bit)}`);
    raw.close();
    const again = openDb(path, 'metrics');
    expect([bit, again.connection.pragma('user_version', { simple: true }), metadataCount(again)]).toEqual([bit, form, 1]);
    closeDb(again);
  }
});

test('a file of a newer Signalbox is left alone, with a sentence', () => {
  const path = join(tempFolder(), 'metrics.db');
  closeDb(openDb(path, 'metrics'));
  const raw = new Database(path);
  raw.pragma('user_version = 9999');
  raw.close();
  expect(() => openDb(path, 'metrics')).toThrow(/was written by a newer Signalbox \(form 9999, .*\); open it with that version/);
  // A screen waits for what is "unavailable" to come back; this never does.
  expect(() => openDb(path, 'metrics')).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error);
});

test('a reader cannot write, and needs a file', () => {
  const path = join(tempFolder(), 'metrics.db');
  expect(() => openReadDb(path)).toThrow();
  expect(existsSync(path)).toBe(false);
  const db = openDb(path, 'metrics');
  insert(db, 'a');
  const reader = openReadDb(path);
  expect(metadataCount(reader)).toBe(1);
  expect(() => sql(reader, 'delete from metadata').run()).toThrow(/readonly/);
  closeDb(reader);
  closeDb(db);
});

test('a backup is whole, and damage is told from other failures', async () => {
  const folder = tempFolder();
  const db = openDb(join(folder, 'metrics.db'), 'metrics');
  for (let n = 0; n < 2000; n++) insert(db, `metric_with_a_long_name_${n}`);
  const path = join(folder, 'copy.db');
  await backup(db, path);
  checkpoint(db);
  closeDb(db);
  const copy = openReadDb(path);
  expect([metadataCount(copy), quickCheck(copy)]).toEqual([2000, []]);
  closeDb(copy);
  truncateSync(path, 40_960);
  const cut = openReadDb(path);
  const failure = ((): unknown => {
    try {
      return metadataCount(cut);
    } catch (error) {
      return error;
    }
  })();
  closeDb(cut);
  expect(isCorrupt(failure)).toBe(true);
  writeFileSync(path, 'no database at all, but a text that is long enough to be looked at'.repeat(100));
  expect(() => openDb(path, 'metrics')).toThrow(expect.toSatisfy(isCorrupt) as Error);
  expect(isCorrupt(new Error('corrupt'))).toBe(false);
});

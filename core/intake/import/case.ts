import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, holdFolder, openDb, sql, transaction, type HeldFolder, type WriteDb } from '#core/db/index.ts';
import { openLogs, type Logs, type Packer } from '#core/logs/index.ts';
import { EngineError, type Clock, type UnixMs } from '#core/model/index.ts';
import { openTraces, type Traces } from '#core/traces/index.ts';
import { openTsdb, type Tsdb } from '#core/tsdb/index.ts';
import type { ImportedFile } from './import.ts';
import type { ImportStores } from './sink.ts';

/** A file that was imported into a case, as its report keeps it. */
export interface CaseFile extends ImportedFile {
  readonly importedMs: UnixMs;
}

/** The stores of a case: a dataset of its own, in a folder of its own, without bounds of time. */
export interface CaseStores {
  readonly metrics: Tsdb;
  readonly traces: Traces;
  readonly logs: Logs;
  /** Where an import writes. */
  readonly into: ImportStores;
  /** Calls that imported files state outright, in order of name. */
  edges(): readonly { readonly caller: string; readonly callee: string }[];
  /** Reports of imports, newest first. */
  files(): readonly CaseFile[];
  noteFile(file: ImportedFile): void;
  close(): Promise<void>;
}

const nameForm = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** The folder of a case. Throws EngineError `invalid` for a name that is no folder's name. */
export function caseFolder(dataDir: string, name: string): string {
  if (!nameForm.test(name) || name === 'live')
    throw new EngineError('invalid', `"${name}" is no name for a case; use letters, digits, ".", "_" and "-", at most 64, and not "live"`);
  return join(dataDir, 'cases', name);
}

/** Names of the cases that are there, sorted. */
export function caseNames(dataDir: string): string[] {
  const folder = join(dataDir, 'cases');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isDirectory() && nameForm.test(one.name))
    .map(({ name }) => name)
    .sort();
}

/** Throws EngineError `not-found` when there is no such case. */
export function existingCase(dataDir: string, name: string): string {
  const folder = caseFolder(dataDir, name);
  if (existsSync(join(folder, 'journal.db'))) return folder;
  const known = caseNames(dataDir);
  throw new EngineError(
    'not-found',
    `there is no case "${name}"${known.length === 0 ? '; import files with --case to make one' : `; there are ${known.join(', ')}`}`,
  );
}

/** Deletes a case with all that it holds. It must not be open. */
export function deleteCase(dataDir: string, name: string): void {
  rmSync(existingCase(dataDir, name), { recursive: true });
}

const lifted = Infinity;

/**
 * Opens, and makes, the stores of a folder without bounds of time: captures are old, and come in any order. Throws EngineError `conflict`
 * while another process has it open. Imported lines are packed by `packer`, when there is one.
 */
export function openCase(folder: string, clock: Clock, packer?: Packer): CaseStores {
  const held = holdFolder(folder, clock.now());
  try {
    return openHeld(folder, clock, held, packer);
  } catch (error) {
    held.release();
    throw error;
  }
}

function openHeld(folder: string, clock: Clock, held: HeldFolder, packer: Packer | undefined): CaseStores {
  const limits = { futureMs: lifted, retentionMs: lifted, retentionBytes: lifted };
  const metrics = openTsdb({ folder, clock, limits: { ...limits, outOfOrderMs: lifted } });
  const traces = openTraces({ folder, clock, limits });
  const logs = openLogs({ folder, clock, limits, packer });
  const db = openDb(join(folder, 'journal.db'), 'journal');
  return {
    metrics,
    traces,
    logs,
    into: { metrics, traces, logs, addEdge: (caller, callee) => addEdge(db, caller, callee) },
    edges: () => edgesOf(db),
    files: () => filesOf(db),
    noteFile: (file) => noteFile(db, file, clock.now()),
    close: async () => {
      await metrics.close();
      await traces.close();
      await logs.close();
      closeDb(db);
      held.release();
    },
  };
}

function addEdge(db: WriteDb, caller: string, callee: string): void {
  if (caller !== '' && callee !== '') sql(db, 'insert or ignore into call_edge (caller, callee) values (?, ?)').run(caller, callee);
}

function edgesOf(db: WriteDb): { caller: string; callee: string }[] {
  return sql(db, 'select caller, callee from call_edge order by caller, callee').all() as { caller: string; callee: string }[];
}

/** Reports of as many files are kept. */
const filesKept = 10_000;

function noteFile(db: WriteDb, file: ImportedFile, nowMs: UnixMs): void {
  transaction(db, () => {
    sql(db, 'insert into imported_file (imported_ms, path, report) values (?, ?, ?)').run(nowMs, file.path, JSON.stringify(file));
    sql(db, 'delete from imported_file where id <= (select max(id) from imported_file) - ?').run(filesKept);
  });
}

function filesOf(db: WriteDb): CaseFile[] {
  const rows = sql(db, 'select imported_ms, report from imported_file order by id desc').all() as { imported_ms: number; report: string }[];
  return rows.map(({ imported_ms, report }) => ({ ...(JSON.parse(report) as ImportedFile), importedMs: imported_ms }));
}

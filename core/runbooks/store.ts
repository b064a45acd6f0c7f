/** Runs and their events in the journal. Rows are only ever added. */
import { sql, type ReadDb, type WriteDb } from '#core/db/index.ts';
import type { Runbook, RunbookEvent, UnixMs } from '#core/model/index.ts';
import type { LoggedRunEvent, RunHead } from './run.ts';

interface RunRow {
  readonly id: number;
  readonly incident: number | null;
  readonly runbook: string;
  readonly startedMs: number;
}

/** The number of a new run. */
export function insertRun(db: WriteDb, incident: number | undefined, runbook: Runbook, startedMs: UnixMs): number {
  const text = 'insert into runs (incident, runbook_id, runbook, started_ms) values (?, ?, ?, ?)';
  return Number(sql(db, text).run(incident ?? null, runbook.id, JSON.stringify(runbook), startedMs).lastInsertRowid);
}

/** Adds events after those already there; `from` is how many there are. A clash of numbers is an error of SQLite. */
export function insertRunEvents(db: WriteDb, run: number, from: number, events: readonly LoggedRunEvent[]): void {
  const insert = sql(db, 'insert into run_events (run, seq, at_ms, by, event) values (?, ?, ?, ?, ?)');
  events.forEach(({ atMs, by, event }, i) => insert.run(run, from + i + 1, atMs, by, JSON.stringify(event)));
}

export function selectRun(db: ReadDb, run: number): RunHead | undefined {
  const row = sql(db, 'select id, incident, runbook, started_ms as startedMs from runs where id = ?').get(run) as RunRow | undefined;
  return row && headOf(row);
}

/** Numbers of runs, the newest first. `incident` keeps only that incident's. */
export function selectRunIds(db: ReadDb, incident: number | undefined, limit: number): readonly number[] {
  const where = incident === undefined ? '' : 'where incident = ? ';
  const args = incident === undefined ? [limit] : [incident, limit];
  return (sql(db, `select id from runs ${where}order by id desc limit ?`).all(...args) as { id: number }[]).map((row) => row.id);
}

export function selectRunEvents(db: ReadDb, run: number): readonly LoggedRunEvent[] {
  const rows = sql(db, 'select at_ms as atMs, by, event from run_events where run = ? order by seq').all(run);
  return (rows as { atMs: number; by: string; event: string }[]).map(({ atMs, by, event }) => ({
    atMs,
    by,
    event: JSON.parse(event) as RunbookEvent,
  }));
}

const headOf = (row: RunRow): RunHead => ({
  id: `run-${row.id}`,
  incident: row.incident ?? undefined,
  runbook: JSON.parse(row.runbook) as Runbook,
  startedMs: row.startedMs,
});

import type { Migration } from './migration.ts';

/**
 * Runbook runs and what happened in them. `runbook` is the Runbook as JSON, as it stood when the run began; `event` is a
 * RunbookEvent as JSON. A run's state is the fold of its events in order of `seq`. Times are Unix ms.
 */
export const runs: Migration = {
  store: 'journal',
  sql: `
    create table runs (
      id integer primary key autoincrement,
      incident integer,
      runbook_id text not null,
      runbook text not null check (json_valid(runbook)),
      started_ms integer not null
    ) strict;
    create index runs_by_incident on runs (incident);
    create index runs_by_runbook on runs (runbook_id);
    create table run_events (
      run integer not null references runs (id),
      seq integer not null check (seq > 0),
      at_ms integer not null,
      by text not null,
      event text not null check (json_valid(event)),
      primary key (run, seq)
    ) strict, without rowid;
  `,
};

import type { Migration } from './migration.ts';

/**
 * The event log of every incident: append only, nothing is ever changed or removed. `fact` is an IncidentFact as JSON and
 * `kind` its kind; state, timeline and post-mortem are readings of these rows in order of `seq`.
 * Times are Unix ms: `at_ms` when it happened (may be set back by hand), `logged_ms` when it was written.
 */
export const incidents: Migration = {
  store: 'journal',
  sql: `
    create table incidents (
      id integer primary key autoincrement,
      declared_ms integer not null
    ) strict;
    create table incident_events (
      incident integer not null references incidents (id),
      seq integer not null check (seq > 0),
      at_ms integer not null,
      logged_ms integer not null,
      by text not null,
      kind text not null,
      fact text not null check (json_valid(fact)),
      primary key (incident, seq)
    ) strict, without rowid;
  `,
};

import type { Migration } from './migration.ts';

/**
 * What intake holds between a push and the stores. `pushed_groups`: what batch jobs pushed and nobody deleted; labels as the JSON array
 * of `Labels`, samples as a JSON list of [labels, value or native histogram]. `waiting_spans`: pushed spans whose trace is not yet
 * decided, as one ExportTraceServiceRequest of OTLP JSON. `sampling_decisions`: what became of each trace, for late spans and for those
 * who ask. Times are Unix ms.
 */
export const intake: Migration = {
  store: 'intake',
  sql: `
    create table pushed_groups (
      labels text primary key check (json_valid(labels)),
      pushed_ms integer not null,
      failed_ms integer not null,
      samples text not null check (json_valid(samples))
    ) strict;

    create table waiting_spans (
      id integer primary key autoincrement,
      source text not null,
      spans text not null
    ) strict;

    create table sampling_decisions (
      trace_id text primary key,
      at_ms integer not null,
      kept integer not null check (kept in (0, 1)),
      policy text not null,
      part text not null,
      cause text not null,
      span_count integer not null
    ) strict, without rowid;
    create index sampling_decisions_at on sampling_decisions (at_ms);
  `,
};

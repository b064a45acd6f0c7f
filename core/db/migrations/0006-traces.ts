import type { Migration } from './migration.ts';

/**
 * Spans. An append of `head` is durable and not yet in a block; `block_column` holds a block's columns, each under its name
 * (core/traces/FORMAT.md describes both kinds of bytes and the names). `min_ns` and `max_ns` are the first and the last start of
 * a block's spans, Unix ns. Bytes that fail their checksum move to the quarantine and are never deleted.
 */
export const traces: Migration = {
  store: 'traces',
  sql: `
    create table head (
      id integer primary key autoincrement,
      bytes blob not null
    ) strict;

    create table block (
      id integer primary key autoincrement,
      spans integer not null check (spans > 0),
      traces integer not null check (traces > 0),
      min_ns integer not null,
      max_ns integer not null,
      max_duration_ns real not null,
      size integer not null
    ) strict;
    create index block_by_time on block (max_ns);

    create table block_column (
      id integer primary key,
      block integer not null references block (id) on delete cascade,
      name text not null,
      bytes blob not null
    ) strict;
    create unique index block_column_by_name on block_column (block, name);

    create table quarantine (
      id integer primary key,
      what text not null,
      cause text not null,
      found_ms integer not null,
      bytes blob
    ) strict;
  `,
};

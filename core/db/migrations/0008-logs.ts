import type { Migration } from './migration.ts';

export const logs: Migration = {
  store: 'logs',
  sql: `
    -- Records that were acknowledged and are in no block yet, an append a row.
    create table head (
      id integer primary key,
      bytes blob not null
    ) strict;

    -- A set of labels, as a JSON list of names and values. Blocks name streams by number.
    create table stream (
      id integer primary key,
      labels text not null unique
    ) strict;

    create table block (
      id integer primary key,
      records integer not null,
      raw_bytes integer not null,
      min_ns integer not null,
      max_ns integer not null,
      size integer not null,
      -- JSON lists: the numbers of its streams; records by level, in the order of logLevels.
      streams text not null,
      levels text not null
    ) strict;
    create index block_by_time on block (max_ns);

    create table block_part (
      id integer primary key,
      block integer not null references block (id) on delete cascade,
      name text not null,
      bytes blob not null
    ) strict;
    create unique index block_part_by_name on block_part (block, name);

    create table quarantine (
      id integer primary key,
      what text not null,
      cause text not null,
      found_ms integer not null,
      bytes blob
    ) strict;

    -- A line that somebody marked, kept whole: retention may take the record.
    create table bookmark (
      id integer primary key,
      time_ns integer not null,
      labels text not null,
      line text not null,
      level text not null,
      note text not null,
      person text not null,
      made_ms integer not null
    ) strict;
    create index bookmark_by_time on bookmark (time_ns);
  `,
};

import type { Migration } from './migration.ts';

/**
 * Sealed samples. A group is up to 64 series sealed together; a frame holds their chunks over part of one 2 h window
 * (core/tsdb/FORMAT.md describes `members` and `bytes`); level 0 is fresh from the head, level 1 recoded. `sealed` says up to which commit
 * of the write-ahead log a group's samples are in frames. The first index carries all that choosing frames needs, so that a frame's pages
 * are read only for its bytes; the second finds what is due for recoding or too old. A tombstone deletes a range of a series from frames up
 * to `frame_max` and from commits up to `lsn`. Bytes that fail their checksum move to the quarantine and are never deleted.
 */
export const metrics: Migration = {
  store: 'metrics',
  sql: `
    create table series_group (
      id integer primary key,
      members blob not null
    ) strict;

    create table sealed (
      group_id integer primary key,
      lsn integer not null
    ) strict;

    create table frame (
      id integer primary key,
      group_id integer not null,
      level integer not null check (level in (0, 1)),
      min_ms integer not null,
      max_ms integer not null,
      slots_low integer not null,
      slots_high integer not null,
      samples integer not null,
      size integer not null,
      bytes blob not null
    ) strict;
    create index frame_by_group on frame (group_id, max_ms, min_ms, slots_low, slots_high, samples, size);
    create index frame_by_age on frame (level, max_ms, group_id);

    create table tombstone (
      id integer primary key,
      ref integer not null,
      min_ms integer not null,
      max_ms integer not null,
      frame_max integer not null,
      lsn integer not null
    ) strict;

    create table quarantine (
      id integer primary key,
      what text not null,
      group_id integer not null,
      min_ms integer,
      max_ms integer,
      cause text not null,
      found_ms integer not null,
      bytes blob
    ) strict;

    create table metadata (
      metric text primary key,
      type text not null,
      help text not null,
      unit text not null
    ) strict, without rowid;

    create table exemplar (
      ref integer not null,
      time_ms integer not null,
      value real not null,
      labels text not null,
      primary key (ref, time_ms)
    ) strict, without rowid;
  `,
};

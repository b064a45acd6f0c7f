import type { Migration } from './migration.ts';

/**
 * Rollups of sealed samples: a row holds buckets of `bucket_ms` of a group's series, over one window of 2 h (level 0) or over a longer span
 * that the rows of its windows were merged into (level 1); core/tsdb/FORMAT.md describes `bytes`. A row tells of start_ms < time <= end_ms.
 * `odd_low` and `odd_high` mark slots with samples there that have no rollup. Ids come from the same count as those of frames.
 * `rollup_due` names the windows whose rollups are missing or out of date. Raw samples before `raw_floor` have gone by age or size.
 */
export const rollups: Migration = {
  store: 'metrics',
  sql: `
    create table rollup (
      id integer primary key,
      group_id integer not null,
      bucket_ms integer not null,
      level integer not null check (level in (0, 1)),
      start_ms integer not null,
      end_ms integer not null,
      slots_low integer not null,
      slots_high integer not null,
      odd_low integer not null,
      odd_high integer not null,
      size integer not null,
      bytes blob not null
    ) strict;
    create index rollup_by_group on rollup (group_id, bucket_ms, end_ms, start_ms, level, slots_low, slots_high, odd_low, odd_high, size);
    create index rollup_by_age on rollup (bucket_ms, level, end_ms, group_id);

    create table rollup_due (
      start_ms integer not null,
      group_id integer not null,
      primary key (start_ms, group_id)
    ) strict, without rowid;
    create index rollup_due_by_group on rollup_due (group_id, start_ms);

    create table raw_floor (
      one integer primary key check (one = 1),
      from_ms integer not null
    ) strict;

    insert or ignore into rollup_due (start_ms, group_id)
      select min_ms - ((min_ms % 7200000) + 7200000) % 7200000, group_id from frame indexed by frame_by_group;
  `,
};

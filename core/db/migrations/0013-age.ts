import type { Migration } from './migration.ts';

/**
 * The time that ages of samples are measured from, as of the last run: a clock that is set wrong over a restart is seen to have jumped
 * (core/tsdb/upkeep/age.ts). The index finds the oldest exemplars.
 */
export const age: Migration = {
  store: 'metrics',
  sql: `
    create table age (
      one integer primary key check (one = 1),
      from_ms integer not null
    ) strict;

    create index exemplar_by_age on exemplar (time_ms);
  `,
};

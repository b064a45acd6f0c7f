import type { Migration } from './migration.ts';

/** What imports say of themselves: a report for each file, and calls between services that files state outright. */
export const cases: Migration = {
  store: 'journal',
  sql: `
    create table imported_file (
      id integer primary key,
      imported_ms integer not null,
      path text not null,
      report text not null -- JSON of ImportedFile
    ) strict;
    create table call_edge (
      caller text not null,
      callee text not null,
      primary key (caller, callee)
    ) strict, without rowid;
  `,
};

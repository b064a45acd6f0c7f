import type { Migration } from './migration.ts';

/**
 * What each rule file said, and from when: "why was I not paged?" is answered with the rules of its time. A row stands until the next
 * one of its path; `text` is null from when the file was not in force any more.
 */
export const ruleHistory: Migration = {
  store: 'journal',
  sql: `
    create table rule_file_history (
      id integer primary key autoincrement,
      path text not null,
      from_ms integer not null,
      text text
    ) strict;
    create index rule_file_history_path on rule_file_history (path, id);
  `,
};

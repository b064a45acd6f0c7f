import type { Migration } from './migration.ts';

/**
 * What the rules did. `rule_alerts` holds the alerts that are pending, firing or lately resolved, so that a restart goes on where it
 * stopped; `rule` is the rule's key (core/rules/journal.ts). `rule_transitions` is their history. `rule_files` keeps the last good
 * text of each file, `rule_clock` when rules were last evaluated. Label sets are JSON arrays in the flat form of `Labels`; times are Unix ms.
 */
export const rules: Migration = {
  store: 'journal',
  sql: `
    create table rule_alerts (
      rule text not null,
      id text not null,
      labels text not null check (json_valid(labels)),
      annotations text not null check (json_valid(annotations)),
      state text not null check (state in ('pending', 'firing', 'resolved')),
      value real,
      active_at_ms integer not null,
      fired_at_ms integer,
      resolved_at_ms integer,
      keep_firing_since_ms integer,
      expr text not null,
      rule_group text not null,
      rule_file text not null,
      primary key (rule, id)
    ) strict, without rowid;

    create table rule_transitions (
      id integer primary key autoincrement,
      at_ms integer not null,
      alert text not null,
      name text not null,
      labels text not null check (json_valid(labels)),
      rule_group text not null,
      rule_file text not null,
      from_state text not null,
      to_state text not null,
      value real,
      reason text not null
    ) strict;
    create index rule_transitions_alert on rule_transitions (alert, at_ms);
    create index rule_transitions_at on rule_transitions (at_ms);

    create table rule_files (
      path text primary key,
      text text not null,
      loaded_ms integer not null
    ) strict, without rowid;

    create table rule_clock (
      one integer primary key check (one = 1),
      evaluated_ms integer not null
    ) strict;
  `,
};

import type { Migration } from './migration.ts';

/**
 * What the alerting half holds: the alerts it knows, silences, acks, every notification (the outbox and the log of what was sent are
 * one table), every decision with its reason, and each configuration that was in force. Label sets are JSON arrays in the flat form of
 * `Labels`; times are Unix ms. A group's turns follow its first by whole group intervals, so only that one is kept. A notification's `payload` is what its receiver gets and goes when it is delivered.
 */
export const alerting: Migration = {
  store: 'journal',
  sql: `
    create table held_alerts (
      id text primary key,
      labels text not null check (json_valid(labels)),
      annotations text not null check (json_valid(annotations)),
      starts_ms integer not null,
      ends_ms integer,
      times_out integer not null check (times_out in (0, 1)),
      first_ms integer not null,
      updated_ms integer not null,
      generator_url text not null,
      rule text check (rule is null or json_valid(rule)),
      left_routes text not null check (json_valid(left_routes))
    ) strict;

    create table alert_groups (
      route text not null,
      group_key text not null,
      first_turn_ms integer not null,
      turned integer not null check (turned in (0, 1)),
      primary key (route, group_key)
    ) strict, without rowid;

    create table silences (
      id text primary key,
      matchers text not null check (json_valid(matchers)),
      starts_ms integer not null,
      ends_ms integer not null,
      updated_ms integer not null,
      created_by text not null,
      comment text not null
    ) strict;
    create index silences_ends on silences (ends_ms);

    create table acks (
      alert text not null,
      at_ms integer not null,
      by text not null,
      ended_ms integer,
      primary key (alert, at_ms)
    ) strict, without rowid;

    create table notifications (
      id integer primary key autoincrement,
      idempotency_key text not null unique,
      group_key text not null,
      receiver text not null,
      integration text not null,
      seq integer not null check (seq > 0),
      reason text not null,
      state text not null check (state in ('pending', 'sent', 'unsent', 'failed', 'superseded')),
      firing text not null check (json_valid(firing)),
      resolved text not null check (json_valid(resolved)),
      payload text check (payload is null or json_valid(payload)),
      at_ms integer not null,
      attempts integer not null,
      next_ms integer,
      done_ms integer,
      error text not null,
      place text not null
    ) strict;
    create index notifications_group on notifications (group_key, receiver, integration, id);
    create index notifications_pending on notifications (id) where state = 'pending';

    create table alert_decisions (
      id integer primary key autoincrement,
      at_ms integer not null,
      kind text not null,
      alert text,
      group_key text,
      receiver text,
      reason text not null,
      place text not null,
      detail text not null check (json_valid(detail))
    ) strict;
    create index alert_decisions_alert on alert_decisions (alert, at_ms) where alert is not null;
    create index alert_decisions_group on alert_decisions (group_key, at_ms) where group_key is not null;
    create index alert_decisions_at on alert_decisions (at_ms);

    create table alerting_configs (
      from_ms integer not null,
      path text not null,
      text text not null
    ) strict;
    create index alerting_configs_from on alerting_configs (from_ms);
  `,
};

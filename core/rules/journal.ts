/** The tables of rules (db/migrations/0002-rules.ts). */
import { sql, transaction, type ReadDb, type WriteDb } from '#core/db/index.ts';
import { labelValue, type Alert, type DurationMs, type Labels, type UnixMs } from '#core/model/index.ts';
import type { HeldState, StateChange } from './alert-states.ts';
import { noteRuleFiles, pruneRuleHistory } from './rule-history.ts';
import type { EdgeState, GroupSpec, Rule, Transition } from './types.ts';

/** Transitions older than this go. A quarter is what reviews of noise look back on. */
const historyMs: DurationMs = 90 * 86_400_000;

/** Names a rule across restarts and edits of its expression: its group, its name and labels, and which of several alike it is. */
export function ruleKey(group: GroupSpec, rule: Rule, ordinal: number): string {
  return JSON.stringify([group.file, group.name, rule.kind, rule.name, rule.labels, ordinal]);
}

/** The file a rule's key belongs to. */
export function fileOfKey(key: string): string {
  return (JSON.parse(key) as [string])[0];
}

export interface StoredAlert {
  readonly rule: string;
  readonly state: HeldState;
  readonly expr: string;
  readonly group: string;
  readonly file: string;
}

interface AlertRow {
  readonly rule: string;
  readonly id: string;
  readonly labels: string;
  readonly annotations: string;
  readonly state: HeldState['state'];
  readonly value: number | null;
  readonly active_at_ms: number;
  readonly fired_at_ms: number | null;
  readonly resolved_at_ms: number | null;
  readonly keep_firing_since_ms: number | null;
  readonly expr: string;
  readonly rule_group: string;
  readonly rule_file: string;
}

export function loadAlerts(db: ReadDb): StoredAlert[] {
  const rows = sql(
    db,
    `select rule, id, labels, annotations, state, value, active_at_ms, fired_at_ms, resolved_at_ms, keep_firing_since_ms, expr, rule_group, rule_file
     from rule_alerts order by rule, id`,
  ).all() as AlertRow[];
  return rows.map((row) => ({
    rule: row.rule,
    state: {
      id: row.id,
      labels: JSON.parse(row.labels) as Labels,
      annotations: JSON.parse(row.annotations) as Labels,
      state: row.state,
      value: row.value ?? Number.NaN,
      activeAtMs: row.active_at_ms,
      firedAtMs: row.fired_at_ms ?? undefined,
      resolvedAtMs: row.resolved_at_ms ?? undefined,
      keepFiringSinceMs: row.keep_firing_since_ms ?? undefined,
      sent: undefined,
      series: undefined,
    },
    expr: row.expr,
    group: row.rule_group,
    file: row.rule_file,
  }));
}

/** Writes what one evaluation changed, all or nothing. */
export function saveChange(db: WriteDb, rule: string, spec: Rule, group: GroupSpec, change: StateChange): void {
  if (change.transitions.length === 0 && change.changed.length === 0 && change.gone.length === 0) return;
  transaction(db, () => {
    for (const state of change.changed) saveAlert(db, rule, spec, group, state);
    for (const id of change.gone) deleteAlert(db, rule, id);
    for (const transition of change.transitions) saveTransition(db, transition);
  });
}

function saveAlert(db: WriteDb, rule: string, spec: Rule, group: GroupSpec, state: HeldState): void {
  sql(
    db,
    `insert or replace into rule_alerts
       (rule, id, labels, annotations, state, value, active_at_ms, fired_at_ms, resolved_at_ms, keep_firing_since_ms, expr, rule_group, rule_file)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    rule,
    state.id,
    JSON.stringify(state.labels),
    JSON.stringify(state.annotations),
    state.state,
    state.value,
    state.activeAtMs,
    state.firedAtMs ?? null,
    state.resolvedAtMs ?? null,
    state.keepFiringSinceMs ?? null,
    spec.expr,
    group.name,
    group.file,
  );
}

export function deleteAlert(db: WriteDb, rule: string, id: string): void {
  sql(db, 'delete from rule_alerts where rule = ? and id = ?').run(rule, id);
}

/** Ends a stored alert whose rule is gone. */
export function resolveStored(db: WriteDb, rule: string, alert: Alert, reason: string): void {
  transaction(db, () => {
    sql(db, "update rule_alerts set state = 'resolved', resolved_at_ms = ? where rule = ? and id = ?").run(alert.resolvedAtMs, rule, alert.id);
    saveTransition(db, { atMs: alert.resolvedAtMs!, alert, from: 'firing', to: 'resolved', reason });
  });
}

function saveTransition(db: WriteDb, { atMs, alert, from, to, reason }: Transition): void {
  sql(
    db,
    `insert into rule_transitions (at_ms, alert, name, labels, rule_group, rule_file, from_state, to_state, value, reason)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    atMs,
    alert.id,
    labelValue(alert.labels, 'alertname'),
    JSON.stringify(alert.labels),
    alert.group,
    alert.ruleFile,
    from,
    to,
    alert.value,
    reason,
  );
}

/** A line of an alert's history. */
export interface PastTransition {
  readonly atMs: UnixMs;
  readonly alert: string;
  readonly name: string;
  readonly labels: Labels;
  readonly group: string;
  readonly file: string;
  readonly from: EdgeState;
  readonly to: EdgeState;
  readonly value: number;
  readonly reason: string;
}

/** Transitions in order of time, of one alert or of all. */
export function readTransitions(db: ReadDb, sinceMs: UnixMs, untilMs: UnixMs, alert?: string): PastTransition[] {
  const rows = sql(
    db,
    `select at_ms, alert, name, labels, rule_group, rule_file, from_state, to_state, value, reason from rule_transitions
     where at_ms between ? and ? and (? is null or alert = ?) order by at_ms, id`,
  ).all(sinceMs, untilMs, alert ?? null, alert ?? null) as {
    at_ms: number;
    alert: string;
    name: string;
    labels: string;
    rule_group: string;
    rule_file: string;
    from_state: EdgeState;
    to_state: EdgeState;
    value: number | null;
    reason: string;
  }[];
  return rows.map((row) => ({
    atMs: row.at_ms,
    alert: row.alert,
    name: row.name,
    labels: JSON.parse(row.labels) as Labels,
    group: row.rule_group,
    file: row.rule_file,
    from: row.from_state,
    to: row.to_state,
    value: row.value ?? Number.NaN,
    reason: row.reason,
  }));
}

/** Forgets transitions, and rules that are no longer in force, of before what is looked back on. */
export function pruneHistory(db: WriteDb, nowMs: UnixMs): void {
  sql(db, 'delete from rule_transitions where at_ms < ?').run(nowMs - historyMs);
  pruneRuleHistory(db, nowMs - historyMs);
}

/** When rules were last evaluated; undefined before the first time. */
export function lastEvaluation(db: ReadDb): UnixMs | undefined {
  const row = sql(db, 'select evaluated_ms from rule_clock where one = 1').get() as { evaluated_ms: number } | undefined;
  return row?.evaluated_ms;
}

export function saveEvaluation(db: WriteDb, timeMs: UnixMs): void {
  sql(db, 'insert or replace into rule_clock (one, evaluated_ms) values (1, ?)').run(timeMs);
}

/** The last good text of a rule file. */
export function goodFile(db: ReadDb, path: string): string | undefined {
  const row = sql(db, 'select text from rule_files where path = ?').get(path) as { text: string } | undefined;
  return row?.text;
}

/** Remembers the good texts of the files in force and forgets the others, except in the history. */
export function saveGoodFiles(db: WriteDb, files: readonly { readonly path: string; readonly text: string }[], nowMs: UnixMs): void {
  transaction(db, () => {
    noteRuleFiles(db, files, nowMs);
    const paths = new Set(files.map((file) => file.path));
    const known = sql(db, 'select path from rule_files').all() as { path: string }[];
    for (const { path } of known) if (!paths.has(path)) sql(db, 'delete from rule_files where path = ?').run(path);
    for (const { path, text } of files) {
      sql(
        db,
        `insert into rule_files (path, text, loaded_ms) values (?, ?, ?)
         on conflict (path) do update set text = excluded.text, loaded_ms = excluded.loaded_ms where text is not excluded.text`,
      ).run(path, text, nowMs);
    }
  });
}

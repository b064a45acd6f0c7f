import { formatDuration, type Alert, type DurationMs, type UnixMs } from '#core/model/index.ts';
import type { WriteDb } from '#core/db/index.ts';
import { resolvedRetentionMs, type AlertStates, type HeldState, type StateChange } from './alert-states.ts';
import type { GroupRunner } from './group-runner.ts';
import { deleteAlert, fileOfKey, resolveStored, type StoredAlert } from './journal.ts';
import type { RuleEnvironment } from './rule-runner.ts';

/** Prometheus' defaults: alerts of a longer outage are not taken up again, and a `for` of at least the grace period ends no sooner than that. */
const outageToleranceMs: DurationMs = 3_600_000;
const forGraceMs: DurationMs = 600_000;

export interface RestoreInput {
  readonly db: WriteDb;
  readonly groups: readonly GroupRunner[];
  readonly stored: readonly StoredAlert[];
  /** Files that are broken and of which no good text is known: what their rules held is left alone. */
  readonly lost: ReadonlySet<string>;
  readonly downAtMs: UnixMs;
  readonly nowMs: UnixMs;
  readonly unnoticedMs: (group: GroupRunner) => DurationMs;
  readonly environment: RuleEnvironment;
}

/** Gives every rule back what it held before a stop; alerts whose rule is gone meanwhile end. */
export function restoreAll(input: RestoreInput): void {
  const { db, groups, stored, lost, downAtMs, nowMs } = input;
  const byRule = Map.groupBy(stored, (alert) => alert.rule);
  for (const group of groups) {
    const outage: Outage = { downAtMs, nowMs, unnoticedMs: input.unnoticedMs(group) };
    for (const runner of group.rules) {
      const mine = byRule.get(runner.key);
      byRule.delete(runner.key);
      if (mine === undefined || runner.states === undefined) continue;
      const change = restoreAlerts(runner.states, mine, runner.rule.forMs, outage);
      for (const { state } of mine) if (!runner.states.holds(state)) deleteAlert(db, runner.key, state.id);
      runner.publish(change, nowMs);
    }
  }
  const orphans = [...byRule.values()].flat().filter((alert) => !lost.has(fileOfKey(alert.rule)));
  const told = orphans.flatMap((alert) => endOrphan(db, alert, nowMs));
  if (told.length > 0) input.environment.onAlerts(told);
}

/** Of an alert whose rule is gone: what has to be told of it. A resolved one is told again, lest the last telling was lost. */
function endOrphan(db: WriteDb, stored: StoredAlert, nowMs: UnixMs): Alert[] {
  const { state, expr, group, file } = stored;
  const over = state.state === 'pending' || (state.state === 'resolved' && nowMs - (state.resolvedAtMs ?? 0) > resolvedRetentionMs);
  if (over) deleteAlert(db, stored.rule, state.id);
  if (over) return [];
  const { id, labels, annotations, value, activeAtMs, firedAtMs } = state;
  const resolvedAtMs = state.resolvedAtMs ?? nowMs;
  const alert: Alert = { id, labels, annotations, state: 'resolved', value, activeAtMs, firedAtMs, resolvedAtMs, expr, group, ruleFile: file };
  if (state.state === 'firing') resolveStored(db, stored.rule, alert, 'the rule is gone from the configuration');
  return [alert];
}

export interface Outage {
  /** When rules were last evaluated before the stop. */
  readonly downAtMs: UnixMs;
  readonly nowMs: UnixMs;
  /** An outage up to this long has missed no evaluation. */
  readonly unnoticedMs: DurationMs;
}

/**
 * Takes up the alerts that a rule held before a stop. Short of a missed evaluation all goes on as if there had been none. After an
 * outage firing alerts go on firing, and pending ones continue their `for` as in Prometheus; after one of more than an hour what
 * fired is over. Answers what that changed.
 */
function restoreAlerts(states: AlertStates, stored: readonly StoredAlert[], forMs: DurationMs, outage: Outage): StateChange {
  const lengthMs = outage.nowMs - outage.downAtMs;
  const changed: HeldState[] = [];
  for (const { state } of stored) {
    const activeAtMs = state.state === 'pending' && lengthMs > outage.unnoticedMs ? resumedAt(state, forMs, outage) : state.activeAtMs;
    if (activeAtMs === undefined) continue;
    const resumed = { ...state, activeAtMs };
    states.take(resumed);
    if (activeAtMs !== state.activeAtMs) changed.push(resumed);
  }
  if (lengthMs <= outageToleranceMs) return { transitions: [], changed, gone: [] };
  const length = formatDuration(Math.round(lengthMs / 1000) * 1000);
  return states.endAll(outage.nowMs, `rules were not evaluated for ${length}, longer than ${formatDuration(outageToleranceMs)}`);
}

/** Where a pending alert's `for` counts from after an outage; undefined when it starts anew. */
function resumedAt(state: HeldState, forMs: DurationMs, { downAtMs, nowMs }: Outage): UnixMs | undefined {
  if (forMs < forGraceMs) return undefined;
  const remainingMs = forMs - (downAtMs - state.activeAtMs);
  if (remainingMs <= 0) return state.activeAtMs;
  if (remainingMs < forGraceMs) return nowMs + forGraceMs - forMs;
  return state.activeAtMs + (nowMs - downAtMs);
}

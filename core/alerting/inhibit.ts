/**
 * Inhibition: an alert is not told while another one fires that explains it. Sources are indexed by the labels that must be equal, so
 * a question costs one look-up a rule, however many alerts fire. Source: Alertmanager's documentation, "Inhibition".
 */
import { labelValue, matchesLabels, type Labels, type UnixMs } from '#core/model/index.ts';
import type { AlertmanagerConfig, InhibitRule } from '#core/formats/index.ts';
import { isResolved, type HeldAlert } from './alerts.ts';

export interface Inhibition {
  /** The alert that explains the other. */
  readonly by: HeldAlert;
  /** FILE:LINE of the rule. */
  readonly place: string;
  readonly rule: InhibitRule;
}

interface IndexedRule {
  readonly rule: InhibitRule;
  readonly place: string;
  /** Ids of alerts that match the source side, by their values of `equal`. */
  readonly sources: Map<string, Set<string>>;
}

export interface Inhibitor {
  /** Must be told of every alert that is held, and of each that no longer is. */
  add(alert: HeldAlert): void;
  remove(alert: HeldAlert): void;
  /** The first rule, in the file's order, that inhibits these labels now. */
  inhibitedBy(labels: Labels, nowMs: UnixMs): Inhibition | undefined;
}

export function createInhibitor(config: AlertmanagerConfig, held: ReadonlyMap<string, HeldAlert>): Inhibitor {
  const rules: readonly IndexedRule[] = config.inhibitRules.map((rule) => ({
    rule,
    place: `${config.path}:${rule.line}`,
    sources: new Map<string, Set<string>>(),
  }));
  return {
    add(alert) {
      for (const { rule, sources } of rules) {
        if (!matchesLabels(rule.source, alert.labels)) continue;
        const key = equalKey(rule, alert.labels);
        const ids = sources.get(key);
        if (ids === undefined) sources.set(key, new Set([alert.id]));
        else ids.add(alert.id);
      }
    },
    remove(alert) {
      for (const { rule, sources } of rules) {
        const key = equalKey(rule, alert.labels);
        const ids = sources.get(key);
        if (ids?.delete(alert.id) === true && ids.size === 0) sources.delete(key);
      }
    },
    inhibitedBy(labels, nowMs) {
      for (const { rule, place, sources } of rules) {
        if (!matchesLabels(rule.target, labels)) continue;
        const by = firingSource(rule, sources.get(equalKey(rule, labels)), labels, held, nowMs);
        if (by !== undefined) return { by, place, rule };
      }
      return undefined;
    },
  };
}

/** An alert that matches both sides cannot be inhibited by one for which the same is true, itself included. */
function firingSource(
  rule: InhibitRule,
  ids: ReadonlySet<string> | undefined,
  labels: Labels,
  held: ReadonlyMap<string, HeldAlert>,
  nowMs: UnixMs,
): HeldAlert | undefined {
  if (ids === undefined) return undefined;
  const isSource = matchesLabels(rule.source, labels);
  for (const id of ids) {
    const source = held.get(id);
    if (source === undefined || isResolved(source, nowMs)) continue;
    if (!isSource || !matchesLabels(rule.target, source.labels)) return source;
  }
  return undefined;
}

function equalKey(rule: InhibitRule, labels: Labels): string {
  return rule.equal.map((name) => labelValue(labels, name)).join('\0');
}

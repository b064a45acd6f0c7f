import type { NoiseView } from '#core/contract/index.ts';
import { readRuleFile } from '#core/formats/index.ts';
import { labelsFrom, labelsKey, labelPairs, type Labels, type Matcher, type UnixMs } from '#core/model/index.ts';
import { parseExpr } from '#core/promql/syntax/index.ts';
import { lintRules, ruleNoise, unmatchedSelectors, type PastTransition } from '#core/rules/index.ts';
import type { Parts } from './parts.ts';

const actsMax = 100_000;

/** What rules made of people's attention since a moment, and which of them cannot do their work. */
export function noiseView(parts: Parts, sinceMs: UnixMs): NoiseView {
  const { rules, alerting, clock, config, live } = parts;
  const transitions = rules.history(sinceMs, clock.now());
  const acted = actsSince(parts, sinceMs);
  const pages = pagesByRule(transitions, alerting.toldSince(sinceMs));
  const noise = ruleNoise(transitions, clock.now(), (alert, firedMs, resolvedMs) =>
    (acted.get(alert) ?? []).some((atMs) => atMs >= firedMs && atMs <= (resolvedMs ?? Infinity)),
  );
  const groups = config().ruleFiles.flatMap(({ path, text }) => readRuleFile(text, path, parseExpr).groups);
  const metadata = live.metadata();
  return {
    sinceMs,
    rules: noise.map((one) => ({ ...one, pages: pages.get(keyOf(one)) ?? 0 })),
    findings: lintRules(groups, (metric) => metadata.get(metric)?.type),
    unmatched: unmatchedSelectors(groups, existsIn(parts)),
    unroutable: alerting.unroutable(labelSetsOf(parts)),
  };
}

/** When somebody did something about an alert: took it, or declared an incident from it. */
function actsSince({ alerting, incidents }: Parts, sinceMs: UnixMs): ReadonlyMap<string, readonly UnixMs[]> {
  const acks = alerting.decisions({ kinds: ['acked'], fromMs: sinceMs, limit: actsMax }).map(({ alert, atMs }) => ({ alert: alert ?? '', atMs }));
  const declared = incidents.list().flatMap(({ alerts, declaredMs }) => alerts.map((alert) => ({ alert, atMs: declaredMs })));
  const byAlert = new Map<string, UnixMs[]>();
  for (const { alert, atMs } of [...acks, ...declared]) byAlert.set(alert, [...(byAlert.get(alert) ?? []), atMs]);
  return byAlert;
}

const keyOf = ({ file, group, name }: Pick<PastTransition, 'file' | 'group' | 'name'>): string => JSON.stringify([file, group, name]);

/** Notifications that told of at least one alert of each rule. */
function pagesByRule(
  transitions: readonly PastTransition[],
  told: readonly { readonly notification: number; readonly alert: string }[],
): ReadonlyMap<string, number> {
  const ruleOf = new Map(transitions.map((one) => [one.alert, keyOf(one)]));
  const notifications = new Map<string, Set<number>>();
  for (const { alert, notification } of told) {
    const rule = ruleOf.get(alert);
    if (rule === undefined) continue;
    const known = notifications.get(rule);
    if (known === undefined) notifications.set(rule, new Set([notification]));
    else known.add(notification);
  }
  return new Map([...notifications].map(([rule, ids]) => [rule, ids.size]));
}

/** Whether any series is stored under matchers; each is looked up once. */
function existsIn({ live }: Parts): (matchers: readonly Matcher[]) => boolean {
  const known = new Map<string, boolean>();
  return (matchers) => {
    const key = matchers.map(({ name, op, value }) => `${name}\u0000${op}\u0000${value}`).join('\u0001');
    const held = known.get(key);
    if (held !== undefined) return held;
    const found = live.labelValues('__name__', matchers).length > 0;
    known.set(key, found);
    return found;
  };
}

/** The labels that rules set themselves, and those of the alerts that there are. */
function labelSetsOf({ rules, alerts }: Parts): Labels[] {
  const own = rules
    .groups()
    .flatMap((group) =>
      group.rules
        .filter(({ kind }) => kind === 'alerting')
        .map(({ name, labels }) =>
          labelsFrom([...[...labelPairs(labels)].filter(([, value]) => !value.includes('{{')), ['alertname', name] as const]),
        ),
    );
  const all = [...own, ...alerts().map(({ labels }) => labels)];
  return [...new Map(all.map((labels) => [labelsKey(labels), labels])).values()];
}

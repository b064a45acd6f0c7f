import { labelValue } from '#core/model/index.ts';
import type { AlertView } from '#core/contract/index.ts';

/** Many alerts at once: probably one cause. */
export interface Storm {
  readonly firing: number;
  readonly recent: number;
  /** The names that most of them have, the most frequent first. */
  readonly names: readonly { readonly name: string; readonly count: number }[];
  /** A label that at least so many of them share: where to look first. */
  readonly shared: { readonly name: string; readonly value: string; readonly count: number } | undefined;
}

/** PagerDuty and the SRE workbook's pager chapter: more than a few pages in a quarter of an hour is beyond a person. */
const stormMin = 30;
const recentMs = 15 * 60_000;
const namesShown = 4;
const sharedMin = 0.6;
const told = new Set(['alertname', 'severity', '__name__']);

/** Undefined while few alerts began lately. */
export function stormOf(alerts: readonly AlertView[], nowMs: number): Storm | undefined {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const recent = firing.filter(({ firedAtMs }) => (firedAtMs ?? 0) > nowMs - recentMs);
  if (recent.length < stormMin) return undefined;
  const names = [...Map.groupBy(recent, ({ labels }) => labelValue(labels, 'alertname'))]
    .map(([name, held]) => ({ name, count: held.length }))
    .sort((a, b) => b.count - a.count);
  return { firing: firing.length, recent: recent.length, names: names.slice(0, namesShown), shared: sharedLabel(recent) };
}

function sharedLabel(alerts: readonly AlertView[]): Storm['shared'] {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels } of alerts)
    for (let i = 0; i < labels.length; i += 2) {
      let values = counts.get(labels[i]!);
      if (values === undefined) counts.set(labels[i]!, (values = new Map<string, number>()));
      values.set(labels[i + 1]!, (values.get(labels[i + 1]!) ?? 0) + 1);
    }
  let best: Storm['shared'];
  for (const [name, values] of counts)
    for (const [value, count] of values)
      if (!told.has(name) && count >= alerts.length * sharedMin && count > (best?.count ?? 0)) best = { name, value, count };
  return best;
}

import { labelPairs, labelValue, matcher, matchesValue, type AlertState, type Matcher, type MatchOp } from '#core/model/index.ts';
import type { AlertGroupView, AlertView } from '#core/contract/index.ts';
import { severityLook } from '../../ui/severity.ts';

/** One word of the filter box: `severity=page`, `job!="api"`, `instance=~"db-.*"`, or free text that any label, or the summary, holds. */
interface Term {
  readonly name: string;
  readonly op: MatchOp | 'text';
  readonly value: string;
}

const termForm = /([a-zA-Z_][a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,{}]+))|"([^"]*)"|([^\s,{}]+)/g;

export function parseFilter(text: string): readonly Term[] {
  return [...text.matchAll(termForm)].map(([, name = '', op, quoted, bare, phrase, word]) =>
    name === ''
      ? { name: '', op: 'text', value: (phrase ?? word ?? '').toLowerCase() }
      : { name, op: op as MatchOp, value: quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '' },
  );
}

/** Whether an alert answers a term. A pattern that is not finished yet takes nothing away. */
function testOf({ name, op, value }: Term): (alert: AlertView) => boolean {
  if (op !== 'text') {
    const one = matcherOf(name, op, value);
    return (alert) => one === undefined || matchesValue(one, labelValue(alert.labels, name));
  }
  return (alert) => wordsOf(alert).includes(value);
}

/** What is looked through for a word; worked out once for each state of an alert. */
const words = new WeakMap<AlertView, string>();
function wordsOf(alert: AlertView): string {
  let text = words.get(alert);
  if (text === undefined) {
    text = [alert.summary, ...[...labelPairs(alert.labels)].map(([, value]) => value)].join('\n').toLowerCase();
    words.set(alert, text);
  }
  return text;
}

function matcherOf(name: string, op: MatchOp, value: string): Matcher | undefined {
  try {
    return matcher(name, op, value);
  } catch {
    return undefined; // Half typed.
  }
}

export interface Wanted {
  readonly state: AlertState | 'all';
  readonly untaken: boolean;
  /** Told to nobody because something keeps it quiet. */
  readonly quiet?: boolean;
  /** Kept quiet by this silence. */
  readonly silence?: string | undefined;
  readonly text: string;
}

export const isQuiet = (alert: AlertView): boolean => alert.silencedBy.length > 0 || alert.inhibitedBy !== undefined || alert.mutedBy.length > 0;

export function filterAlerts(alerts: readonly AlertView[], wanted: Wanted): readonly AlertView[] {
  const tests = parseFilter(wanted.text).map(testOf);
  return alerts.filter(
    (alert) =>
      (wanted.state === 'all' || alert.state === wanted.state) &&
      (wanted.quiet !== true || isQuiet(alert)) &&
      (wanted.silence === undefined || alert.silencedBy.includes(wanted.silence)) &&
      (!wanted.untaken || (alert.state === 'firing' && alert.ack === undefined)) &&
      tests.every((test) => test(alert)),
  );
}

/** What a head says of the alerts below it. */
export interface Head {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  /** Where the alerts are told next, and when; undefined for what no group holds. */
  readonly nextMs: number | undefined;
}

/** A line of the list: the head of a group, or an alert of it. */
export type AlertRow =
  | (Head & {
      readonly kind: 'group';
      readonly alerts: readonly AlertView[];
      readonly firing: number;
      readonly untaken: number;
      readonly open: boolean;
    })
  | { readonly kind: 'alert'; readonly key: string; readonly alert: AlertView; readonly grouped: boolean };

/** Groups of more alerts than this begin closed: in a storm the heads are what a person can take in. */
const openMax = 12;
const stateRank = { firing: 0, pending: 1, resolved: 2 } as const;
const ranks = new WeakMap<AlertView, number>();
function rankOf(alert: AlertView): number {
  let rank = ranks.get(alert);
  if (rank === undefined) ranks.set(alert, (rank = stateRank[alert.state] * 10 + severityLook(alert.severity).rank));
  return rank;
}

const byUrgency = (a: AlertView, b: AlertView): number => rankOf(a) - rankOf(b) || a.activeAtMs - b.activeAtMs;

/** The worst first, then the oldest. What is in this order already is grouped without sorting. */
export function sortAlerts(alerts: readonly AlertView[]): readonly AlertView[] {
  return [...alerts].sort(byUrgency);
}

export const byName = (alert: AlertView): readonly Head[] => {
  const name = labelValue(alert.labels, 'alertname');
  return [{ key: name, title: name, note: '', nextMs: undefined }];
};

/** The heads under which an alert is told: one for each routed group; those that no group holds stand under their state. */
export function byRoute(groups: readonly AlertGroupView[]): (alert: AlertView) => readonly Head[] {
  const heads = new Map<string, Head[]>();
  for (const { key, receiver, labels, alerts, nextMs } of groups) {
    const common = [...labelPairs(labels)].map(([name, value]) => (name === 'alertname' ? value : `${name}=${value}`)).join(', ');
    const head = { key: `${receiver} ${key}`, title: common === '' ? 'All together' : common, note: receiver, nextMs };
    for (const id of alerts) heads.set(id, [...(heads.get(id) ?? []), head]);
  }
  const states = { firing: 'Not routed', pending: 'Pending: not told yet', resolved: 'Resolved' };
  return (alert) => heads.get(alert.id) ?? [{ key: alert.state, title: states[alert.state], note: '', nextMs: undefined }];
}

/**
 * Alerts under their heads, the worst head first and the oldest alert first within it. A head of many shows itself only until it is
 * `opened`, by key. An alert that is alone needs none.
 */
export function groupRows(
  alerts: readonly AlertView[],
  opened: ReadonlyMap<string, boolean>,
  headsOf: (alert: AlertView) => readonly Head[] = byName,
): readonly AlertRow[] {
  const byKey = new Map<string, { readonly head: Head; readonly alerts: AlertView[] }>();
  for (const alert of alerts)
    for (const head of headsOf(alert)) {
      const held = byKey.get(head.key);
      if (held === undefined) byKey.set(head.key, { head, alerts: [alert] });
      else held.alerts.push(alert);
    }
  const groups = [...byKey.values()];
  for (const group of groups) group.alerts.sort(byUrgency);
  groups.sort((a, b) => rankOf(a.alerts[0]!) - rankOf(b.alerts[0]!) || b.alerts.length - a.alerts.length || (a.head.title < b.head.title ? -1 : 1));
  return groups.flatMap(({ head, alerts: held }) => rowsOf(head, held, opened));
}

function rowsOf(head: Head, held: readonly AlertView[], opened: ReadonlyMap<string, boolean>): readonly AlertRow[] {
  const row = (alert: AlertView, grouped: boolean): AlertRow => ({ kind: 'alert', key: `${head.key} ${alert.id}`, alert, grouped });
  if (held.length === 1) return [row(held[0]!, false)];
  const open = opened.get(head.key) ?? held.length <= openMax;
  const firing = held.filter((alert) => alert.state === 'firing');
  const untaken = firing.filter((alert) => alert.ack === undefined).length;
  const top: AlertRow = { ...head, kind: 'group', alerts: held, firing: firing.length, untaken, open };
  return open ? [top, ...held.map((alert) => row(alert, true))] : [top];
}

import { labelPairs, labelValue, matcher, matchesValue, type AlertState, type Labels, type Matcher, type MatchOp } from '#core/model/index.ts';
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

/** What is looked through for a word: worked out once for each label set, and again when its summary changes. */
const words = new WeakMap<Labels, { readonly summary: string; readonly text: string }>();
function wordsOf({ labels, summary }: AlertView): string {
  const known = words.get(labels);
  if (known?.summary === summary) return known.text;
  const parts = [summary];
  for (let i = 1; i < labels.length; i += 2) parts.push(labels[i]!);
  const text = parts.join('\n').toLowerCase();
  words.set(labels, { summary, text });
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
  /** Told to this receiver, as the links of notifications ask. */
  readonly receiver?: string | undefined;
  readonly text: string;
}

const isQuiet = (alert: AlertView): boolean => alert.silencedBy.length > 0 || alert.inhibitedBy !== undefined || alert.mutedBy.length > 0;

export function filterAlerts(alerts: readonly AlertView[], wanted: Wanted): readonly AlertView[] {
  const tests = parseFilter(wanted.text).map(testOf);
  return alerts.filter(
    (alert) =>
      (wanted.state === 'all' || alert.state === wanted.state) &&
      (wanted.quiet !== true || isQuiet(alert)) &&
      (wanted.silence === undefined || alert.silencedBy.includes(wanted.silence)) &&
      (wanted.receiver === undefined || alert.receivers.includes(wanted.receiver)) &&
      (!wanted.untaken || (alert.state === 'firing' && alert.ack === undefined)) &&
      tests.every((test) => test(alert)),
  );
}

/** How many alerts each button above the list would leave. */
export function countAlerts(alerts: readonly AlertView[]): Readonly<Record<AlertState | 'all' | 'quiet' | 'untaken', number>> {
  const counts = { all: alerts.length, firing: 0, pending: 0, resolved: 0, quiet: 0, untaken: 0 };
  for (const alert of alerts) {
    counts[alert.state]++;
    if (alert.state !== 'firing') continue;
    if (isQuiet(alert)) counts.quiet++;
    if (alert.ack === undefined) counts.untaken++;
  }
  return counts;
}

/** What a head says of the alerts below it. */
export interface Head {
  readonly key: string;
  readonly title: string;
  readonly note: string;
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
const rankOf = ({ state, severity }: AlertView): number => stateRank[state] * 10 + severityLook(severity).rank;
/** More than any Unix time in ms, and its product with a rank is still exact. */
const rankWeight = 1e14;

/** The worst first, then the oldest; a list that is in this order already comes back as it is. */
function sortAlerts(alerts: readonly AlertView[]): readonly AlertView[] {
  const urgency = Float64Array.from(alerts, (alert) => rankOf(alert) * rankWeight + alert.activeAtMs);
  if (urgency.every((value, at) => at === 0 || urgency[at - 1]! <= value)) return alerts;
  const order = Uint32Array.from(alerts.keys()).sort((a, b) => urgency[a]! - urgency[b]! || a - b);
  return Array.from(order, (at) => alerts[at]!);
}

export const byName = (alert: AlertView): readonly Head[] => {
  const name = labelValue(alert.labels, 'alertname');
  return [{ key: name, title: name, note: '' }];
};

export const headKey = ({ receiver, key }: AlertGroupView): string => `${receiver} ${key}`;

/** Whether groups hold the same alerts as before; when their next turns come is no part of it. */
export function sameMembers(before: readonly AlertGroupView[], after: readonly AlertGroupView[]): boolean {
  return before.length === after.length && after.every((one, at) => one.alerts === before[at]!.alerts && headKey(one) === headKey(before[at]!));
}

/** The heads under which an alert is told: one for each routed group; those that no group holds stand under their state. */
export function byRoute(groups: readonly AlertGroupView[]): (alert: AlertView) => readonly Head[] {
  const heads = new Map<string, Head[]>();
  for (const group of groups) {
    const common = [...labelPairs(group.labels)].map(([name, value]) => (name === 'alertname' ? value : `${name}=${value}`)).join(', ');
    const head = { key: headKey(group), title: common === '' ? 'All together' : common, note: group.receiver };
    for (const id of group.alerts) {
      const held = heads.get(id);
      if (held === undefined) heads.set(id, [head]);
      else held.push(head);
    }
  }
  const titles = { firing: 'Not routed', pending: 'Pending: not told yet', resolved: 'Resolved' };
  return (alert) => heads.get(alert.id) ?? [{ key: alert.state, title: titles[alert.state], note: '' }];
}

/** Alerts under one head, the most urgent first; never none. */
export interface Group {
  readonly head: Head;
  readonly alerts: readonly AlertView[];
}

/** Every alert under each of its heads. It is done once for each state of the alerts: a filter then only takes away. */
export function groupAlerts(alerts: readonly AlertView[], headsOf: (alert: AlertView) => readonly Head[] = byName): readonly Group[] {
  const byKey = new Map<string, { readonly head: Head; readonly alerts: AlertView[] }>();
  for (const alert of sortAlerts(alerts))
    for (const head of headsOf(alert)) {
      const held = byKey.get(head.key);
      if (held === undefined) byKey.set(head.key, { head, alerts: [alert] });
      else held.alerts.push(alert);
    }
  return [...byKey.values()];
}

/** What is wanted of each group; groups of which nothing is left are left out. */
export function filterGroups(groups: readonly Group[], wanted: Wanted): readonly Group[] {
  return groups.map(({ head, alerts }) => ({ head, alerts: filterAlerts(alerts, wanted) })).filter(({ alerts }) => alerts.length > 0);
}

/** The lines of the list, the worst group first. A head of many shows itself only until it is `opened`, by key. An alert that is alone needs none. */
export function groupRows(groups: readonly Group[], opened: ReadonlyMap<string, boolean>): readonly AlertRow[] {
  return groups
    .toSorted((a, b) => rankOf(a.alerts[0]!) - rankOf(b.alerts[0]!) || b.alerts.length - a.alerts.length || (a.head.title < b.head.title ? -1 : 1))
    .flatMap(({ head, alerts }) => rowsOf(head, alerts, opened));
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

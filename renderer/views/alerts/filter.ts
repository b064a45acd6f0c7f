import { labelPairs, labelValue, type AlertState } from '#core/model/index.ts';
import type { AlertView } from '#core/contract/index.ts';
import { severityLook } from '../../ui/severity.ts';

/** One word of the filter box: `severity=page`, `job!="api"`, or free text that any label, or the summary, holds. */
interface Term {
  readonly name: string;
  readonly op: '=' | '!=' | 'text';
  readonly value: string;
}

const termForm = /([a-zA-Z_][a-zA-Z0-9_.]*)\s*(!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,{}]+))|"([^"]*)"|([^\s,{}]+)/g;

export function parseFilter(text: string): readonly Term[] {
  return [...text.matchAll(termForm)].map(([, name = '', op, quoted, bare, phrase, word]) =>
    name === ''
      ? { name: '', op: 'text', value: (phrase ?? word ?? '').toLowerCase() }
      : { name, op: op as '=' | '!=', value: quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '' },
  );
}

function answers(alert: AlertView, term: Term): boolean {
  if (term.op === '=') return labelValue(alert.labels, term.name) === term.value;
  if (term.op === '!=') return labelValue(alert.labels, term.name) !== term.value;
  if (alert.summary.toLowerCase().includes(term.value)) return true;
  for (const [, value] of labelPairs(alert.labels)) if (value.toLowerCase().includes(term.value)) return true;
  return false;
}

export interface Wanted {
  readonly state: AlertState | 'all';
  readonly untaken: boolean;
  readonly text: string;
}

export function filterAlerts(alerts: readonly AlertView[], wanted: Wanted): readonly AlertView[] {
  const terms = parseFilter(wanted.text);
  return alerts.filter(
    (alert) =>
      (wanted.state === 'all' || alert.state === wanted.state) &&
      (!wanted.untaken || (alert.state === 'firing' && alert.ack === undefined)) &&
      terms.every((term) => answers(alert, term)),
  );
}

/** A line of the list: the head of a group, or an alert of it. */
export type AlertRow =
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly alerts: readonly AlertView[];
      readonly firing: number;
      readonly untaken: number;
      readonly open: boolean;
    }
  | { readonly kind: 'alert'; readonly alert: AlertView; readonly grouped: boolean };

/** Groups of more alerts than this begin closed: in a storm the heads are what a person can take in. */
const openMax = 12;
const stateRank = { firing: 0, pending: 1, resolved: 2 } as const;
const rankOf = (alert: AlertView): number => stateRank[alert.state] * 10 + severityLook(alert.severity).rank;

/**
 * Alerts of one name under one head, the worst group first and the oldest alert first within it; A group of many shows its
 * head only until it is `opened`, by name. An alert that is alone with its name needs no head.
 */
export function groupRows(alerts: readonly AlertView[], opened: ReadonlyMap<string, boolean>): readonly AlertRow[] {
  const groups = [...Map.groupBy(alerts, (alert) => labelValue(alert.labels, 'alertname'))].map(([name, held]) => ({
    name,
    alerts: held.sort((a, b) => rankOf(a) - rankOf(b) || a.activeAtMs - b.activeAtMs),
  }));
  groups.sort((a, b) => rankOf(a.alerts[0]!) - rankOf(b.alerts[0]!) || b.alerts.length - a.alerts.length || (a.name < b.name ? -1 : 1));
  return groups.flatMap(({ name, alerts: held }): AlertRow[] => {
    if (held.length === 1) return [{ kind: 'alert', alert: held[0]!, grouped: false }];
    const open = opened.get(name) ?? held.length <= openMax;
    const firing = held.filter((alert) => alert.state === 'firing');
    const head: AlertRow = {
      kind: 'group',
      name,
      alerts: held,
      firing: firing.length,
      untaken: firing.filter((alert) => alert.ack === undefined).length,
      open,
    };
    return open ? [head, ...held.map((alert): AlertRow => ({ kind: 'alert', alert, grouped: true }))] : [head];
  });
}

/** What a notification template sees: the names and methods that Alertmanager's notification template reference lists. */
import { compareText, formatTime, labelPairs, labelsFrom, type Labels, type UnixMs } from '#core/model/index.ts';
import { goFunction, goStringMap, goStruct, goTime, goZeroTime, type GoObject, type GoValue } from '#core/formats/index.ts';
import type { Notification, NotifiedAlert, NotifyReason } from '../notification.ts';

/** Why a notification is sent, in the words that Alertmanager's receivers get. */
export const reasonText: Readonly<Record<NotifyReason, string>> = {
  first: 'first notification',
  'new-alerts': 'new alerts added',
  'resolved-alerts': 'some alerts resolved',
  'all-resolved': 'all alerts resolved',
  repeat: 'repeat interval elapsed',
};

/** Labels that all of them share with the same value. */
export function commonLabels(sets: readonly Labels[]): Labels {
  const [first = [], ...rest] = sets;
  const pairs = [...labelPairs(first)];
  const others = rest.map((labels) => new Map(labelPairs(labels)));
  return labelsFrom(pairs.filter(([name, value]) => others.every((labels) => labels.get(name) === value)));
}

/** `escape` is put on every text that comes from alerts, for templates that make HTML. */
export function templateData(notification: Notification, externalUrl: string, escape: (text: string) => string = (text) => text): GoObject {
  const alerts = notification.alerts.map((alert) => alertData(alert, escape));
  const of = (status: NotifiedAlert['status']): GoValue => alerts.filter((_, i) => notification.alerts[i]!.status === status);
  return goStruct('*template.Data', {
    Receiver: escape(notification.receiver),
    Status: notification.status,
    Alerts: {
      type: 'template.Alerts',
      items: alerts,
      members: new Map([
        ['Firing', goFunction([], () => of('firing'))],
        ['Resolved', goFunction([], () => of('resolved'))],
      ]),
    },
    GroupLabels: pairsData(notification.groupLabels, escape),
    CommonLabels: pairsData(commonLabels(notification.alerts.map(({ labels }) => labels)), escape),
    CommonAnnotations: pairsData(commonLabels(notification.alerts.map(({ annotations }) => annotations)), escape),
    ExternalURL: externalUrl,
    NotificationReason: reasonText[notification.reason],
    GroupKey: escape(notification.groupKey),
  });
}

function alertData(alert: NotifiedAlert, escape: (text: string) => string): GoObject {
  return goStruct('template.Alert', {
    Status: alert.status,
    Labels: pairsData(alert.labels, escape),
    Annotations: pairsData(alert.annotations, escape),
    StartsAt: goTime(alert.startsMs),
    EndsAt: alert.endsMs === undefined ? goZeroTime() : goTime(alert.endsMs),
    GeneratorURL: escape(alert.generatorUrl),
    Fingerprint: alert.id,
  });
}

/** Go's zero time, which an alert that still fires has as its end. */
const zeroTime = '0001-01-01T00:00:00Z';
/** A time of the JSON that receivers get. */
export function jsonTime(timeMs: UnixMs | undefined): string {
  return timeMs === undefined ? zeroTime : formatTime(timeMs);
}

/** A map of texts with the methods of Alertmanager's KV. */
function pairsData(labels: Labels, escape: (text: string) => string): GoObject {
  const pairs = [...labelPairs(labels)].map(([name, value]) => [escape(name), escape(value)] as const);
  const without = (names: readonly GoValue[]): GoObject => keyValues(pairs.filter(([name]) => !names.includes(name)));
  const keyValues = (of: readonly (readonly [string, string])[]): GoObject => {
    const sorted = of.toSorted(([a], [b]) => Number(b === 'alertname') - Number(a === 'alertname') || compareText(a, b));
    const text = joined(sorted);
    const members = new Map([
      ['SortedPairs', goFunction([], () => pairList(sorted))],
      ['Names', goFunction([], () => sorted.map(([name]) => name))],
      ['Values', goFunction([], () => sorted.map(([, value]) => value))],
      ['Remove', goFunction(['list'], without)],
      ['String', goFunction([], () => text)],
    ]);
    return { ...goStringMap(of, members), text };
  };
  return keyValues(pairs);
}

function pairList(pairs: readonly (readonly [string, string])[]): GoObject {
  const text = joined(pairs);
  return {
    type: 'template.Pairs',
    text,
    items: pairs.map(([Name, Value]) => goStruct('template.Pair', { Name, Value })),
    members: new Map([
      ['Names', goFunction([], () => pairs.map(([name]) => name))],
      ['Values', goFunction([], () => pairs.map(([, value]) => value))],
      ['String', goFunction([], () => text)],
    ]),
  };
}

function joined(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join(', ');
}

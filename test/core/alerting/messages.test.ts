import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../support/folder.ts';
import { alertmanagerMissing, prepareAlertmanager, runAlertmanager } from './support/alertmanager.ts';
import { runOurs } from './support/ours.ts';
import type { Delivery, Timetable } from './support/timetable.ts';

const config = `
route: { receiver: all, group_by: [alertname, team], group_wait: 1s, group_interval: 2s }
receivers:
  - name: all
    webhook_configs:
      - url: 'http://hook/webhook'
      - url: 'http://hook/templated?team={{ .GroupLabels.team }}'
    slack_configs:
      - api_url: 'http://hook/slack-plain'
        send_resolved: true
      - api_url: 'http://hook/slack-full'
        channel: '#{{ .GroupLabels.team }}'
        username: '{{ .Receiver | toUpper }}'
        title: '{{ .CommonLabels.alertname }} <{{ .Status }}>'
        text: '{{ range .Alerts }}{{ .Labels.SortedPairs.Values | join "," }}: {{ .Annotations.summary | reReplaceAll "d(.)wn" "u$1p" }}{{ "\\n" }}{{ end }}'
        pretext: '{{ (index .Alerts 0).Labels.Remove (stringSlice "alertname" "team") }}'
        footer: '{{ with .CommonAnnotations.runbook }}{{ . }}{{ else }}none{{ end }}'
        fields: [{ title: Firing, value: '{{ .Alerts.Firing | len }}' }, { title: T, value: '{{ title .Status }}', short: true }]
        short_fields: true
        actions:
          - { type: button, text: 'Go {{ .GroupLabels.team }}', url: '{{ .ExternalURL }}/x', style: primary }
          - { type: button, text: Ack, name: ack, value: '{{ .Status }}', confirm: { text: 'Sure?', ok_text: 'Yes' } }
        mrkdwn_in: [text]
        link_names: true
        icon_emoji: ':fire:'
        image_url: 'http://img/{{ .GroupLabels.alertname | urlquery }}'
        message_text: 'hello'
    pagerduty_configs:
      - url: 'http://hook/pagerduty-plain'
        routing_key: key
      - url: 'http://hook/pagerduty-full'
        routing_key: key
        severity: '{{ if .CommonLabels.severity }}{{ .CommonLabels.severity }}{{ end }}'
        class: '{{ .GroupLabels.alertname }}'
        component: disk
        group: '{{ .GroupLabels.team }}'
        source: box
        client: Us
        client_url: 'http://us/{{ .GroupLabels.team }}'
        description: '{{ template "pagerduty.default.description" . }}!'
        details: { firing: 'own', extra: '{{ .CommonAnnotations.summary }}' }
        images: [{ src: 'http://i', alt: '{{ .Status }}', href: 'http://h' }]
        links: [{ href: 'http://l', text: '{{ .Status }}' }]
`;

const timetable: Timetable = {
  startMs: Date.UTC(2026, 0, 5),
  config,
  steps: [
    {
      atMs: 0,
      verb: 'fire',
      name: 'a',
      labels: { alertname: 'Down & "out"', team: 'db', severity: 'critical', instance: '1' },
      annotations: { summary: 'it is down', runbook: 'http://r' },
      forMs: undefined,
    },
    {
      atMs: 0,
      verb: 'fire',
      name: 'b',
      labels: { alertname: 'Down & "out"', team: 'db', severity: 'critical', instance: '2', zone: 'ü' },
      annotations: { summary: 'it is down', runbook: 'http://r' },
      forMs: undefined,
    },
    { atMs: 1500, verb: 'resolve', name: 'a' },
  ],
  expected: [],
  untilMs: 4000,
};

/**
 * What differs by right: times, their names for one alert and one incident. And in PagerDuty's details Alertmanager reads texts within JSON
 * once more as YAML, so that "1" becomes a number and an empty text nothing: a label stays text with us.
 */
function comparable({ receiver, body }: Delivery): unknown {
  const drop = new Set(['startsAt', 'endsAt', 'fingerprint', 'dedup_key']);
  const retype = (value: unknown): unknown => (value === '' ? null : /^\d+$/.test(String(value)) ? Number(value) : value);
  const pagerduty = receiver.startsWith('pagerduty');
  const replace = (name: string, value: unknown): unknown => (drop.has(name) ? undefined : pagerduty ? retype(value) : value);
  return { receiver, body: JSON.parse(JSON.stringify(body, replace)) as unknown };
}

function byReceiver(deliveries: readonly Delivery[]): unknown[] {
  const place = ({ receiver, atMs }: Delivery): string => `${receiver} ${String(atMs).padStart(8)}`;
  return deliveries.toSorted((a, b) => (place(a) < place(b) ? -1 : 1)).map(comparable);
}

describe.skipIf(alertmanagerMissing !== '')(`messages beside a real Alertmanager's${alertmanagerMissing}`, () => {
  test('webhook, Slack and PagerDuty get the same JSON', async () => {
    const folder = tempFolder();
    const theirs = await runAlertmanager(prepareAlertmanager(folder), timetable, mkdtempSync(join(folder, 'run-')));
    const ours = await runOurs(timetable, folder);
    expect(byReceiver(ours)).toEqual(byReceiver(theirs));
    expect(ours.length).toBe(11);
  });
});

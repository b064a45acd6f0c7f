/** Templates of notifications beside Alertmanager's own rendering of them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Templates, type Notification } from '#core/alerting/index.ts';
import { templateData } from '#core/alerting/notify/data.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { hasPeer, peerProgram } from '../../support/peer-programs.ts';
import { tempFolder } from '../../support/folder.ts';

const nowMs = Date.UTC(2026, 6, 5, 4);
const amtool = peerProgram('amtool');
const dataFile = join(import.meta.dirname, 'templates.json');

type Texts = Record<string, string>;
interface Data {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly externalURL: string;
  readonly groupKey: string;
  readonly groupLabels: Texts;
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Texts;
    readonly annotations: Texts;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
}

const data = JSON.parse(readFileSync(dataFile, 'utf8')) as Data;
const notification: Notification = {
  key: 'k',
  atMs: nowMs,
  receiver: data.receiver,
  status: data.status,
  reason: 'first',
  groupKey: data.groupKey,
  groupLabels: labelsFromRecord(data.groupLabels),
  alerts: data.alerts.map((alert) => ({
    id: alert.fingerprint,
    status: alert.status,
    labels: labelsFromRecord(alert.labels),
    annotations: labelsFromRecord(alert.annotations),
    startsMs: Date.parse(alert.startsAt),
    endsMs: alert.status === 'resolved' ? Date.parse(alert.endsAt) : undefined,
    generatorUrl: alert.generatorURL,
  })),
};

const cases = [...readFileSync(join(import.meta.dirname, 'templates.txt'), 'utf8').matchAll(/^(.+)\n=> (.+)$/gm)].map(([, text, made]) => ({
  text: text!,
  made: made === 'refused' ? undefined : (JSON.parse(made!) as string),
}));

function ours(text: string): string | undefined {
  try {
    return new Templates().render(text, templateData(notification, data.externalURL), nowMs);
  } catch {
    return undefined;
  }
}

describe('templates as Alertmanager renders them', () => {
  test.each(cases)('$text', ({ text, made }) => {
    expect(ours(text)).toBe(made);
  });

  test('how long ago something was is a duration, as Go prints it', () => {
    expect(ours('{{ since (index .Alerts 1).StartsAt }} {{ (since (index .Alerts 2).EndsAt).Hours | printf "%.1f" }}')).toBe('59m59.877s 4345.5');
    expect(ours('{{ since (index .Alerts 2).EndsAt | humanizeDuration }}')).toBe('181d 1h 30m 0s');
  });
});

test.skipIf(!hasPeer('amtool'))('what is written here of Alertmanager is what it does', { timeout: 60_000 }, () => {
  const glob = join(tempFolder(), 'none.tmpl');
  writeFileSync(glob, '');
  const theirs = (text: string): string | undefined => {
    const args = ['template', 'render', `--template.data=${dataFile}`, `--template.text=${text}`, `--template.glob=${glob}`];
    try {
      return execFileSync(amtool, args, { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, TZ: 'UTC' } }).replace(/\n$/, '');
    } catch {
      return undefined;
    }
  };
  expect(cases.map(({ text }) => ({ text, made: theirs(text) }))).toEqual(cases);
});

import { describe, expect, test } from 'vitest';
import { replayPages, type ToldAlerts } from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { labelValue, type AlertState } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { open, ruleAlert } from './support/bench.ts';

const minute = 60_000;
const hour = 60 * minute;
const startMs = Date.UTC(2026, 0, 5, 3);
const config = parseAlertmanagerConfig(
  `route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 4h
  routes: [{matchers: ['severity="page"'], receiver: on-call}]
inhibit_rules:
  - {source_matchers: ['alertname="ClusterDown"'], target_matchers: ['severity="page"'], equal: [cluster]}
receivers: [{name: team, log_configs: [{}]}, {name: on-call, log_configs: [{}]}]
`,
  'alertmanager.yml',
);

type Step = readonly [atMs: number, labels: Record<string, string>, state: AlertState];
const page = (host: string): Record<string, string> => ({ alertname: 'Down', severity: 'page', cluster: 'a', host });
const cluster = { alertname: 'ClusterDown', cluster: 'a' };

const stories: Record<string, readonly Step[]> = {
  'a group, a newcomer, the end': [
    [0, page('1'), 'firing'],
    [10_000, page('2'), 'firing'],
    [2 * minute, page('3'), 'firing'],
    [20 * minute, page('1'), 'resolved'],
    [20 * minute, page('2'), 'resolved'],
    [21 * minute, page('3'), 'resolved'],
  ],
  reminders: [[0, page('1'), 'firing']],
  'inhibited, then on its own': [
    [0, cluster, 'firing'],
    [minute, page('1'), 'firing'],
    [hour, cluster, 'resolved'],
  ],
  'gone within the wait': [
    [0, page('1'), 'firing'],
    [20_000, page('1'), 'resolved'],
  ],
};

describe('a replay tells what the alerting half told when it ran', () => {
  test.each(Object.entries(stories))('%s', async (_name, steps) => {
    const live = open({ config, clock: new ManualClock(startMs) });
    const told: ToldAlerts[] = [];
    for (const [atMs, labels, state] of steps) {
      await live.clock.advance(startMs + atMs - live.clock.now());
      const alerts = [ruleAlert(labels, state, live.clock)];
      live.alerting.put(alerts);
      told.push({ timeMs: live.clock.now(), alerts });
    }
    await live.clock.advance(startMs + 9 * hour - live.clock.now());
    const pages = await replayPages({ config, told, startMs, endMs: startMs + 9 * hour });
    const line = (one: {
      atMs: number;
      receiver: string;
      reason: string;
      alerts: readonly { status: string; labels: readonly string[] }[];
    }): string =>
      `${(one.atMs - startMs) / 1000} ${one.receiver} ${one.reason} ${one.alerts.map(({ status, labels }) => `${status} ${labelValue(labels, 'host')}`).join()}`;
    expect(pages.map(line)).toEqual(live.sent.map(line));
    if (_name === 'inhibited, then on its own') expect(pages.map(line)).toContain('3690 on-call first firing 1');
    if (_name === 'reminders')
      expect(pages.map(line)).toEqual(['30 on-call first firing 1', '14430 on-call repeat firing 1', '28830 on-call repeat firing 1']);
  });

  test('what came before the start counts and is not told', async () => {
    const clock = new ManualClock(startMs - hour);
    const told = [{ timeMs: clock.now(), alerts: [ruleAlert(page('1'), 'firing', clock)] }];
    const pages = await replayPages({ config, told, startMs, endMs: startMs + 4 * hour });
    expect(pages.map(({ atMs, reason }) => [(atMs - startMs) / minute, reason])).toEqual([[180.5, 'repeat']]);
  });

  test('can be cancelled', async () => {
    const clock = new ManualClock(startMs);
    const told = [{ timeMs: startMs, alerts: [ruleAlert(page('1'), 'firing', clock)] }];
    await expect(replayPages({ config, told, startMs, endMs: startMs + hour, signal: AbortSignal.abort() })).rejects.toThrow('cancelled');
  });
});

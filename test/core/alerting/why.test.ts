import { describe, expect, test } from 'vitest';
import type { Send } from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { labelsFromRecord, matcher } from '#core/model/index.ts';
import { open, ruleAlert, type Bench } from './support/bench.ts';

const config = parseAlertmanagerConfig(
  `route:
  receiver: team
  group_by: [alertname]
  group_wait: 30s
  routes:
    - matchers: [severity="info"]
      receiver: nowhere
    - matchers: [team="night"]
      mute_time_intervals: [nights]
inhibit_rules:
  - source_matchers: [severity="critical"]
    target_matchers: [severity="warning"]
    equal: [cluster]
receivers:
  - name: team
    log_configs: [{}]
  - name: nowhere
time_intervals:
  - name: nights
    time_intervals: [{ times: [{ start_time: '00:00', end_time: '06:00' }] }]
`,
  'alertmanager.yml',
);

function fire(bench: Bench, labels: Record<string, string>): string {
  const alert = ruleAlert(labels, 'firing', bench.clock);
  bench.alerting.put([alert]);
  return alert.id;
}

describe('why was I (not) paged?', () => {
  test('told, at any time: before its turn, after it, and after its end', async () => {
    const bench = open({ config });
    const { alerting, clock } = bench;
    const id = fire(bench, { alertname: 'Down' });
    const startMs = clock.now();
    await clock.advance(60_000);
    const after = alerting.why(id, clock.now());
    expect(after).toMatchObject({
      paged: true,
      receivers: [{ receiver: 'team', outcome: 'told', atMs: startMs + 30_000, place: 'alertmanager.yml:2' }],
    });
    expect(after.answer).toMatch(/^Paged: team was told \(log\/0\) at 2026-01-05T03:00:30Z; the next reminder is due after 2026-01-05T07:00:30Z\.$/);
    expect(after.record.map(({ kind }) => kind)).toEqual(['firing', 'routed', 'notify', 'sent']);
    expect(alerting.why(id, startMs + 10_000)).toMatchObject({ paged: false, receivers: [{ outcome: 'waiting' }] });
    alerting.put([ruleAlert({ alertname: 'Down' }, 'resolved', clock)]);
    expect(alerting.why(id, clock.now()).answer).toMatch(/^Not paged: Down is over: its condition no longer holds at/);
  });

  test('inhibited, with the alert that explains it and the line of the rule', async () => {
    const bench = open({ config });
    fire(bench, { alertname: 'ClusterDown', severity: 'critical', cluster: 'a' });
    const id = fire(bench, { alertname: 'Slow', severity: 'warning', cluster: 'a' });
    await bench.clock.advance(60_000);
    const why = bench.alerting.why(id, bench.clock.now());
    expect(why).toMatchObject({ paged: false, receivers: [{ outcome: 'inhibited', place: 'alertmanager.yml:11' }] });
    expect(why.answer).toBe('Not paged: team was not told: kept back because ClusterDown fires.');
  });

  test('silenced, by whom and until when', async () => {
    const bench = open({ config });
    const { alerting, clock } = bench;
    const times = { startsMs: clock.now(), endsMs: clock.now() + 3_600_000 };
    alerting.setSilence({ matchers: [matcher('alertname', '=', 'Down')], ...times, createdBy: 'ada', comment: 'disk swap' });
    const id = fire(bench, { alertname: 'Down' });
    await clock.advance(60_000);
    expect(alerting.why(id, clock.now()).answer).toBe('Not paged: team was not told: silenced by ada until 2026-01-05T04:00:00Z: disk swap.');
  });

  test('muted by time, and routed to nobody', async () => {
    const bench = open({ config });
    const muted = fire(bench, { alertname: 'Batch', team: 'night' });
    const nobody = fire(bench, { alertname: 'Note', severity: 'info' });
    await bench.clock.advance(60_000);
    expect(bench.alerting.why(muted, bench.clock.now()).receivers).toMatchObject([{ outcome: 'muted', place: 'alertmanager.yml:8' }]);
    expect(bench.alerting.why(nobody, bench.clock.now()).receivers).toMatchObject([{ outcome: 'nobody', place: 'alertmanager.yml:6' }]);
    expect(
      bench.alerting
        .unroutable([
          ['severity', 'info'],
          ['alertname', 'Down'],
        ])
        .map(({ place }) => place),
    ).toEqual(['alertmanager.yml:6', 'alertmanager.yml:2']);
  });

  test('not delivered, with the error', async () => {
    const send: Send = () => Promise.resolve({ ok: false, retry: true, error: 'connection refused' });
    const bench = open({ config, send });
    const id = fire(bench, { alertname: 'Down' });
    await bench.clock.advance(60_000);
    const why = bench.alerting.why(id, bench.clock.now());
    expect(why).toMatchObject({ paged: false, receivers: [{ outcome: 'undelivered' }] });
    expect(why.answer).toMatch(/did not succeed in \d+ attempts: connection refused/);
  });

  test('what never fired is answered with what would have been', async () => {
    const bench = open({ config });
    const slow = labelsFromRecord({ alertname: 'Slow', severity: 'warning', cluster: 'a' });
    const nowMs = bench.clock.now();
    expect(bench.alerting.why(slow, nowMs).answer).toMatch(
      /no alert {alertname="Slow".*} had fired by .* Had it fired: team would be told after 30s/,
    );
    fire(bench, { alertname: 'ClusterDown', severity: 'critical', cluster: 'a' });
    expect(bench.alerting.why(slow, nowMs).receivers).toMatchObject([{ outcome: 'inhibited', why: 'would be kept back because ClusterDown fires' }]);
    expect(() => bench.alerting.why('0000000000000000', nowMs)).toThrow(/knows no alert/);
    bench.alerting.put([ruleAlert({ alertname: 'Slow', severity: 'warning', cluster: 'a' }, 'pending', bench.clock)]);
    expect(bench.alerting.why(slow, nowMs).answer).toMatch(/was pending since/);
  });
});

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Forwarder } from '#core/alerting/index.ts';
import { parseSignalboxConfig } from '#core/formats/index.ts';
import { AlertmanagerTargets, Outgoing, relabel } from '#core/intake/index.ts';
import { labelsFromRecord, withLabel } from '#core/model/index.ts';
import { alertmanagerMissing, prepareAlertmanager, workingFolder } from '../alerting/support/alertmanager.ts';
import { ruleAlert } from '../alerting/support/bench.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { freePort } from '../../support/peers.ts';

const read = (text: string): ReturnType<typeof parseSignalboxConfig> => parseSignalboxConfig(text, 'prometheus.yml');

describe('alertmanagers of a prometheus.yml', () => {
  test('are found by address and by file, relabelled, under their prefix', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'am.yml'), '- targets: [am-2:9093, drop:9093]\n');
    const { forwarding, warnings } = read(`
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers:
    - scheme: https
      path_prefix: /team/
      timeout: 5s
      basic_auth: {username: bot, password: sesam}
      static_configs: [{targets: [am-1:9093]}]
      file_sd_configs: [{files: [am.yml]}]
      relabel_configs: [{source_labels: [__address__], regex: 'drop:.*', action: drop}]
`);
    expect(warnings).toEqual([]);
    const clock = new ManualClock();
    const found = new AlertmanagerTargets(forwarding.managers[0]!, clock, folder);
    onTestFinished(() => found.stop());
    expect(found.targets).toMatchObject([{ url: 'https://am-1:9093/team/api/v2/alerts', timeoutMs: 5000, http: { basicAuth: { username: 'bot' } } }]);
    for (let tries = 0; found.targets.length < 2 && tries < 500; tries++) await sleep(2);
    expect(found.targets.map(({ url }) => url)).toEqual(['https://am-1:9093/team/api/v2/alerts', 'https://am-2:9093/team/api/v2/alerts']);
    expect(found.problems).toEqual([]);
    expect(relabel(labelsFromRecord({ alertname: 'X', replica: 'a' }), forwarding.alertRelabel)).toEqual(['alertname', 'X']);
  });

  test('relabelling sees and sets what it does in Prometheus', async () => {
    const { forwarding } = read(`
alerting:
  alertmanagers:
    - path_prefix: am
      static_configs:
        - targets: [one:9093, two:9093]
          labels: {__scheme__: https, tenant: blue}
        - targets: [three:9093]
      relabel_configs:
        - {source_labels: [__alerts_path__], regex: '/am/(.*)', target_label: __alerts_path__, replacement: '/blue/$1'}
        - {source_labels: [__address__, tenant], separator: ';', regex: 'two:.*;blue', target_label: __address__, replacement: 'second:1'}
        - {source_labels: [__address__], regex: 'three:.*', target_label: __address__, replacement: 'bad address'}
        - {source_labels: [__metrics_path__], regex: '.+', action: drop}
`);
    const found = new AlertmanagerTargets(forwarding.managers[0]!, new ManualClock(), tempFolder());
    onTestFinished(() => found.stop());
    expect(found.targets.map(({ url }) => url)).toEqual(['https://one:9093/blue/api/v2/alerts', 'https://second:1/blue/api/v2/alerts']);
    expect(found.problems).toEqual(['alerting: relabelling left "http://bad address/blue/api/v2/alerts", which is no address of an Alertmanager']);
  });

  test('an entry that wants requests signed gets none, and that is said', () => {
    const { forwarding, warnings } = read("alerting: {alertmanagers: [{sigv4: {region: x}, static_configs: [{targets: ['a:1']}]}]}");
    expect(forwarding.managers).toEqual([]);
    expect(warnings.join()).toContain('sigv4 of an Alertmanager is not yet supported: no alert is forwarded to this entry');
  });

  test.each([
    ['', '/api/v2/alerts'],
    ['path_prefix: am', '/am/api/v2/alerts'],
  ])('a path without and with a prefix: %s', (field, path) => {
    const { managers } = read(`alerting: {alertmanagers: [{static_configs: [{targets: ['a:1']}]${field === '' ? '' : `, ${field}`}}]}`).forwarding;
    expect(managers[0]!.discovery.metricsPath).toBe(path);
  });

  test.each([
    ['api_version: v1', /not one of v2/],
    ['tiemout: 5s', /tiemout/],
    ['metrics_path: /x', /metrics_path/],
  ])('is refused: %s', (field, reason) => {
    expect(() => read(`alerting: {alertmanagers: [{${field}, static_configs: [{targets: ['a:1']}]}]}`)).toThrow(reason);
  });
});

test.skipIf(alertmanagerMissing !== '')(
  'a real Alertmanager takes what is forwarded, with external labels, until it is over',
  async () => {
    const folder = tempFolder();
    const port = await freePort();
    writeFileSync(join(folder, 'am.yml'), 'route: {receiver: none}\nreceivers: [{name: none}]\n');
    const args = [`--config.file=${join(folder, 'am.yml')}`, `--storage.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`];
    const child = spawn(prepareAlertmanager(folder), [...args, '--cluster.listen-address=', '--web.route-prefix=/am'], {
      stdio: 'ignore',
      cwd: workingFolder(folder),
    });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await new Promise((done) => child.once('exit', done));
    });
    const url = `http://127.0.0.1:${port}/am`;
    const answers = async (): Promise<{ labels: Record<string, string>; endsAt: string }[]> =>
      (await fetch(`${url}/api/v2/alerts`)).json() as Promise<{ labels: Record<string, string>; endsAt: string }[]>;
    for (let tries = 0; tries < 200; tries++) {
      if (
        await fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        break;
      await sleep(50);
    }
    const clock = new ManualClock(Date.now() - 60_000);
    const { forwarding } = read(`alerting: {alertmanagers: [{path_prefix: am, static_configs: [{targets: ['127.0.0.1:${port}']}]}]}`);
    const found = new AlertmanagerTargets(forwarding.managers[0]!, clock, folder);
    const outgoing = new Outgoing(clock, () => folder);
    const forwarder = new Forwarder({
      clock,
      http: (call) => outgoing.post(call),
      readSecret: () => Promise.resolve(''),
      targets: () => found.targets.map((target) => ({ ...target, prepare: (labels) => withLabel(labels, 'cluster', 'a') })),
      graphUrl: () => 'http://localhost/graph?g0.expr=up',
    });
    onTestFinished(async () => {
      forwarder.stop();
      await found.stop();
      await outgoing.close();
    });
    const down = ruleAlert({ alertname: 'Down', job: 'api' }, 'firing', clock);
    forwarder.put([down]);
    await clock.advance(1000);
    for (let tries = 0; forwarder.states[0]!.sentCount === 0 && tries < 500; tries++) await sleep(10);
    expect(forwarder.states).toEqual([{ url: `${url}/api/v2/alerts`, sentCount: 1, failedCount: 0, lastError: '' }]);
    expect(await answers()).toMatchObject([{ labels: { alertname: 'Down', job: 'api', cluster: 'a' } }]);
    forwarder.put([{ ...down, state: 'resolved', resolvedAtMs: clock.now() }]);
    await clock.advance(1000);
    for (let tries = 0; forwarder.states[0]!.sentCount === 1 && tries < 500; tries++) await sleep(10);
    const after = await answers();
    expect(after.filter(({ endsAt }) => Date.parse(endsAt) > Date.now())).toEqual([]);
  },
  40_000,
);

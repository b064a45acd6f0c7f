import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answerAlertmanagerApi, silenceState, type Alerting } from '#core/alerting/index.ts';
import { parseAlertmanagerConfig } from '#core/formats/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { peerProgram } from '../../support/peer-programs.ts';
import { open } from './support/bench.ts';

const amtool = peerProgram('amtool');
const missing = existsSync(amtool) ? '' : ` (skipped: ${amtool} is not installed)`;

const configText = `
global: { slack_api_url: 'https://hooks.example/secret' }
route:
  receiver: everybody
  group_by: [alertname]
  routes:
    - matchers: [team="db"]
      receiver: db
receivers:
  - name: everybody
    slack_configs: [{ channel: '#alerts' }]
  - name: db
    webhook_configs:
      - url: http://127.0.0.1:9/hidden-token
        http_config:
          basic_auth: { username: u, password: "s3cret" }
`;

/** Serves the API on a port of its own, for as long as the test runs. */
async function serve(alerting: Alerting): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [path, query = ''] = (request.url ?? '').split('?') as [string, string?];
      const made = { port: 'app', method: request.method ?? '', path, query, headers: {}, body: Buffer.concat(chunks) } as const;
      const answer = answerAlertmanagerApi(alerting, made, { startedMs: alerting.now(), version: '0.33.1' });
      response.writeHead(answer?.status ?? 404, answer?.headers).end(answer?.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function started(): Promise<{ alerting: Alerting; run: (...args: string[]) => Promise<string> }> {
  const config = parseAlertmanagerConfig(configText, 'alertmanager.yml');
  // A minute ahead, so that what amtool calls now has begun.
  const { alerting } = open({ config, clock: new ManualClock(Date.now() + 60_000) });
  const url = await serve(alerting);
  const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(amtool, [`--alertmanager.url=${url}`, ...args])).stdout.trim();
  return { alerting, run };
}

describe.skipIf(missing !== '')(`amtool${missing}`, () => {
  test('adds, lists and filters alerts', async () => {
    const { alerting, run } = await started();
    await run('alert', 'add', 'alertname=Down', 'team=db', 'node=1', '--annotation=summary=it is down');
    await run('alert', 'add', 'alertname=Full', 'node=2');
    expect(alerting.alerts().map(({ alert }) => alert.labels)).toEqual([
      ['alertname', 'Down', 'node', '1', 'team', 'db'],
      ['alertname', 'Full', 'node', '2'],
    ]);
    expect(await run('alert', 'query', '-o', 'simple')).toMatch(/Down .*it is down +active/);
    expect(await run('alert', 'query', 'team=db', '-o', 'json')).toMatch(/"receivers":\[\{"name":"db"\}\]/);
    expect(JSON.parse(await run('alert', 'query', '-r', 'every.*', '-o', 'json'))).toHaveLength(1);
  });

  test('creates, shows, changes and ends silences', async () => {
    const { alerting, run } = await started();
    await run('alert', 'add', 'alertname=Down', 'team=db');
    const id = await run('silence', 'add', 'team=db', 'alertname=~"D.*"', '--author=ada', '--comment=known', '--duration=2h');
    expect(alerting.silence(id)).toMatchObject({ createdBy: 'ada', comment: 'known' });
    expect(alerting.alerts()[0]).toMatchObject({ state: 'suppressed', silencedBy: [id] });
    expect(await run('silence', 'query', '-q')).toBe(id);
    expect(await run('alert', 'query', '-s', '-o', 'simple')).toMatch(/suppressed/);
    await run('silence', 'update', '--duration=3h', id);
    const before = alerting.silence(id)!;
    expect(before.endsMs - before.startsMs).toBe(3 * 3_600_000);
    await run('silence', 'expire', id);
    expect(silenceState(alerting.silence(id)!, alerting.now())).toBe('expired');
    expect(alerting.alerts()[0]?.state).toBe('active');
  });

  test('shows the configuration without its secrets, and routes with it', async () => {
    const { run } = await started();
    const shown = await run('config', 'show');
    expect(shown).toContain('password: "<secret>"');
    expect(shown).not.toMatch(/s3cret|hidden-token|hooks\.example/);
    expect(await run('config', 'routes', 'test', 'team=db')).toBe('db');
    expect(await run('config', 'routes', 'test', 'team=web')).toBe('everybody');
    expect(await run('cluster', 'show')).toMatch(/disabled/);
  });

  test('what is refused is said in one sentence', async () => {
    const { run } = await started();
    await expect(run('silence', 'add', 'team=~".*"', '--author=a', '--comment=c')).rejects.toThrow(/silence everything/);
    await expect(run('silence', 'expire', 'nothing-there')).rejects.toThrow(/404|no silence/i);
    await expect(run('alert', 'query', '-o', 'json', '-r', '(')).rejects.toThrow(/400|regular expression/);
  });

  test('agrees that the file is good', async () => {
    const path = join(tempFolder(), 'alertmanager.yml');
    writeFileSync(path, configText);
    expect((await promisify(execFile)(amtool, ['check-config', path])).stdout).toMatch(/SUCCESS/);
  });
});

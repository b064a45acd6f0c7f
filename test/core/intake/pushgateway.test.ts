import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Gauge, Pushgateway, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';

const path = '/metrics/job/backup/host/db1';
const run = promisify(execFile);

/** Without the two series that every group has. */
const samples = (scene: ReceiveScene): string[] => scene.samples('.*').filter((line) => !line.startsWith('push_'));

describe('pushes', () => {
  test('PUT replaces the group, POST the metrics of the same name, DELETE all', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    const send = async (body: string, method: string): Promise<void> => {
      clock.jump(1000);
      expect((await scene.send(path, body, {}, method)).status).toBe(method === 'DELETE' ? 202 : 200);
    };
    await send('# TYPE a gauge\na{x="1"} 1\na{x="2"} 2\nb 3\n', 'PUT');
    await send('a{x="3"} 4\n', 'POST');
    await send('c 5\n', 'PUT');
    await send('', 'DELETE');
    await send('', 'DELETE');
    expect(samples(scene)).toEqual([
      'a{host="db1", job="backup", x="1"}: 1 stale',
      'a{host="db1", job="backup", x="2"}: 2 stale',
      'a{host="db1", job="backup", x="3"}: 4 stale',
      'b{host="db1", job="backup"}: 3 stale',
      'c{host="db1", job="backup"}: 5 stale',
    ]);
    expect(scene.receiver.pushedGroups()).toEqual([]);
    expect(scene.account('pushgateway')).toEqual({ received: 5 + 3 * 2, stored: 5 + 3 * 2 });
  });

  test('what was pushed is said again until it is deleted, and the groups are listed', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    await scene.send(path, 'a 1\n', {}, 'PUT');
    const pushedMs = clock.now();
    await clock.advance(45_000);
    expect(scene.samples('a')).toEqual(['a{host="db1", job="backup"}: 1 1 1 1']);
    expect(scene.samples('push_time_seconds')[0]).toBe(
      `push_time_seconds{host="db1", job="backup"}: ${Array.from({ length: 4 }, () => pushedMs / 1000).join(' ')}`,
    );
    expect(scene.receiver.pushedGroups()).toEqual([{ labels: ['host', 'db1', 'job', 'backup'], pushedMs, failedMs: 0, seriesCount: 1 }]);
    clock.jump(1000);
    await scene.send(path, '', {}, 'DELETE');
    await clock.advance(60_000);
    expect(scene.samples('a')).toEqual(['a{host="db1", job="backup"}: 1 1 1 1 stale']);
  });

  test('the labels of the path win', async () => {
    const scene = new ReceiveScene(new ManualClock());
    await scene.send('/metrics/job/a%2Fb/path@base64/L3Zhci90bXA', 'm{job="x",path="y",z="1"} 1\n', {}, 'POST');
    expect(samples(scene)).toEqual(['m{job="a/b", path="/var/tmp", z="1"}: 1']);
  });

  test.each([
    ['/metrics/job/x/y', 'a 1\n', 400, 'the path must give every grouping label a value'],
    ['/metrics/job/', 'a 1\n', 400, 'the job in the path must not be empty'],
    ['/metrics/job/x/a-b/1', 'a 1\n', 400, '"a-b" is not a grouping label'],
    ['/metrics/job/x/__y/1', 'a 1\n', 400, '"__y" is not a grouping label'],
    ['/metrics/job/x/y/1/y/2', 'a 1\n', 400, 'the grouping label y stands twice'],
    ['/metrics/job/%ff', 'a 1\n', 400, 'not percent-encoded UTF-8'],
    ['/metrics/job@base64/***', 'a 1\n', 400, 'not base64url'],
    ['/metrics/job/x', 'a 1\nb\n', 400, 'the body cannot be read; line 2: a value is expected'],
    ['/metrics/job/x', 'a 1 1700000000000\n', 400, 'a has a time; pushed metrics must not have any'],
    ['/metrics/job/x', 'a 1\na 2\n', 400, 'a stands twice with the same labels'],
    ['/metrics/job/x', 'a 1\n'.repeat(50_001), 413, 'a push may hold 50000 samples'],
  ])('%s %j is refused whole', async (at, body, status, sentence) => {
    const scene = new ReceiveScene(new ManualClock());
    const answer = await scene.send(at, body, {}, 'PUT');
    expect([answer.status, String(answer.body)]).toEqual([status, expect.stringContaining(sentence)]);
    expect(samples(scene)).toEqual([]);
  });

  test('protobuf is named as not there yet, another method is not taken', async () => {
    const scene = new ReceiveScene(new ManualClock());
    const type = { 'content-type': 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited' };
    expect((await scene.send(path, '', type)).status).toBe(501);
    expect((await scene.send(path, '', {}, 'PATCH')).status).toBe(405);
    expect((await scene.send('/metrics/jobs/x', '', {}, 'PUT')).status).toBe(404);
  });
});

describe('real clients', () => {
  test('curl', async () => {
    const scene = new ReceiveScene();
    const url = await scene.listen();
    const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--data-binary', 'backup_seconds 12.5\n', `${url}${path}`]);
    expect(stdout).toBe('200');
    expect(samples(scene)).toEqual(['backup_seconds{host="db1", job="backup"}: 12.5']);
    await run('curl', ['-s', '-X', 'DELETE', `${url}${path}`]);
    expect(scene.receiver.pushedGroups()).toEqual([]);
  });

  test('prom-client', async () => {
    const scene = new ReceiveScene();
    const registry = new Registry();
    new Gauge({ name: 'rows', help: 'Rows read.', labelNames: ['table'], registers: [registry] }).set({ table: 'users' }, 42);
    const gateway = new Pushgateway(await scene.listen(), {}, registry);
    await gateway.push({ jobName: 'import', groupings: { host: 'a' } });
    expect(samples(scene)).toEqual(['rows{host="a", job="import", table="users"}: 42']);
    expect(scene.store.metadata().get('rows')).toMatchObject({ type: 'gauge', help: 'Rows read.' });
    await gateway.delete({ jobName: 'import', groupings: { host: 'a' } });
    expect(scene.receiver.pushedGroups()).toEqual([]);
  });
});

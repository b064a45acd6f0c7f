import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Gauge, Pushgateway, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { proto, type Field } from '../../support/proto-writer.ts';
import { tempFolder } from '../../support/folder.ts';
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

  test('the times of pushes are ours, whatever is pushed under their names', async () => {
    const scene = new ReceiveScene(new ManualClock());
    const { status } = await scene.send('/metrics/job/x', 'push_time_seconds 1\npush_failure_time_seconds{job="x"} 2\na 1\n');
    expect(status).toBe(200);
    const seconds = new ManualClock().now() / 1000;
    expect(scene.samples('.+')).toEqual(['a{job="x"}: 1', 'push_failure_time_seconds{job="x"}: 0', `push_time_seconds{job="x"}: ${seconds}`]);
    expect(scene.account('pushgateway')).toEqual({ received: 3, stored: 3 });
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

  test('protobuf, as Go clients push: delimited families, native histograms among them', async () => {
    const clock = new ManualClock();
    const scene = new ReceiveScene(clock);
    const type = { 'content-type': 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited' };
    const label: Field = [
      1,
      'message',
      [
        [1, 'bytes', 'table'],
        [2, 'bytes', 'users'],
      ],
    ];
    const gauge = proto([
      [1, 'bytes', 'rows'],
      [2, 'bytes', 'Rows read.'],
      [3, 'varint', 1],
      [4, 'message', [label, [2, 'message', [[1, 'double', 42]]]]],
    ]);
    const span: Field = [
      12,
      'message',
      [
        [1, 'zigzag', 0],
        [2, 'varint', 1],
      ],
    ];
    const native: Field[] = [[1, 'varint', 3], [2, 'double', 4.5], [5, 'zigzag', 3], [6, 'double', 0.001], [7, 'varint', 0], span, [13, 'zigzag', 3]];
    const histogram = proto([
      [1, 'bytes', 'wait_seconds'],
      [3, 'varint', 4],
      [4, 'message', [[7, 'message', native]]],
    ]);
    const body = Buffer.concat([gauge, histogram].flatMap((family) => [Buffer.from([family.length]), family]));
    expect(await scene.send(path, body, type, 'PUT')).toMatchObject({ status: 200 });
    await clock.advance(15_000);
    expect(samples(scene)).toEqual([
      'rows{host="db1", job="backup", table="users"}: 42 42',
      'wait_seconds{host="db1", job="backup"}: histogram(3) histogram(3)',
    ]);
    expect((await scene.send(path, Buffer.from([0x05, 0xff]), type)).status).toBe(400);
  });

  test('groups are still there in the next process, and can be deleted there', async () => {
    const folder = tempFolder();
    const before = new ManualClock();
    const first = new ReceiveScene(before, folder);
    await first.send(path, 'a 1\nb NaN\nc +Inf\n', {}, 'PUT');
    await first.send('/metrics/job/other', 'd 1\n', {}, 'PUT');
    before.jump(1);
    await first.send('/metrics/job/other', '', {}, 'DELETE');
    const groups = first.receiver.pushedGroups();
    await first.receiver.stop();
    await first.store.close();
    const clock = new ManualClock(groups[0]!.pushedMs + 60_000);
    const next = new ReceiveScene(clock, folder);
    expect(next.receiver.pushedGroups()).toEqual(groups);
    await clock.advance(15_000);
    expect(next.samples('[abcd]')).toEqual([
      'a{host="db1", job="backup"}: 1 1',
      'b{host="db1", job="backup"}: NaN NaN',
      'c{host="db1", job="backup"}: Infinity Infinity',
      'd{job="other"}: 1 stale',
    ]);
    clock.jump(1);
    await next.receiver.deletePushedGroup(groups[0]!.labels);
    await expect(next.receiver.deletePushedGroup(groups[0]!.labels)).rejects.toThrow(/there is no pushed group/);
    expect(next.samples('a')).toEqual(['a{host="db1", job="backup"}: 1 1 stale']);
    expect(next.receiver.pushedGroups()).toEqual([]);
  });

  test('another method is not taken', async () => {
    const scene = new ReceiveScene(new ManualClock());
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

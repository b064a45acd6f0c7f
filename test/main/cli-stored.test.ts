import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { closeDb, openDb } from '#core/db/index.ts';
import { openLogs } from '#core/logs/index.ts';
import { labelsFromRecord, plainRecord } from '#core/model/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../support/clock.ts';
import { tempFolder } from '../support/folder.ts';
import { spanOf } from '../support/spans.ts';

const root = resolve(import.meta.dirname, '../..');
const startMs = Date.UTC(2026, 0, 5, 3, 0, 0);
const minuteMs = 60_000;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, 'main/cli.ts'), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (part) => (out += String(part)));
  child.stderr.on('data', (part) => (err += String(part)));
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
}

/** A data dir with an hour of `load`, which is over 5 from minute 20 to 29. */
async function dataDir(): Promise<string> {
  const folder = tempFolder();
  const store = openTsdb({ folder: join(folder, 'live'), clock: new ManualClock(startMs + 60 * minuteMs) });
  const ref = store.ref(labelsFromRecord({ __name__: 'load', job: 'api' }));
  const batch = store.batch();
  for (let i = 0; i < 60; i++) batch.add(ref, startMs + i * minuteMs, i >= 20 && i < 30 ? 9 : 1);
  await batch.commit('power');
  await store.close();
  writeFileSync(
    join(folder, 'rules.yml'),
    'groups:\n  - name: a\n    interval: 1m\n    rules:\n      - alert: TooMuch\n        expr: load > 5\n        for: 2m\n',
  );
  writeFileSync(join(folder, 'bad.yml'), 'groups:\n  - name: a\n    rules:\n      - alert: TooMuch\n        expr: load > (\n');
  return folder;
}

test('a backtest says what would have fired, and when', async () => {
  const data = await dataDir();
  const args = ['backtest', '--rules', join(data, 'rules.yml'), '--start', String(startMs / 1000), '--end', '2026-01-05T04:00:00Z', '--data', data];
  const { code, out, err } = await run(args);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^2026-01-05T03:2[23]\S* TooMuch \{.*job="api".*\} until 2026-01-05T03:3[01]\S*\n1 firings of 1 rules in \d+ evaluations\n$/);
  const report = JSON.parse((await run([...args, '--json'])).out) as object;
  expect(report).toMatchObject({ firings: [{ name: 'TooMuch', group: 'a', labels: { job: 'api' } }], rules: [{ firings: 1, failures: 0 }] });
});

test('a backtest with routes says who would have been told', async () => {
  const data = await dataDir();
  const routes =
    'route: {receiver: team, group_wait: 30s, group_by: [alertname]}\nreceivers: [{name: team, webhook_configs: [{url: "http://127.0.0.1:1/"}]}]\n';
  writeFileSync(join(data, 'alertmanager.yml'), routes);
  const times = ['--start', String(startMs / 1000), '--end', '2026-01-05T04:00:00Z'];
  const args = ['backtest', '--rules', join(data, 'rules.yml'), '--alertmanager', join(data, 'alertmanager.yml'), ...times, '--data', data];
  const { code, out, err } = await run(args);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/-> team \{.*TooMuch.*\} 1 firing \(first\)\n.*1 resolved \(all-resolved\)\n2 notifications\n$/);
  const { pages } = JSON.parse((await run([...args, '--json'])).out) as { pages: object[] };
  expect(pages).toMatchObject([{ receiver: 'team', status: 'firing', group: { alertname: 'TooMuch' } }, { status: 'resolved' }]);
});

test('a query reads a folder that no Signalbox has, and one whose Signalbox cannot be asked', async () => {
  const data = await dataDir();
  const args = ['query', 'load', '--time', '2026-01-05T03:25:30Z', '--json', '--data', data];
  const answer = {
    code: 0,
    out: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"load","job":"api"},"value":[1767583530,"9"]}]}}\n',
    err: '',
  };
  expect(await run(args)).toEqual(answer);
  expect(readdirSync(data).sort()).toEqual(['bad.yml', 'live', 'rules.yml']);
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'signalbox'], { stdio: 'ignore' });
  writeFileSync(join(data, 'session.json'), JSON.stringify({ pid: other.pid, url: '', otlpPort: 0, token: '' }));
  expect(await run(args)).toEqual(answer);
  other.kill('SIGKILL');
});

test('a query of a case without a time asks at its newest sample', async () => {
  const data = await dataDir();
  mkdirSync(join(data, 'cases'));
  renameSync(join(data, 'live'), join(data, 'cases/old'));
  writeFileSync(join(data, 'cases/old/journal.db'), '');
  const { code, out } = await run(['query', 'load', '--case', 'old', '--json', '--data', data]);
  expect([code, out]).toEqual([0, expect.stringContaining('"value":[1767585540,"1"]')]);
});

test('a query over a range', async () => {
  const data = await dataDir();
  const { code, out } = await run(['query', 'time()', '--start', '60', '--end', '120', '--step', '1m', '--json', '--data', data]);
  expect([code, out]).toEqual([0, expect.stringContaining('"values":[[60,"60"],[120,"120"]]')]);
});

test.for<readonly [args: string, code: number, err: RegExp]>([
  ['backtest', 2, /^signalbox backtest: name a rule file with --rules; usage/],
  ['backtest --rules DATA/rules.yml --start 1', 2, /^signalbox backtest: a backtest needs --end; usage/],
  ['backtest --rules DATA/rules.yml --start noon --end 2', 2, /--start "noon" is neither RFC 3339 nor Unix seconds; usage/],
  ['backtest --rules DATA/rules.yml --start 2 --end 1', 2, /--end must be after --start; usage/],
  ['backtest --rules DATA/rules.yml --start 1 --end 2 --alertmanager DATA/none.yml', 1, /none.yml is not there\n$/],
  ['backtest --rules DATA/none.yml --start 1 --end 2', 1, /^signalbox backtest: .*none.yml is not there\n$/],
  ['backtest --rules DATA/bad.yml --start 1 --end 2 --data DATA', 1, /bad.yml:5: /],
  ['backtest --rules DATA/rules.yml --start 1 --end 2 --data DATA/none', 1, /^signalbox backtest: there is no data in .*none; name its folder/],
  ['query 1+ --data DATA', 1, /^signalbox query: invalid parameter "query": 1:3: parse error: /],
  ['doctor --data DATA/none', 1, /^signalbox doctor: there is no data in .*none; name its folder/],
  ['doctor now', 2, /^signalbox doctor: "now" is one argument too many; usage/],
])('%s', async ([args, code, err]) => {
  const data = args.includes('DATA') ? await dataDir() : '';
  expect(await run(args.split(' ').map((arg) => arg.replace('DATA', data)))).toEqual({ code, out: '', err: expect.stringMatching(err) as string });
});

test('the doctor says that all is well, and what is not', async () => {
  const data = await dataDir();
  expect(await run(['doctor', '--data', data])).toEqual({
    code: 0,
    out: expect.stringMatching(/: every checksum holds; 60 samples in \d+ frames, \d+ rollups, 1 series groups, \d+ commits in the log\n$/) as string,
    err: '',
  });
  const file = join(data, 'live/metrics.db');
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4096, bytes.length - 4096);
  for (const name of readdirSync(join(data, 'live'))) if (/-(wal|shm)$/.test(name)) writeFileSync(join(data, 'live', name), '');
  writeFileSync(file, bytes);
  const { code, err } = await run(['doctor', '--data', data]);
  expect([code, err]).toEqual([1, expect.stringMatching(/^damaged: /)]);
});

test('the doctor reads every blob of logs and traces, and tells what is in quarantine', async () => {
  const data = await dataDir();
  const clock = new ManualClock(startMs);
  const logs = openLogs({ folder: join(data, 'live'), clock });
  logs.load(Array.from({ length: 50 }, (_, i) => plainRecord(BigInt(startMs) * 1_000_000n, [], `line ${i} of many`, 'info')));
  await logs.flush();
  await logs.close();
  const traces = openTraces({ folder: join(data, 'live'), clock });
  traces.load([spanOf(1), spanOf(2)]);
  await traces.flush();
  await traces.close();
  expect(await run(['doctor', '--data', data])).toMatchObject({ code: 0, err: '' });
  flip(join(data, 'live/logs.db'), "update block_part set bytes = ? where name = 'rows'", "select bytes from block_part where name = 'rows'");
  flip(join(data, 'live/traces.db'), 'update block_column set bytes = ? where id = 1', 'select bytes from block_column where id = 1');
  const damaged = await run(['doctor', '--data', data]);
  expect(damaged.code).toBe(1);
  expect(damaged.err).toMatch(/^damaged: logs, block 1, rows: the checksum is wrong\ndamaged: traces, block 1, \S+: the checksum is wrong\n$/);
  const again = openLogs({ folder: join(data, 'live'), clock });
  await again.search({ text: '', direction: 'forward', limit: 10 });
  await again.close();
  expect((await run(['doctor', '--data', data])).err).toMatch(
    /^in quarantine since it was found damaged: logs, block 1 rows: the checksum is wrong\n/m,
  );
});

/** Flips the last bit of a blob. */
function flip(path: string, update: string, select: string): void {
  const db = new Database(path);
  const { bytes } = db.prepare(select).get() as { bytes: Buffer };
  bytes[bytes.length - 1]! ^= 1;
  db.prepare(update).run(bytes);
  db.close();
}

test('a snapshot of data in use and of data that is not, which opens like any other', async () => {
  const data = await dataDir();
  closeDb(openDb(join(data, 'live', 'journal.db'), 'journal'));
  const out = join(tempFolder(), 'copy');
  const writing = openTsdb({ folder: join(data, 'live'), clock: new ManualClock(startMs + 60 * minuteMs) });
  const batch = writing.batch();
  batch.add(writing.ref(labelsFromRecord({ __name__: 'load', job: 'api' })), startMs + 60 * minuteMs, 77);
  await batch.commit('process');
  const args = ['snapshot', '--data', data, '--out', out];
  expect(await run(args)).toEqual({ code: 0, out: `${out}: a copy of live/journal.db, live/metrics.db; open it with --data ${out}\n`, err: '' });
  expect(await run(args)).toMatchObject({ code: 1, err: `signalbox snapshot: ${out} is not empty; name a new folder for the snapshot\n` });
  await writing.close();
  expect((await run(['query', 'load', '--time', '2026-01-05T04:00:00Z', '--data', out])).out).toMatch(/ 77\b|=> 77|"77"/);
  expect(await run(['doctor', '--data', out])).toMatchObject({ code: 0, err: '' });
  expect(await run(['snapshot', '--data', out, '--out', join(out, 'again')])).toMatchObject({ code: 0, err: '' });
  expect(await run(['snapshot', '--data', data])).toMatchObject({ code: 2 });
  expect(await run(['snapshot', '--data', tempFolder(), '--out', join(out, 'none')])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/holds no data; name a data folder/) as string,
  });
});

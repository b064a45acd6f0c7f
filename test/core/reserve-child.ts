/**
 * An engine on a small disk of its own (a tmpfs that the parent mounted), which another program fills and frees again. Prints one line of
 * JSON: what was taken and refused in each phase. `argv[2]`: the data dir; `argv[3]`: bytes of the reserve.
 */
import { closeSync, existsSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { labelsFromRecord, type HttpAnswer } from '#core/model/index.ts';
import { ManualClock } from '../support/clock.ts';
import { clientOf, engineOn } from '../support/engine.ts';
import { random } from './tsdb/random.ts';
import { snappyLiterals, writeRequest } from './promql/peer/remote-write.ts';

const [dataDir, reserveBytes] = process.argv.slice(2) as [string, string];
const clock = new ManualClock();
let notified = 0;
const hook = createServer((request, response) => {
  notified++;
  request.resume().on('end', () => response.end());
});
await new Promise<void>((ready) => hook.listen(0, '127.0.0.1', ready));
const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
writeFileSync(join(dataDir, 'signalbox.yml'), "scrape_configs: []\nrule_files: ['rules.yml']\n");
writeFileSync(join(dataDir, 'rules.yml'), 'groups: []\n');
writeFileSync(
  join(dataDir, 'alertmanager.yml'),
  `route: {receiver: hook, group_by: [alertname], group_wait: 1s}\nreceivers: [{name: hook, webhook_configs: [{url: '${url}'}]}]\n`,
);
const open = () => engineOn(dataDir, clock, { random: random(7), reserveBytes: Number(reserveBytes) });
let engine = await open();
const client = clientOf(engine);
let reasons: readonly string[] = [];
client.open('system.watch', {}, (status) => (reasons = status.reasons));

/** Lets seconds pass, each with what falls due in it. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000);
    await new Promise((done) => setTimeout(done, 2));
  }
}

const request = (method: 'GET' | 'POST', path: string, body: Uint8Array | string, headers: Record<string, string>): Promise<HttpAnswer> =>
  engine.http({ port: 'app', method, path, query: '', headers, body: Buffer.from(body) });

let pushes = 0;
async function push(): Promise<{ status: number; retryAfter: string | undefined }> {
  const series = { labels: labelsFromRecord({ __name__: 'pushed' }), timesMs: Float64Array.of(clock.now()), values: Float64Array.of(++pushes) };
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
  const { status, headers: answered } = await request('POST', '/api/v1/write', snappyLiterals(writeRequest([series])), headers);
  return { status, retryAfter: answered['retry-after'] };
}

const json = { 'content-type': 'application/json' };
const hourLater = (): string => new Date(clock.now() + 3_600_000).toISOString();

async function silence(n: number): Promise<number> {
  const matchers = [{ name: 'n', value: String(n), isRegex: false, isEqual: true }];
  const body = { matchers, startsAt: new Date(clock.now()).toISOString(), endsAt: hourLater(), createdBy: 'ada', comment: 'x'.repeat(2000) };
  return (await request('POST', '/api/v2/silences', JSON.stringify(body), json)).status;
}

const alert = (name: string): Promise<HttpAnswer> =>
  request('POST', '/api/v2/alerts', JSON.stringify([{ labels: { alertname: name }, endsAt: hourLater() }]), json);

/** Takes all the room there is, as another program would. */
function fillDisk(path: string): void {
  const fd = openSync(path, 'a');
  for (const slice of [new Uint8Array(1 << 20), new Uint8Array(4096)]) {
    try {
      for (;;) writeSync(fd, slice);
    } catch {
      continue; // Full, but for what is smaller.
    }
  }
  closeSync(fd);
}

const reserve = join(dataDir, 'live', 'reserve');
const ballast = join(dataDir, 'ballast');
const reserveNow = (): number => (existsSync(reserve) ? statSync(reserve).size : 0);
const declare = (): Promise<number> =>
  client.call('incidents.declare', { title: 'Disk full', sev: 3, why: '', by: 'ada' }).then(
    ({ incident }) => incident,
    () => 0,
  );

await pass(5);
const before = { reserve: reserveNow(), push: await push() };
fillDisk(ballast);
await pass(2);
const full = { reserve: reserveNow(), pushes: [] as Awaited<ReturnType<typeof push>>[], silences: [] as number[], incident: 0, notified: 0, reasons };
for (let n = 0; n < 400; n++) {
  if (n % 40 === 0) full.pushes.push(await push());
  if (n % 10 === 0) fillDisk(ballast); // Whatever it is goes on.
  full.silences.push(await silence(n));
}
await alert('DiskFull');
full.incident = await declare();
await pass(40);
full.notified = notified;
full.reasons = reasons;
full.reserve = reserveNow();
fillDisk(ballast);
await engine.close();
fillDisk(ballast);
engine = await open(); // A start on a full disk.
rmSync(ballast);
let recoveredAfterSeconds = 0;
for (; recoveredAfterSeconds < 60; recoveredAfterSeconds++) {
  if ((await push()).status === 204) break;
  await pass(1);
}
await pass(10);
const after = { recoveredAfterSeconds, reserve: reserveNow() };
await engine.close();
engine = await open();
await pass(1);
const kept = JSON.parse(String((await request('GET', '/api/v2/silences', '', {})).body)) as unknown[];
process.stdout.write(`${JSON.stringify({ before, full, after, kept: kept.length })}\n`);
await engine.close();
process.exit(0);

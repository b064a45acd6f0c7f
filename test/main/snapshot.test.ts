/** Promise of `signalbox snapshot`: beside a Signalbox under load, from other processes; what was acknowledged before it began is in it. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { labelsFromRecord } from '#core/model/index.ts';
import { snappyLiterals, writeRequest } from '../core/promql/peer/remote-write.ts';
import { cli, serve, type Served } from '../e2e/support/serve.ts';
import { tempFolder } from '../support/folder.ts';

const seriesCount = 200;
const snapshots = 4;
const root = resolve(import.meta.dirname, '../..');

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [cli, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += String(part)));
  return new Promise((done) => child.once('close', (code) => done({ code, text })));
}

/** What has been answered as taken, by kind: the numbers of pushes, lines, silences. */
interface Acknowledged {
  pushes: number;
  lines: number;
  silences: number;
}

/** Sends as fast as it is answered, one after another, until told to stop. */
class Load {
  readonly acknowledged: Acknowledged = { pushes: 0, lines: 0, silences: 0 };
  readonly #served: Served;
  readonly #startMs = Date.now() - 3_600_000;
  #isOver = false;
  readonly #running: Promise<unknown>;

  constructor(served: Served) {
    this.#served = served;
    this.#running = Promise.all([this.#each((n) => this.#push(n)), this.#each((n) => this.#line(n)), this.#each((n) => this.#silence(n))]);
  }

  stop(): Promise<unknown> {
    this.#isOver = true;
    return this.#running;
  }

  async #each(send: (n: number) => Promise<void>): Promise<void> {
    for (let n = 1; !this.#isOver; n++) await send(n);
  }

  /** Push `n` gives every series the value n. */
  async #push(n: number): Promise<void> {
    const timesMs = Float64Array.of(this.#startMs + n * 1000);
    const series = Array.from({ length: seriesCount }, (_, i) => ({
      labels: labelsFromRecord({ __name__: 'pushed', i: String(i) }),
      timesMs,
      values: Float64Array.of(n),
    }));
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
    await this.#post('/api/v1/write', Buffer.from(snappyLiterals(writeRequest(series))), headers);
    this.acknowledged.pushes = n;
  }

  async #line(n: number): Promise<void> {
    const streams = [{ stream: { job: 'load' }, values: [[`${BigInt(Date.now()) * 1_000_000n}`, `line number ${n} of the load`]] }];
    await this.#post('/loki/api/v1/push', JSON.stringify({ streams }), { 'content-type': 'application/json' });
    this.acknowledged.lines = n;
  }

  async #silence(n: number): Promise<void> {
    const [startsAt, endsAt] = [0, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const matchers = [{ name: 'n', value: String(n), isRegex: false, isEqual: true }];
    const body = JSON.stringify({ matchers, startsAt, endsAt, createdBy: 'load', comment: 'load' });
    await this.#post('/api/v2/silences', body, { 'content-type': 'application/json', authorization: `Bearer ${this.#served.token}` });
    this.acknowledged.silences = n;
  }

  async #post(path: string, body: BodyInit, headers: Readonly<Record<string, string>>): Promise<void> {
    const answer = await fetch(`${this.#served.origin}${path}`, { method: 'POST', body, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
}

/** What a Signalbox on that folder holds of each kind: samples of every series, lines, silences. */
async function held(dataDir: string): Promise<Acknowledged & { readonly even: boolean }> {
  const served = await serve({ dataDir });
  try {
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`${served.origin}${path}`, { headers: { authorization: `Bearer ${served.token}` } })).json();
    const query = async (api: string, text: string): Promise<number[]> => {
      const answer = (await get(`${api}/query?query=${encodeURIComponent(text)}`)) as { data: { result: { value: [number, string] }[] } };
      return answer.data.result.map(({ value }) => Number(value[1]));
    };
    const ready = (): Promise<unknown> => get('/api/v1/status/walreplay');
    await expect.poll(ready, { timeout: 20_000 }).toMatchObject({ data: { current: 1 } });
    const counts = await query('/api/v1', 'count_over_time(pushed[3h])');
    const newest = await query('/api/v1', 'max_over_time(pushed[3h])');
    const [lines = 0] = await query('/loki/api/v1', 'sum(count_over_time({job="load"}[3h]))');
    const silences = (await get('/api/v2/silences')) as unknown[];
    const even = counts.length === seriesCount && new Set([...counts, ...newest]).size === 1;
    return { pushes: counts[0] ?? 0, lines, silences: silences.length, even };
  } finally {
    await served.stop();
  }
}

test('a snapshot beside a Signalbox under load holds all that was acknowledged before it, and whole pushes only', { timeout: 180_000 }, async () => {
  const dataDir = tempFolder();
  writeFileSync(join(dataDir, 'signalbox.yml'), 'scrape_configs: []\n');
  const served = await serve({ dataDir });
  const load = new Load(served);
  const taken: { readonly out: string; readonly before: Acknowledged; readonly after: Acknowledged }[] = [];
  for (let n = 0; n < snapshots; n++) {
    const wanted = load.acknowledged.pushes + 50;
    await expect.poll(() => load.acknowledged.pushes, { timeout: 60_000 }).toBeGreaterThan(wanted);
    const out = join(tempFolder(), 'copy');
    const before = { ...load.acknowledged };
    const { code, text } = await run(['snapshot', '--data', dataDir, '--out', out]);
    expect([code, text]).toEqual([0, expect.stringContaining('live/metrics.db')]);
    taken.push({ out, before, after: { ...load.acknowledged } });
  }
  await load.stop();
  await served.stop();
  for (const { out, before, after } of taken) {
    expect(await run(['doctor', '--data', out])).toEqual({ code: 0, text: expect.stringContaining('every checksum holds') as string });
    const found = await held(out);
    expect(found.even).toBe(true);
    for (const kind of ['pushes', 'lines', 'silences'] as const) {
      expect(before[kind]).toBeGreaterThan(0);
      expect([kind, found[kind] >= before[kind]]).toEqual([kind, true]);
      expect([kind, found[kind] <= after[kind] + 1]).toEqual([kind, true]);
    }
  }
});

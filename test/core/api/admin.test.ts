/** Prometheus' admin API beside a real one: deletions, their room on disk, copies. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '#core/engine.ts';
import { labelsFromRecord, matcher, type HttpAnswer, type SeriesColumns } from '#core/model/index.ts';
import { examineTsdb, openTsdb } from '#core/tsdb/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { engineOn } from '../../support/engine.ts';
import { tempFolder } from '../../support/folder.ts';
import { hasPrometheus } from '../../support/peers.ts';
import { snappyLiterals, writeRequest } from '../promql/peer/remote-write.ts';
import { compare } from './peer/compare.ts';
import { Pair, type Ask } from './peer/pair.ts';

const endMs = Date.UTC(2026, 0, 5, 3);
const count = 200;
const timesMs = Float64Array.from({ length: count }, (_, i) => endMs - (count - 1 - i) * 15_000);
const made = (name: string, job: string): SeriesColumns => ({
  labels: labelsFromRecord({ __name__: name, job }),
  timesMs,
  values: Float64Array.from(timesMs, (_, i) => i * 3 + job.length),
});
const series = [made('up', 'api'), made('up', 'db'), made('queue', 'api'), made('queue', 'db'), made('kept', 'api')];
const at = (index: number): string => String(timesMs[index]! / 1000);

const deleting = '/api/v1/admin/tsdb/delete_series';
const reading = (method: 'POST' | 'PUT', params: string): Ask[] => [
  { path: deleting, method, params },
  { path: '/api/v1/query_range', params: `query={job!=""}&start=${at(0)}&end=${at(count - 1)}&step=15` },
  { path: '/api/v1/query', params: `query=count_over_time({job!=""}[1h])&time=${at(count - 1)}` },
];
const asks: readonly Ask[] = [
  { path: deleting, method: 'POST' },
  { path: deleting, method: 'GET', params: 'match[]=up' },
  { path: deleting, method: 'DELETE' },
  { path: deleting, method: 'POST', params: 'match[]=up{' },
  { path: deleting, method: 'POST', params: 'match[]=up&start=abc' },
  { path: deleting, method: 'PUT', params: 'match[]=up&end=abc' },
  { path: deleting, method: 'PUT', params: 'start=5' },
  { path: '/api/v1/admin/tsdb/clean_tombstones', method: 'GET' },
  { path: '/api/v1/admin/tsdb/snapshot', method: 'GET' },
  { path: '/api/v1/admin/tsdb/snapshot', method: 'PUT', params: 'skip_head=x' },
  { path: '/api/v1/admin/tsdb/nothing', method: 'POST' },
  ...reading('POST', 'match[]=nothing_here'),
  ...reading('POST', `match[]=up&start=${at(40)}&end=${at(20)}`),
  ...reading('POST', `match[]=up{job="api"}&start=${at(20)}&end=${at(40)}`),
  ...reading('PUT', `match[]=up{job="db"}&match[]=queue{job=~"a.*"}&end=${at(30)}`),
  ...reading('PUT', `match[]=queue{job="db"}&start=${at(150)}`),
  { path: '/api/v1/admin/tsdb/clean_tombstones', method: 'POST' },
  ...reading('POST', 'match[]=up'),
  { path: '/api/v1/admin/tsdb/clean_tombstones', method: 'PUT' },
  ...reading('POST', 'match[]={__name__="queue"}'),
];

test.skipIf(!hasPrometheus)('deletions are answered and read as a real Prometheus does', { timeout: 60_000 }, async () => {
  const pair = await Pair.open({ clock: new ManualClock(endMs), config: 'scrape_configs: []' });
  await pair.write(snappyLiterals(writeRequest(series)));
  const differing: string[] = [];
  for (const ask of asks) {
    const { theirs, ours } = await pair.ask(ask);
    const verdict = compare(ask, theirs, ours);
    if (verdict !== undefined && 'differs' in verdict) differing.push(`${ask.method} ${ask.path}?${ask.params}${verdict.differs}`);
  }
  expect(differing).toEqual([]);
});

const post = (engine: Engine, path: string, params = '', body: Uint8Array = new Uint8Array(), headers = {}): Promise<HttpAnswer> =>
  engine.http({ port: 'app', method: 'POST', path, query: params, headers, body });

const textOf = ({ body }: HttpAnswer): string => (typeof body === 'string' ? body : new TextDecoder().decode(body));

/** A metric of noise in many series, sealed. */
async function withNoise(dataDir: string, clock: ManualClock): Promise<void> {
  const db = openTsdb({ folder: join(dataDir, 'live'), clock });
  for (let round = 0; round < 240; round++) {
    const batch = db.batch();
    const nowMs = endMs - (239 - round) * 15_000;
    for (let i = 0; i < 300; i++) {
      batch.add(db.ref(labelsFromRecord({ __name__: 'noise', i: String(i) })), nowMs, Math.sin(i * 7919 + round * 104_729));
      if (i < 3) batch.add(db.ref(labelsFromRecord({ __name__: 'kept', i: String(i) })), nowMs, round);
    }
    await batch.commit('process');
  }
  db.compact();
  await db.close();
}

test('what is deleted stays deleted over a restart, and its room comes back', { timeout: 30_000 }, async () => {
  const dataDir = tempFolder();
  const clock = new ManualClock(endMs);
  await withNoise(dataDir, clock);
  const file = join(dataDir, 'live', 'metrics.db');
  const beforeBytes = statSync(file).size;
  const engine = await engineOn(dataDir, clock);
  onTestFinished(() => engine.close());
  const counted = async (): Promise<unknown> =>
    JSON.parse(textOf(await post(engine, '/api/v1/query', `query=count({i!=""})by(__name__)&time=${endMs / 1000}`)));
  expect(await counted()).toMatchObject({ data: { result: [{ metric: { __name__: 'noise' } }, { metric: { __name__: 'kept' } }] } });
  expect((await post(engine, deleting, 'match[]=noise')).status).toBe(204);
  expect(await counted()).toMatchObject({ data: { result: [{ metric: { __name__: 'kept' }, value: [endMs / 1000, '3'] }] } });
  expect(statSync(file).size).toBe(beforeBytes);
  expect((await post(engine, '/api/v1/admin/tsdb/clean_tombstones')).status).toBe(204);
  expect(statSync(file).size).toBeLessThan(beforeBytes / 4);
  await engine.close();
  const db = openTsdb({ folder: join(dataDir, 'live'), clock });
  expect(db.select([matcher('i', '!=', '')], -Infinity, Infinity).length).toBe(3);
  await db.close();
});

test('a snapshot is a folder that opens and holds what the head held, or not', async () => {
  const dataDir = tempFolder();
  const clock = new ManualClock(endMs);
  await withNoise(dataDir, clock);
  const engine = await engineOn(dataDir, clock);
  onTestFinished(() => engine.close());
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
  expect((await post(engine, '/api/v1/write', '', snappyLiterals(writeRequest(series.slice(0, 1))), headers)).status).toBe(204);
  for (const [params, held] of [
    ['', count],
    ['skip_head=true', 0],
  ] as const) {
    const answer = await post(engine, '/api/v1/admin/tsdb/snapshot', params);
    expect(answer.status).toBe(200);
    const { name } = (JSON.parse(textOf(answer)) as { data: { name: string } }).data;
    expect(name).toMatch(/^20260105T03000\dZ-[0-9a-f]{16}$/);
    const folder = join(dataDir, 'snapshots', name, 'live');
    expect(examineTsdb(folder).damage).toEqual([]);
    const db = openTsdb({ folder, clock });
    expect(db.select([matcher('__name__', '=', 'up')], -Infinity, Infinity)[0]?.timesMs.length ?? 0).toBe(held);
    expect(db.select([matcher('__name__', '=', 'noise')], -Infinity, Infinity).length).toBe(300);
    await db.close();
    await clock.advance(1000);
  }
  expect(readdirSync(join(dataDir, 'snapshots')).length).toBe(2);
});

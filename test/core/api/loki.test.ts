/** Loki's API as logcli and Grafana ask it, on a whole engine: push, then every way of reading. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '#core/engine.ts';
import type { HttpAnswer } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { engineOn } from '../../support/engine.ts';

const clock = new ManualClock(1_700_000_000_000);
const nowS = clock.now() / 1000;
const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-loki-'));
let engine: Engine;

const ask = (method: string, path: string, params: Record<string, string>, body: string = ''): Promise<HttpAnswer> =>
  engine.http({
    port: 'app',
    method,
    path,
    query: new URLSearchParams(params).toString(),
    headers: body === '' ? {} : { 'content-type': 'application/json' },
    body: new TextEncoder().encode(body),
  });
const textOf = ({ body }: HttpAnswer): string => (typeof body === 'string' ? body : new TextDecoder().decode(body));
async function data<T>(path: string, params: Record<string, string> = {}): Promise<T> {
  const answer = await ask('GET', `/loki/api/v1/${path}`, params);
  expect([answer.status, textOf(answer).slice(0, 200)]).toEqual([200, expect.anything()]);
  return (JSON.parse(textOf(answer)) as { data: T }).data;
}

interface Result<V> {
  readonly resultType: string;
  readonly result: readonly {
    readonly stream?: Record<string, string>;
    readonly metric?: Record<string, string>;
    readonly values?: V;
    readonly value?: V;
  }[];
}

beforeAll(async () => {
  engine = await engineOn(dataDir, clock);
  const at = (secondsAgo: number): string => `${BigInt(clock.now() - secondsAgo * 1000) * 1_000_000n}`;
  const pushed = await ask(
    'POST',
    '/loki/api/v1/push',
    {},
    JSON.stringify({
      streams: [
        {
          stream: { app: 'shop', env: 'prod' },
          values: [
            [at(30), '{"level":"error","msg":"payment failed","ms":812}'],
            [at(20), '{"level":"info","msg":"order taken","ms":12}'],
          ],
        },
        { stream: { app: 'mail', env: 'prod' }, values: [[at(10), 'level=warn msg="queue is long" depth=41']] },
      ],
    }),
  );
  expect(pushed.status).toBe(204);
});

afterAll(async () => {
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test('labels, their values and series', async () => {
  expect(await data('labels')).toEqual(expect.arrayContaining(['app', 'env']));
  expect(await data('label/app/values')).toEqual(['mail', 'shop']);
  expect(await data<Record<string, string>[]>('series', { 'match[]': '{app="shop"}' })).toEqual([
    expect.objectContaining({ app: 'shop', env: 'prod' }),
  ]);
});

test.each([
  ['{app="shop"}', 2],
  ['{env="prod"} |= "queue"', 1],
  ['{app=~"sh.*"} | json | level="error"', 1],
  ['{app="shop"} | json | ms > 100 | level="error"', 1],
  ['{app="mail"} | logfmt | depth >= 41', 1],
  ['{app="nobody"}', 0],
])('lines of %s', async (query, count) => {
  const { resultType, result } = await data<Result<readonly [string, string][]>>('query_range', { query, start: `${nowS - 60}`, end: `${nowS}` });
  expect(resultType).toBe('streams');
  expect(result.flatMap(({ values }) => values ?? [])).toHaveLength(count);
});

test('counts as a metric, over a range and now', async () => {
  const query = 'sum by (app) (count_over_time({env="prod"}[1m]))';
  const now = await data<Result<readonly [number, string]>>('query', { query, time: `${nowS}` });
  expect(Object.fromEntries(now.result.map(({ metric, value }) => [metric!['app'], value![1]]))).toEqual({ mail: '1', shop: '2' });
  const range = await data<Result<readonly [number, string][]>>('query_range', { query, start: `${nowS - 60}`, end: `${nowS}`, step: '60' });
  expect(range.resultType).toBe('matrix');
  expect(range.result.find(({ metric }) => metric!['app'] === 'shop')!.values!.at(-1)).toEqual([nowS, '2']);
});

test('what cannot be read is refused with its place', async () => {
  const answer = await ask('GET', '/loki/api/v1/query_range', { query: '{app=shop}' });
  expect(answer.status).toBe(400);
  expect(textOf(answer)).toMatch(/value of a label, in quotes/);
});

test.each(['tail', 'delete', 'index/volume', 'patterns'])('%s is refused by its name', async (path) => {
  const answer = await ask('GET', `/loki/api/v1/${path}`, { query: '{app="api"}' });
  expect([answer.status, textOf(answer)]).toEqual([501, expect.stringContaining(`/loki/api/v1/${path} is not yet supported; `) as string]);
});

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { LogRecord } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { snappyEncode } from '../../support/snappy.ts';

const nowMs = Date.UTC(2026, 0, 5, 3);
const ns = (offset: number): string => String(BigInt(nowMs) * 1_000_000n + BigInt(offset));
const json = { 'content-type': 'application/json' };
const protobuf = { 'content-type': 'application/x-protobuf' };

async function stored(scene: ReceiveScene): Promise<readonly LogRecord[]> {
  return (await scene.logs.search({ text: '', direction: 'forward', limit: 1000 })).records;
}

/** received = stored + rejected, to the unit. */
function account(scene: ReceiveScene, source: string): { received: number; stored: number; rejected: Record<string, number> } {
  const { received, stored: kept, rejected } = scene.ledger.rows().find((row) => row.source === source)!;
  expect(received).toBe(kept + [...rejected.values()].reduce((sum, one) => sum + one, 0));
  return { received, stored: kept, rejected: Object.fromEntries(rejected) };
}

describe('Loki push', () => {
  const path = '/loki/api/v1/push';
  const body = JSON.stringify({
    streams: [
      {
        stream: { app: 'shop', level: 'error' },
        values: [
          [ns(2), 'no level in it', { trace_id: 'abc' }],
          [ns(1), 'first'],
        ],
      },
      { stream: { app: 'bank' }, values: [[ns(3), '{"level":"warn","msg":"x"}'], ['soon', 'bad time'], [ns(4)]] },
      { stream: 'none', values: [] },
    ],
  });

  test('JSON: what can be read is stored, the rest is told and accounted for', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const { status, body: sentence } = await scene.send(path, body, json);
    expect([status, String(sentence)]).toEqual([
      400,
      expect.stringMatching(/^3 records were refused \(unreadable: 3\); the first that is unreadable: a value has no time/),
    ]);
    expect((await stored(scene)).map(({ line, level, labels, fields }) => [line, level, labels, fields])).toEqual([
      ['first', 'error', ['app', 'shop', 'level', 'error'], []],
      ['no level in it', 'error', ['app', 'shop', 'level', 'error'], ['trace_id', 'abc']],
      ['{"level":"warn","msg":"x"}', 'warning', ['app', 'bank'], []],
    ]);
    expect(account(scene, 'loki')).toEqual({ received: 6, stored: 3, rejected: { unreadable: 3 } });
  });

  test('protobuf in snappy, as promtail and Alloy send it', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const stamp: Field = [
      1,
      'message',
      [
        [1, 'varint', nowMs / 1000],
        [2, 'varint', 5],
      ],
    ];
    const entry: Field[] = [
      stamp,
      [2, 'bytes', 'hello "ü"'],
      [
        3,
        'message',
        [
          [1, 'bytes', 'pod'],
          [2, 'bytes', 'p-1'],
        ],
      ],
    ];
    const stream: Field[] = [
      [2, 'message', entry],
      [1, 'bytes', '{app="sh\\"op", env="x,y=1"}'],
    ];
    const wrong: Field[] = [
      [1, 'bytes', 'no labels'],
      [2, 'message', entry],
    ];
    const { status } = await scene.send(
      path,
      snappyEncode(
        proto([
          [1, 'message', stream],
          [1, 'message', wrong],
        ]),
      ),
      protobuf,
    );
    expect(status).toBe(400);
    expect(await stored(scene)).toEqual([
      { timeNs: BigInt(ns(5)), labels: ['app', 'sh"op', 'env', 'x,y=1'], line: 'hello "ü"', level: 'unknown', fields: ['pod', 'p-1'] },
    ]);
    expect(account(scene, 'loki')).toEqual({ received: 2, stored: 1, rejected: { unreadable: 1 } });
  });

  test('gzip, a good answer, and what is no push', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const good = JSON.stringify({ streams: [{ stream: { a: 'b' }, values: [[ns(1), 'x']] }] });
    expect((await scene.send(path, gzipSync(good), { ...json, 'content-encoding': 'gzip' })).status).toBe(204);
    expect((await scene.send(path, good, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await scene.send(path, '{"streams":', json)).status).toBe(400);
    expect((await scene.send(path, '{}', json)).status).toBe(400);
    expect((await scene.send(path, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]), protobuf)).status).toBe(413);
    expect((await scene.send(path, good, json, 'GET')).status).toBe(405);
    expect(account(scene, 'loki')).toEqual({ received: 1, stored: 1, rejected: {} });
  });

  test('the store’s verdicts come back to the sender', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const values = [
      [ns(1), 'x'],
      [ns(10 ** 14), 'from the future'],
      [ns(2), 'y'.repeat(300_000)],
    ];
    const { status, body: sentence } = await scene.send(path, JSON.stringify({ streams: [{ stream: { a: 'b' }, values }] }), json);
    expect([status, String(sentence)]).toEqual([400, '2 records were refused (future: 1, too_long: 1)\n']);
    expect(account(scene, 'loki')).toEqual({ received: 3, stored: 1, rejected: { future: 1, too_long: 1 } });
  });
});

describe('OTLP logs', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const spanId = '00f067aa0ba902b7';
  const wanted: LogRecord = {
    timeNs: BigInt(ns(7)),
    labels: ['k8s_pod_name', 'p-1', 'service_name', 'shop'],
    line: 'charge refused',
    level: 'error',
    fields: ['scope_name', 'lib', 'severity_text', 'ERR', 'span_id', spanId, 'team', 'pay', 'trace_id', traceId, 'user_id', '77'],
  };
  const pair = (key: string, value: string): Field => [
    1,
    'message',
    [
      [1, 'bytes', key],
      [2, 'message', [[1, 'bytes', value]]],
    ],
  ];

  test('protobuf, the resource behind its records', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const record: Field[] = [
      [1, 'fixed64', BigInt(ns(7))],
      [2, 'varint', 17],
      [3, 'bytes', 'ERR'],
      [5, 'message', [[1, 'bytes', 'charge refused']]],
      [
        6,
        'message',
        [
          [1, 'bytes', 'user.id'],
          [2, 'message', [[3, 'varint', 77]]],
        ],
      ],
      [9, 'bytes', Buffer.from(traceId, 'hex')],
      [10, 'bytes', Buffer.from(spanId, 'hex')],
    ];
    const resource: Field[] = [pair('service.name', 'shop'), pair('k8s.pod.name', 'p-1'), pair('team', 'pay')];
    const scopeLogs: Field[] = [
      [2, 'message', record],
      [1, 'message', [[1, 'bytes', 'lib']]],
    ];
    const body = proto([
      [
        1,
        'message',
        [
          [2, 'message', scopeLogs],
          [1, 'message', resource],
        ],
      ],
    ]);
    const answer = await scene.send('/v1/logs', gzipSync(body), { ...protobuf, 'content-encoding': 'gzip' });
    expect([answer.status, Buffer.from(answer.body as Uint8Array)]).toEqual([200, Buffer.alloc(0)]);
    expect(await stored(scene)).toEqual([wanted]);
  });

  test('JSON, with a partial success for what cannot be read', async () => {
    const scene = new ReceiveScene(new ManualClock(nowMs));
    const value = (text: string): object => ({ stringValue: text });
    const good = {
      timeUnixNano: ns(7),
      severityNumber: 'SEVERITY_NUMBER_ERROR',
      severityText: 'ERR',
      body: value('charge refused'),
      attributes: [{ key: 'user.id', value: { intValue: '77' } }],
      traceId,
      spanId,
    };
    const bare = { observedTimeUnixNano: ns(9), body: { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } } };
    const resource = {
      attributes: ['service.name=shop', 'k8s.pod.name=p-1', 'team=pay'].map((text) => ({
        key: text.split('=')[0],
        value: value(text.split('=')[1]!),
      })),
    };
    const body = JSON.stringify({
      resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'lib' }, logRecords: [good, bare, { timeUnixNano: 'x' }, {}] }] }],
    });
    const answer = await scene.send('/v1/logs', body, json);
    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringMatching(/timeUnixNano is no time/) as string },
    });
    const records = await stored(scene);
    expect(records[1]).toEqual(wanted);
    expect(records.map(({ line, timeNs }) => [line, timeNs])).toEqual([
      ['', BigInt(ns(0))],
      ['charge refused', BigInt(ns(7))],
      ['{"a":true}', BigInt(ns(9))],
    ]);
    expect(account(scene, 'otlp_logs')).toEqual({ received: 4, stored: 3, rejected: { unreadable: 1 } });
  });
});

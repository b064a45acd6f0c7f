import { describe, expect, test } from 'vitest';
import { httpTarget, page } from '../../support/http-target.ts';
import { hasPrometheus, startPrometheus } from '../../support/peers.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';
import { ManualClock } from '../../support/clock.ts';
import { snappyEncode } from '../../support/snappy.ts';

const headers1 = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const headers2 = { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request', 'content-encoding': 'snappy' };

const pair = (name: string, value: string): readonly Field[] => [
  [1, 'bytes', name],
  [2, 'bytes', value],
];
const label = (name: string, value: string): Field => [1, 'message', pair(name, value)];
const sample = (value: number, timeMs: number): Field => [
  2,
  'message',
  [
    [1, 'double', value],
    [2, 'int', timeMs],
  ],
];

describe('remote write 1.0', () => {
  const clock = new ManualClock();
  const now = clock.now();
  const write = (...series: (readonly Field[])[]): Uint8Array => snappyEncode(proto(series.map((fields) => [1, 'message', fields])));

  test('samples, metadata, exemplars, native histograms', async () => {
    const scene = new ReceiveScene(clock);
    const histogram: Field = [
      4,
      'message',
      [
        [1, 'varint', 6],
        [3, 'double', 12.5],
        [4, 'zigzag', 3],
        [5, 'double', 0.001],
        [6, 'varint', 1],
        [
          11,
          'message',
          [
            [1, 'zigzag', -2],
            [2, 'varint', 3],
          ],
        ],
        [12, 'zigzag', 1],
        [12, 'zigzag', 1],
        [12, 'zigzag', 0],
        [15, 'int', now],
      ],
    ];
    const exemplar: Field = [
      3,
      'message',
      [
        [1, 'message', pair('trace_id', 'abc')],
        [2, 'double', 0.5],
        [3, 'int', now],
      ],
    ];
    const body = proto([
      [1, 'message', [label('__name__', 'a_total'), label('x', '1'), sample(1.5, now - 2000), sample(2.5, now - 1000), exemplar]],
      [1, 'message', [label('__name__', 'h'), histogram]],
      [
        3,
        'message',
        [
          [1, 'varint', 1],
          [2, 'bytes', 'a_total'],
          [4, 'bytes', 'Help.'],
          [5, 'bytes', 'u'],
        ],
      ],
    ]);
    const answer = await scene.send('/api/v1/write', snappyEncode(body), headers1);
    expect(answer.status).toBe(204);
    expect(scene.samples('.*')).toEqual(['a_total{x="1"}: 1.5 2.5', 'h: histogram(6)']);
    const [h] = scene.store.select([], 0, Number.MAX_SAFE_INTEGER).filter(({ histograms }) => histograms !== undefined);
    expect(h!.histograms![0]).toMatchObject({ schema: 3, sum: 12.5, positive: [1, 2, 2], positiveSpans: [{ gap: -2, length: 3 }] });
    expect(scene.store.metadata().get('a_total')).toEqual({ type: 'counter', help: 'Help.', unit: 'u' });
    expect(scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER)[0]!.exemplars[0]).toEqual({ labels: ['trace_id', 'abc'], value: 0.5, timeMs: now });
    expect(scene.account('remote_write')).toEqual({ received: 3, stored: 3 });
  });

  test('a stale marker stays one, another NaN is a value', async () => {
    const scene = new ReceiveScene(clock);
    const stale = proto([[1, 'message', [label('__name__', 'a'), sample(1, now - 2000), sample(NaN, now - 1000), sample(NaN, now)]]]);
    const at = Buffer.from(stale).indexOf(Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]));
    Buffer.from([2, 0, 0, 0, 0, 0, 0xf0, 0x7f]).copy(stale, at);
    await scene.send('/api/v1/write', snappyEncode(stale), headers1);
    expect(scene.samples('a')).toEqual(['a: 1 stale NaN']);
  });

  test('of exemplars only those of series that were taken count as written', async () => {
    const scene = new ReceiveScene(clock);
    const exemplar: Field = [
      3,
      'message',
      [
        [1, 'message', pair('trace_id', 'abc')],
        [2, 'double', 1],
        [3, 'int', now],
      ],
    ];
    const body = write([label('__name__', 'a'), sample(1, now), exemplar], [label('x', 'no name'), sample(1, now), exemplar]);
    const { status, headers } = await scene.send('/api/v1/write', body, headers1);
    expect([status, headers['x-prometheus-remote-write-exemplars-written']]).toEqual([400, '1']);
  });

  test('what the store refuses is answered with 400 and accounted for; the rest is kept', async () => {
    const scene = new ReceiveScene(clock);
    const body = write(
      [label('__name__', 'a'), sample(1, now), sample(2, now + 3_600_000)],
      [label('x', 'no name'), sample(1, now)],
      [label('__name__', 'a'), sample(7, now)],
    );
    const answer = await scene.send('/api/v1/write', body, headers1);
    expect(answer.status).toBe(400);
    expect(String(answer.body)).toMatch(/^3 samples were refused \(/);
    expect(answer.headers['x-prometheus-remote-write-samples-written']).toBe('1');
    expect(scene.samples('a')).toEqual(['a: 1']);
    expect(scene.account('remote_write')).toEqual({ received: 4, stored: 1, future: 1, bad_labels: 1, duplicate_other_value: 1 });
    expect((await scene.send('/api/v1/write', write([label('__name__', 'a'), sample(1, now)]), headers1)).status).toBe(204);
  });

  test.each([
    ['not snappy', Buffer.from('hello, world'), headers1, 400],
    ['a lie about its size', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07, 0, 0]), headers1, 413],
    ['not protobuf', snappyEncode(Buffer.from('\x0a\xff\xff\xff\xff\x0f')), headers1, 400],
    ['another content type', Buffer.alloc(0), { 'content-type': 'application/json' }, 415],
    ['another message', Buffer.alloc(0), { ...headers1, 'content-type': 'application/x-protobuf;proto=x' }, 415],
    ['another encoding', Buffer.alloc(0), { ...headers1, 'content-encoding': 'gzip' }, 415],
  ])('%s is refused', async (_, body, headers, status) => {
    const scene = new ReceiveScene(clock);
    expect((await scene.send('/api/v1/write', body, headers)).status).toBe(status);
    expect(scene.samples('.*')).toEqual([]);
  });
});

describe('remote write 2.0', () => {
  const clock = new ManualClock();
  const now = clock.now();

  test('symbols, metadata, exemplars; a series keeps its identity when the symbols move', async () => {
    const scene = new ReceiveScene(clock);
    const request = (symbols: readonly string[], refs: readonly number[], timeMs: number, extra: readonly Field[] = []): Uint8Array =>
      snappyEncode(
        proto([
          ...symbols.map((symbol): Field => [4, 'bytes', symbol]),
          [5, 'message', [...refs.map((ref): Field => [1, 'varint', ref]), sample(timeMs - now, timeMs), ...extra]],
        ]),
      );
    const extra: Field[] = [
      [
        4,
        'message',
        [
          [1, 'varint', 5],
          [1, 'varint', 6],
          [2, 'double', 0.5],
          [3, 'int', now],
        ],
      ],
      [
        5,
        'message',
        [
          [1, 'varint', 2],
          [3, 'varint', 7],
          [4, 'varint', 8],
        ],
      ],
    ];
    const first = ['', '__name__', 'm', 'x', 'y', 'trace_id', 'abc', 'Help.', 'u'];
    expect((await scene.send('/api/v1/write', request(first, [1, 2, 3, 4], now, extra), headers2)).status).toBe(204);
    expect((await scene.send('/api/v1/write', request(['', 'y', 'x', 'm', '__name__'], [4, 3, 2, 1], now + 5), headers2)).status).toBe(204);
    expect(scene.samples('.*')).toEqual(['m{x="y"}: 0 5']);
    expect(scene.store.metadata().get('m')).toEqual({ type: 'gauge', help: 'Help.', unit: 'u' });
    expect(scene.store.exemplars([], 0, Number.MAX_SAFE_INTEGER)[0]!.exemplars[0]!.labels).toEqual(['trace_id', 'abc']);
    expect((await scene.send('/api/v1/write', request(['', 'a'], [1, 9], now), headers2)).status).toBe(400);
    expect((await scene.send('/api/v1/write', request(['', 'a'], [1], now), headers2)).status).toBe(400);
    expect((await scene.send('/api/v1/write', request(['a'], [0, 0], now), headers2)).status).toBe(400);
  });
});

describe.skipIf(!hasPrometheus)("Prometheus' own remote write", () => {
  test.each(['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'])('%s', async (message) => {
    const scene = new ReceiveScene();
    const url = await scene.listen();
    const target = await httpTarget(page('# HELP a_total Help.\n# TYPE a_total counter\na_total{x="ä\\n"} 42\n'));
    await startPrometheus(
      `global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: j, static_configs: [{targets: ['${target.address}']}]}]
remote_write: [{url: '${url}/api/v1/write', protobuf_message: '${message}', send_exemplars: true, queue_config: {batch_send_deadline: 100ms}, metadata_config: {send_interval: 200ms}}]
`,
      ['--enable-feature=metadata-wal-records'],
    );
    await expect.poll(() => scene.samples('a_total').join().split(' ').length, { timeout: 20_000 }).toBeGreaterThan(3);
    await expect.poll(() => scene.store.metadata().get('a_total'), { timeout: 20_000 }).toMatchObject({ type: 'counter', help: 'Help.' });
    target.answer = (_, response) => void response.writeHead(500).end();
    await expect
      .poll(() => scene.samples('a_total').join(), { timeout: 20_000 })
      .toMatch(/^a_total\{instance="127.0.0.1:\d+", job="j", x="ä\\n"\}: [42 ]+ stale/);
    expect(scene.samples('up|scrape_duration_seconds')).toHaveLength(2);
    const account = scene.account('remote_write');
    expect(account['stored']).toBe(account['received']);
    expect(new Set(scene.answers.map(({ status }) => status))).toEqual(new Set([204]));
  });
});

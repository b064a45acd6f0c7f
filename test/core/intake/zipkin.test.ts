import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ManualClock } from '../../support/clock.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';

const clock = new ManualClock();
const micros = clock.now() * 1000;
const json = { 'content-type': 'application/json' };
const path = '/api/v2/spans';

/** One span in both forms: zipkin-api's example of a client's span, with all that the format has. */
const span = {
  traceId: '5af7183fb1d4cf5f',
  parentId: '6b221d5bc9e6496c',
  id: '352bff9a74ca9ad2',
  kind: 'CLIENT',
  name: 'get /api',
  timestamp: micros,
  duration: 1500,
  localEndpoint: { serviceName: 'frontend', ipv4: '192.168.99.1', port: 3306 },
  remoteEndpoint: { serviceName: 'backend', ipv6: '2001:db8:0:0:0:0:0:1', port: 80 },
  annotations: [{ timestamp: micros + 5, value: 'ws' }],
  tags: { 'http.path': '/api', error: 'timed out' },
  debug: true,
};

const fixed64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const endpoint = (service: string, field: 2 | 3, address: Buffer, port: number): Field[] => [
  [1, 'bytes', service],
  [field, 'bytes', address],
  [4, 'varint', port],
];
/** proto-writer has no fixed64 of integers: the key 0x31 (field 6) or 0x09 (field 1) and eight bytes. */
const spanProto = Buffer.concat([
  proto([
    [1, 'bytes', Buffer.from(span.traceId, 'hex')],
    [2, 'bytes', Buffer.from(span.parentId, 'hex')],
    [3, 'bytes', Buffer.from(span.id, 'hex')],
    [4, 'varint', 1],
    [5, 'bytes', span.name],
    [7, 'varint', 1500],
    [8, 'message', endpoint('frontend', 2, Buffer.from([192, 168, 99, 1]), 3306)],
    [9, 'message', endpoint('backend', 3, Buffer.from('20010db8000000000000000000000001', 'hex'), 80)],
    [
      11,
      'message',
      [
        [1, 'bytes', 'http.path'],
        [2, 'bytes', '/api'],
      ],
    ],
    [
      11,
      'message',
      [
        [1, 'bytes', 'error'],
        [2, 'bytes', 'timed out'],
      ],
    ],
    [12, 'varint', 1],
  ]),
  Buffer.from([0x31]),
  fixed64(micros),
  proto([[10, 'bytes', Buffer.concat([Buffer.from([0x09]), fixed64(micros + 5), proto([[2, 'bytes', 'ws']])])]]),
]);

test.each([
  ['JSON', Buffer.from(JSON.stringify([span])), json],
  ['JSON, gzip', gzipSync(JSON.stringify([span])), { ...json, 'content-encoding': 'gzip' }],
  ['protobuf', Buffer.from(proto([[1, 'bytes', spanProto]])), { 'content-type': 'application/x-protobuf' }],
])('a Zipkin span in %s', async (_, body, headers) => {
  const scene = new ReceiveScene(clock);
  expect(await scene.send(path, body, headers)).toMatchObject({ status: 202, body: '' });
  const [stored] = scene.traces.spans(span.traceId.padStart(32, '0'));
  expect(stored).toMatchObject({ spanId: span.id, parentId: span.parentId, name: 'get /api', kind: 'client', status: 'error', flags: 1 });
  expect(stored!.endNs - stored!.startNs).toBe(1_500_000n);
  expect(stored!.startNs).toBe(BigInt(micros) * 1000n);
  expect(stored!.resource.service).toBe('frontend');
  expect(Object.fromEntries(stored!.attributes.map(({ key, text }) => [key, text]))).toEqual({
    'http.path': '/api',
    error: 'timed out',
    'peer.service': 'backend',
    'net.peer.ip': expect.stringMatching(/^2001:0?db8:/) as string,
    'net.peer.port': '80',
    'net.host.ip': '192.168.99.1',
    'net.host.port': '3306',
  });
  expect(stored!.events).toMatchObject([{ name: 'ws', timeNs: BigInt(micros + 5) * 1000n }]);
  expect(scene.account('zipkin')).toEqual({ received: 1, stored: 1 });
});

test.each([
  ['a span without an id', JSON.stringify([span, { ...span, id: undefined }]), json, 400, { received: 2, stored: 1, unreadable: 1 }],
  ['no list', JSON.stringify(span), json, 400, {}],
  ['no JSON', '[{', json, 400, {}],
  ['too deep', '['.repeat(100), json, 413, {}],
  ['another type', '[]', { 'content-type': 'text/plain' }, 415, {}],
  ['no protobuf', Buffer.from([0x0a, 0xff]), { 'content-type': 'application/x-protobuf' }, 400, {}],
])('%s is refused and accounted for', async (_, body, headers, status, account) => {
  const scene = new ReceiveScene(clock);
  expect((await scene.send(path, body, headers)).status).toBe(status);
  expect(scene.account('zipkin')).toEqual(account);
});

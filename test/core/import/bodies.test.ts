import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { importPaths, openCase, type CaseStores, type ImportedFile, type ImportLimits } from '#core/intake/index.ts';
import { formatLabels, matcher } from '#core/model/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';
import { otlpMetricsProto } from '../../support/otlp-proto.ts';
import { proto, type Field } from '../../support/proto-writer.ts';
import { snappyEncode } from '../../support/snappy.ts';
import { otlpTraces, spanOf } from '../../support/spans.ts';

const timeMs = 1_700_000_000_000;
const limitsOf = (documentBytesMax: number): ImportLimits => ({ filesMax: 100, bytesMax: 1 << 30, depthMax: 4, documentBytesMax });

async function imported(name: string, content: Uint8Array | string, limits?: ImportLimits): Promise<{ stores: CaseStores; file: ImportedFile }> {
  const path = join(tempFolder(), name);
  writeFileSync(path, content);
  const stores = openCase(join(tempFolder(), 'case'), new ManualClock(timeMs));
  const [file] = await importPaths([path], { stores: stores.into, ...(limits === undefined ? {} : { limits }) });
  return { stores, file: file! };
}

const text = (number: number, value: string): Field => [number, 'bytes', value];
const attribute = (key: string, value: string): Field => [6, 'message', [text(1, key), [2, 'message', [text(1, value)]]]];

const metrics = otlpMetricsProto(
  JSON.stringify({
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: 'queue.size', gauge: { dataPoints: [{ timeUnixNano: `${timeMs}000000`, asDouble: 4.5 }] } }] }] },
    ],
  }),
);
const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const spans = proto([
  [
    1,
    'message',
    [
      [1, 'message', [[1, 'message', [text(1, 'service.name'), [2, 'message', [text(1, 'shop')]]]]]],
      [
        2,
        'message',
        [
          [
            2,
            'message',
            [
              [1, 'bytes', traceId],
              [2, 'bytes', Buffer.from('b7ad6b7169203331', 'hex')],
              text(5, 'GET /cart'),
              [7, 'fixed64', BigInt(timeMs) * 1_000_000n],
              [8, 'fixed64', BigInt(timeMs + 20) * 1_000_000n],
            ],
          ],
        ],
      ],
    ],
  ],
]);
const logs = proto([
  [
    1,
    'message',
    [
      [
        2,
        'message',
        [
          [
            2,
            'message',
            [
              [1, 'fixed64', BigInt(timeMs) * 1_000_000n],
              [2, 'varint', 17],
              text(3, 'ERROR'),
              [5, 'message', [text(1, 'cart is gone')]],
              attribute('user', '7'),
            ],
          ],
        ],
      ],
    ],
  ],
]);
const sampleAt = (number: number): Field => [
  number,
  'message',
  [
    [1, 'double', 7],
    [2, 'int', timeMs],
  ],
];
const remoteWrite1 = snappyEncode(
  proto([[1, 'message', [[1, 'message', [text(1, '__name__'), text(2, 'up')]], [1, 'message', [text(1, 'job'), text(2, 'api')]], sampleAt(2)]]]),
);
const remoteWrite2 = snappyEncode(
  proto([
    text(4, ''),
    text(4, '__name__'),
    text(4, 'up'),
    text(4, 'job'),
    text(4, 'api'),
    [5, 'message', [[1, 'bytes', Uint8Array.of(1, 2, 3, 4)], sampleAt(2)]],
  ]),
);

/** As the Collector's file exporter writes them: each message behind its length. */
function framed(...messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      return [length, message];
    }),
  );
}

const bodies: readonly (readonly [name: string, content: Uint8Array, format: string, counts: readonly [number, number, number]])[] = [
  ['metrics.pb', metrics, 'OTLP metrics protobuf', [1, 0, 0]],
  ['spans.pb', spans, 'OTLP spans protobuf', [0, 1, 0]],
  ['spans.pb.gz', gzipSync(spans), 'OTLP spans protobuf', [0, 1, 0]],
  ['logs.bin', logs, 'OTLP logs protobuf', [0, 0, 1]],
  ['write-1.snappy', remoteWrite1, 'remote write', [1, 0, 0]],
  ['write-2.snappy', remoteWrite2, 'remote write', [1, 0, 0]],
  ['exported.proto', framed(spans, metrics), 'OTLP spans protobuf, OTLP metrics protobuf', [1, 1, 0]],
];

test.each(bodies)('%s', async (name, content, format, [samples, spanCount, lines]) => {
  const { stores, file } = await imported(name, content);
  expect(file).toMatchObject({ format, samples, spans: spanCount, logs: lines, faultCount: 0, isRefused: false });
  if (name.startsWith('write')) {
    const [series] = stores.metrics.select([matcher('__name__', '=', 'up')], 0, 2e12);
    expect([formatLabels(series!.labels), [...series!.timesMs], [...series!.values]]).toEqual(['up{job="api"}', [timeMs], [7]]);
  }
  if (spanCount > 0) expect(stores.traces.spans(traceId.toString('hex'))[0]).toMatchObject({ name: 'GET /cart', resource: { service: 'shop' } });
  if (lines > 0) {
    const { records } = await stores.logs.search({ text: '', direction: 'forward', limit: 5 });
    expect(records).toMatchObject([{ line: 'cart is gone', level: 'error' }]);
  }
  await stores.close();
});

test('the body that the SDK posts, saved as a file', async () => {
  const [, body] = otlpTraces([spanOf(1), spanOf(2)]);
  const { stores, file } = await imported('traces.json', body);
  expect(file).toMatchObject({ spans: 2, faultCount: 0 });
  await stores.close();
});

test('bytes that are nothing are refused, and so is half a body', async () => {
  for (const content of [Buffer.from([0, 1, 2, 3, 255, 254]), Buffer.from(remoteWrite1.slice(0, 12)), Buffer.from(spans.slice(0, 60))]) {
    const { stores, file } = await imported('x.pb', content);
    expect(file).toMatchObject({ isRefused: true, samples: 0, spans: 0, logs: 0, faultCount: 1 });
    await stores.close();
  }
});

const idOf = (i: number): string => i.toString(16).padStart(16, '0');
const zipkin = Array.from({ length: 3000 }, (_, i) => ({
  traceId: idOf(i + 1),
  id: idOf(i + 1),
  name: `get [${i}] "{,"`,
  timestamp: timeMs * 1000 + i,
  duration: 1000,
  localEndpoint: { serviceName: 'shop' },
}));
const jaeger = zipkin.map(({ traceId, name, timestamp }) => ({
  traceID: traceId,
  spans: [
    {
      traceID: traceId,
      spanID: traceId,
      operationName: name,
      references: [],
      startTime: timestamp,
      duration: 5,
      tags: [],
      logs: [],
      processID: 'p1',
    },
  ],
  processes: { p1: { serviceName: 'shop', tags: [] } },
}));
const otlp = {
  resourceSpans: zipkin.map(({ traceId, name }) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
    scopeSpans: [
      {
        spans: [
          { traceId: traceId.padStart(32, '0'), spanId: traceId, name, startTimeUnixNano: `${timeMs}000000`, endTimeUnixNano: `${timeMs}900000` },
        ],
      },
    ],
  })),
};
const answer = {
  status: 'success',
  data: { resultType: 'matrix', result: zipkin.map((_, i) => ({ metric: { __name__: 'm', i: String(i) }, values: [[timeMs / 1000, String(i)]] })) },
};

/** Documents far longer than may be read whole, whose items are not. */
const documents: readonly (readonly [name: string, document: unknown])[] = [
  ['Zipkin, a list of spans', zipkin],
  ['Zipkin, a list of traces', zipkin.map((span) => [span])],
  ['Jaeger', { data: jaeger, total: 0, limit: 0, errors: null }],
  ['OTLP', otlp],
  ['the query API', answer],
];

test.each(documents.flatMap(([name, document]) => [undefined, 2].map((indent) => [name, indent, document] as const)))(
  'a long document: %s, indented by %s',
  async (_, indent, document) => {
    const content = JSON.stringify(document, undefined, indent);
    const { stores, file } = await imported('long.json', content, limitsOf(64 << 10));
    expect(content.length).toBeGreaterThan(3 * (64 << 10));
    expect({ ...file, found: file.spans + file.samples }).toMatchObject({ found: 3000, faultCount: 0, isRefused: false });
    await stores.close();
  },
);

test('an item that is longer than may be read whole is refused by a sentence; what came before it is kept', async () => {
  const { stores, file } = await imported(
    'long.json',
    JSON.stringify([...zipkin, { ...zipkin[0], id: 'ff', tags: { a: 'x'.repeat(70_000) } }]),
    limitsOf(64 << 10),
  );
  expect(file.spans).toBeGreaterThan(2500);
  expect(file.faults).toEqual([{ line: 0, reason: 'an item of the JSON document is longer than 65536 bytes and can only be read whole; split it' }]);
  await stores.close();
});

test('a document that is cut short keeps its whole groups and says so', async () => {
  const content = JSON.stringify(zipkin);
  const { stores, file } = await imported('cut.json', content.slice(0, content.length - 30), limitsOf(64 << 10));
  expect(file.spans).toBeGreaterThan(2500);
  expect(file.faultCount).toBeGreaterThan(0);
  await stores.close();
});

/** A Zip64 archive: its numbers are too large for the places they had before. */
function zip64Of(name: string, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  for (const at of [20, 24, 42]) entry.writeUInt32LE(0xffffffff, at);
  entry.writeUInt16LE(name.length, 28);
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  [content.length, packed.length, 0].forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + i * 8));
  entry.writeUInt16LE(extra.length, 30);
  const before = local.length + name.length + packed.length;
  const directoryBytes = entry.length + name.length + extra.length;
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  [44, 1, directoryBytes, before].forEach((value, i) => end64.writeBigUInt64LE(BigInt(value), [4, 32, 40, 48][i]));
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(before + directoryBytes), 8);
  const end = Buffer.alloc(22, 0xff);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(0, 20);
  return Buffer.concat([local, Buffer.from(name), packed, entry, Buffer.from(name), extra, end64, locator, end]);
}

test('a zip that is longer than may be read whole, and one of 64 bits', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `{"time":"2026-01-05T03:00:00.${i}Z","level":"info","msg":"${Math.sin(i)}"}\n`).join('');
  const archive = zip64Of('a.log', Buffer.from(lines));
  const { stores, file } = await imported('long.zip', archive, limitsOf(32 << 10));
  expect(archive.length).toBeGreaterThan(3 * (32 << 10));
  expect(file).toMatchObject({ logs: 20_000, faultCount: 0 });
  await stores.close();
});

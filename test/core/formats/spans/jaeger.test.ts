import { readSpanText } from '#core/formats/index.ts';
import type { Span } from '#core/model/index.ts';
import { describe, expect, test } from 'vitest';
import { readShared } from '../../../support/shared-data.ts';

const read = (path: string): readonly Span[] => {
  const { spans, faults } = readSpanText(readShared('traces', path).toString());
  expect(faults).toEqual([]);
  return spans;
};
const tags = (span: Span): string[] => span.attributes.map(({ key, type, text }) => `${key}:${type}=${text}`);

describe('spans of Jaeger', () => {
  const pairs = [
    ['jaeger-ui/utils/fixtures/otlp2jaeger-in.json', 'jaeger-ui/utils/fixtures/otlp2jaeger-out.json'],
    ['jaeger/storage/v2/elasticsearch/tracestore/fixtures/otel_traces_01.json', 'jaeger/storage/v2/elasticsearch/tracestore/fixtures/es_01.json'],
    ['jaeger/storage/v2/cassandra/tracestore/fixtures/otel_traces_01.json', 'jaeger/storage/v2/cassandra/tracestore/fixtures/cas_01.json'],
  ] as const;

  test.each(pairs)('%s and %s are the same spans', (otlp, jaeger) => {
    const essence = (span: Span) => ({
      ids: [span.traceId, span.spanId, span.parentId],
      name: span.name,
      times: [span.startNs / 1000n, span.endNs / 1000n],
      kind: span.kind,
      status: span.status,
      service: span.resource.service,
      links: span.links.map(({ traceId, spanId }) => [traceId, spanId]),
      events: span.events.map(({ name, timeNs }) => [name, timeNs / 1000n]),
    });
    expect(read(jaeger).map(essence)).toEqual(read(otlp).map(essence));
  });

  test.each(['uimodel/converter/v1/json/fixtures/ui_01.json', 'uimodel/converter/v1/json/fixtures/domain_01.json'])('%s', (path) => {
    const spans = read(`jaeger/${path}`);
    expect(spans).toHaveLength(5);
    expect(spans[1]).toMatchObject({
      traceId: '0'.repeat(31) + '1',
      spanId: '0'.repeat(15) + '2',
      resource: { service: 'service-x' },
      status: 'error',
    });
    expect(tags(spans[1]!)).toEqual([
      'peer.service:string=service-y',
      'peer.ipv4:int=23456',
      'temperature:double=72.5',
      'javascript_limit:int=9223372036854775222',
      'blob:bytes=AAAwOQ==',
    ]);
    expect(spans[3]).toMatchObject({ parentId: '0'.repeat(15) + '2', links: [{ traceId: '0'.repeat(30) + 'ff' }, {}] });
    expect(spans[0]!.events.map(({ name, attributes }) => [name, attributes.length])).toEqual([
      ['some-event', 0],
      ['', 1],
    ]);
  });

  test('Thrift batches: ids of 64 bits as numbers', () => {
    expect(read('jaeger/converter/thrift/jaeger/fixtures/thrift_batch_02.json')).toMatchObject([
      { spanId: '0000000000647d98', parentId: '000000000068c4e3', links: [] },
      { spanId: '0000000000647d99', parentId: '000000000068c4e3' },
    ]);
    const [domain, thrift] = [
      read('jaeger/converter/thrift/jaeger/fixtures/domain_02.json'),
      read('jaeger/converter/thrift/jaeger/fixtures/thrift_batch_02.json'),
    ];
    expect(thrift.map(({ traceId, spanId, parentId, startNs, endNs }) => [traceId, spanId, parentId, startNs, endNs])).toEqual(
      domain.map(({ traceId, spanId, parentId, startNs, endNs }) => [traceId, spanId, parentId, startNs, endNs]),
    );
  });

  test("the UI's download of 20 real traces", () => {
    const spans = read('jaeger-deathstarbench/traces-1695947455229.json');
    expect([spans.length, new Set(spans.map(({ traceId }) => traceId)).size]).toEqual([660, 20]);
    const ids = new Set(spans.map(({ traceId, spanId }) => traceId + spanId));
    expect(spans.filter(({ traceId, parentId }) => parentId !== '' && !ids.has(traceId + parentId))).toEqual([]);
  });

  test('ids that are no hexadecimal numbers become hashes that still meet', () => {
    const { spans, notes } = readSpanText(readShared('traces/jaeger-ui/components/TracePage/TraceGraph/testTrace.json').toString());
    expect(notes).toEqual(['12 ids that are no hexadecimal numbers were replaced by hashes and kept as attributes']);
    expect(spans[1]!.parentId).toBe(spans[0]!.spanId);
    expect(spans[0]!.attributes).toContainEqual({ key: 'original.trace_id', type: 'string', text: 'trace-123' });
  });

  test.each([
    ['a broken span is listed by its line, the others are read', 'trace_success.json', 2, []],
    ['a span without a start', 'trace_invalid_json.json', 0, [{ line: 1, reason: 'the startTime is missing' }]],
    ['an empty file', 'trace_empty.json', 0, [{ line: 1, reason: 'the text is empty' }]],
  ])('%s', (_, file, count, faults) => {
    const reading = readSpanText(readShared('traces/jaeger/cmd/anonymizer/app/uiconv/fixtures', file).toString());
    expect([reading.spans.length, reading.faults]).toEqual([count, faults]);
  });
});

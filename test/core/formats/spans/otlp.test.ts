import { readOtlpSpans, readOtlpSpansJson, readSpanText, writeOtlpJson } from '#core/formats/index.ts';
import type { Span } from '#core/model/index.ts';
import { describe, expect, test } from 'vitest';
import { readShared } from '../../../support/shared-data.ts';
import { exportRequest } from './otlp-bytes.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const example = readShared('traces/otlp-examples/trace.json').toString();

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const document = (span: object): string =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...ids, name: 'x', startTimeUnixNano: '1', endTimeUnixNano: '2', ...span }] }] }] });

describe('spans of OTLP', () => {
  test("the specification's example", () => {
    const { format, spans, faultCount } = readSpanText(example);
    expect([format, faultCount]).toEqual(['OTLP JSON', 0]);
    expect(spans).toEqual([
      {
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        parentId: 'eee19b7ec3c1b173',
        name: "I'm a server span",
        kind: 'server',
        startNs: 1544712660000000000n,
        endNs: 1544712661000000000n,
        status: 'unset',
        statusText: '',
        attributes: [{ key: 'my.span.attr', type: 'string', text: 'some value' }],
        events: [],
        links: [],
        resource: { service: 'my.service', attributes: [{ key: 'service.name', type: 'string', text: 'my.service' }] },
        scope: { name: 'my.library', version: '1.0.0', attributes: [{ key: 'my.scope.attribute', type: 'string', text: 'some scope attribute' }] },
        traceState: '',
        flags: 0,
        droppedAttributes: 0,
        droppedEvents: 0,
        droppedLinks: 0,
      },
    ]);
  });

  test.each(['0000', '0001', '0002', '0003', '0004', '0005'])(
    'a real export (%s.json) comes back the same from our JSON and from protobuf',
    (name) => {
      const json = readShared(`traces/otlp-webpack-6566/${name}.json`);
      const { spans, faultCount } = readOtlpSpansJson(json);
      expect(faultCount).toBe(0);
      expect(readSpanText(writeOtlpJson(spans)).spans).toEqual(spans);
      expect(readOtlpSpans(exportRequest(spans))).toMatchObject({ spans, faultCount: 0 });
    },
  );

  test('protobuf keeps every field and all bits of numbers', () => {
    const span: Span = {
      ...readSpanText(example).spans[0]!,
      startNs: 1544712660123456789n,
      endNs: 18446744073709551615n,
      status: 'error',
      statusText: 'no',
      traceState: 'a=b',
      flags: 257,
      droppedAttributes: 3,
      droppedEvents: 4,
      droppedLinks: 5,
      attributes: [
        { key: 'i', type: 'int', text: '-9223372036854775808' },
        { key: 'd', type: 'double', text: '0.1' },
        { key: 'b', type: 'bool', text: 'true' },
        { key: 'y', type: 'bytes', text: 'AAEC' },
        { key: 'j', type: 'json', text: '["a",{"k":1}]' },
      ],
      events: [{ timeNs: 5n, name: 'e', attributes: [{ key: 'k', type: 'string', text: 'v' }], droppedCount: 1 }],
      links: [{ ...ids, traceState: 's=t', attributes: [{ key: 'k', type: 'string', text: 'v' }], droppedCount: 2 }],
    };
    expect(readOtlpSpans(exportRequest([span])).spans).toEqual([span]);
  });

  test.each([
    [{ traceId: 'short-id!' }, 1, ''],
    [{ startTimeUnixNano: 'soon' }, 0, 'startTimeUnixNano is no number'],
    [{ kind: 9 }, 0, 'the kind 9 is not known'],
    [{ kind: 'SPAN_KIND_CLIENT' }, 1, ''],
    [{ status: { code: 'STATUS_CODE_ERROR' } }, 1, ''],
    [{ spanId: '' }, 0, 'the span id is missing'],
    [{ attributes: {} }, 0, 'the OTLP JSON holds a value where a list belongs'],
  ])('a span of %j', (field, count, reason) => {
    const { spans, faults } = readSpanText(document(field));
    expect(spans).toHaveLength(count);
    expect(faults.map((fault) => fault.reason)).toEqual(reason === '' ? [] : [reason]);
  });

  test('attributes beyond 128 are counted as dropped, deep values refused', () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: { intValue: i } }));
    expect(readSpanText(document({ attributes: many })).spans[0]).toMatchObject({ droppedAttributes: 72, attributes: { length: 128 } });
    let value: object = { stringValue: 'x' };
    for (let i = 0; i < 40; i++) value = { arrayValue: { values: [value] } };
    expect(readSpanText(document({ attributes: [{ key: 'k', value }] })).faults[0]!.reason).toContain('nested deeper than 32');
  });

  test('numbers that doubles cannot hold stay exact', () => {
    const text = document({}).replace('"startTimeUnixNano":"1"', '"startTimeUnixNano":1544712660123456789');
    expect(readSpanText(text).spans[0]!.startNs).toBe(1544712660123456789n);
  });

  test('JSON lines: torn and foreign lines are listed, the rest is read', () => {
    const line = JSON.stringify(JSON.parse(example));
    const text = `${line}\n${line.slice(0, 100)}\n${line}\nhello\n{"a":1}\n${line}`;
    const { spans, faults } = readSpanText(text, 10);
    expect(spans).toHaveLength(3);
    expect(faults.map(({ line }) => line)).toEqual([11, 13, 14]);
  });

  test('a fault in a long document is told by its line', () => {
    const text = JSON.stringify(JSON.parse(document({ events: [{ timeUnixNano: 'x' }] })), null, 1);
    const line = text.split('\n').findIndex((one) => one.includes('"spans"')) + 2;
    expect(readSpanText(text).faults).toEqual([{ line, reason: "the event's timeUnixNano is no number" }]);
  });

  test.each([
    [encode('{'), 'not JSON'],
    [encode('[1]'), 'the body is no object'],
  ])('a body that is no request is refused', (body, why) => {
    expect(() => readOtlpSpansJson(body)).toThrow(why);
  });

  test('protobuf: cut anywhere it is refused or read in part, never worse; a bad span is a fault', () => {
    const bytes = exportRequest(readSpanText(example).spans);
    for (let length = 0; length < bytes.length; length++) {
      try {
        expect(readOtlpSpans(bytes.subarray(0, length)).spans.length).toBeLessThan(2);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid' });
      }
    }
    const bad = { ...readSpanText(example).spans[0]!, spanId: '12' };
    expect(readOtlpSpans(exportRequest([bad]))).toMatchObject({ spans: [], faultCount: 1, faults: [{ reason: 'the span id has not 8 bytes' }] });
  });
});

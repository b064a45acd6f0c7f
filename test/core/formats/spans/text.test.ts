import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseB3, parseTraceparent, parseTracestate, formatTraceparent, readSpanText } from '#core/formats/index.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readShared, sharedData } from '../../../support/shared-data.ts';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** As `@opentelemetry/sdk-trace-base` prints a span. */
const jsConsole = `{
  resource: {
    attributes: {
      'service.name': 'shop',
      'process.command_args': [ '/usr/bin/node', "it's" ],
    }
  },
  instrumentationScope: { name: 'lib', version: undefined, schemaUrl: undefined },
  traceId: '${ids.traceId}',
  parentSpanContext: { traceId: '${ids.traceId}', spanId: '00f067aa0ba902b7', traceFlags: 1, traceState: undefined },
  traceState: undefined,
  name: 'GET /{id}',
  id: '${ids.spanId}',
  kind: 1,
  timestamp: 1795247846904000,
  duration: 1250.5,
  attributes: { 'http.status_code': 500, ok: false },
  status: { code: 2, message: 'no' },
  events: [ { name: 'exception', attributes: { 'exception.type': 'E' }, time: [ 1795247846, 905000000 ], droppedAttributesCount: 0 } ],
  links: []
}`;

const pythonConsole = JSON.stringify(
  {
    name: 'GET /{id}',
    context: { trace_id: `0x${ids.traceId}`, span_id: `0x${ids.spanId}`, trace_state: '[]' },
    kind: 'SpanKind.SERVER',
    parent_id: '0x00f067aa0ba902b7',
    start_time: '2026-11-21T07:57:26.904000Z',
    end_time: '2026-11-21T07:57:26.905250Z',
    status: { status_code: 'ERROR', description: 'no' },
    attributes: { 'http.status_code': 500, ok: false },
    events: [{ name: 'exception', timestamp: '2026-11-21T07:57:26.905000Z', attributes: { 'exception.type': 'E' } }],
    links: [],
    resource: { attributes: { 'service.name': 'shop' }, schema_url: '' },
  },
  null,
  4,
);

const goConsole = JSON.stringify(
  {
    Name: 'GET /{id}',
    SpanContext: { TraceID: ids.traceId, SpanID: ids.spanId, TraceFlags: '01', TraceState: '', Remote: false },
    Parent: { TraceID: ids.traceId, SpanID: '00f067aa0ba902b7', TraceFlags: '01', TraceState: '', Remote: true },
    SpanKind: 2,
    StartTime: '2026-11-21T09:57:26.904+02:00',
    EndTime: '2026-11-21T09:57:26.90525+02:00',
    Attributes: [
      { Key: 'http.status_code', Value: { Type: 'INT64', Value: 500 } },
      { Key: 'ok', Value: { Type: 'BOOL', Value: false } },
    ],
    Events: [
      {
        Name: 'exception',
        Attributes: [{ Key: 'exception.type', Value: { Type: 'STRING', Value: 'E' } }],
        DroppedAttributeCount: 0,
        Time: '2026-11-21T09:57:26.905+02:00',
      },
    ],
    Links: null,
    Status: { Code: 'Error', Description: 'no' },
    DroppedAttributes: 0,
    DroppedEvents: 0,
    DroppedLinks: 0,
    ChildSpanCount: 0,
    Resource: [{ Key: 'service.name', Value: { Type: 'STRING', Value: 'shop' } }],
    InstrumentationScope: { Name: 'lib', Version: '', SchemaURL: '' },
  },
  null,
  '\t',
);

describe('texts with spans', () => {
  test.each([
    ['OpenTelemetry console (JavaScript)', jsConsole],
    ['OpenTelemetry console (Python)', pythonConsole],
    ['OpenTelemetry console (Go)', goConsole],
  ])('%s, one behind the other with lines of a log between', (format, one) => {
    const reading = readSpanText(`server listens\n${one}\nGET / 500\n${one}\n`);
    expect(reading).toMatchObject({ format, faultCount: 2, faults: [{ line: 1 }, { line: one.split('\n').length + 2 }] });
    expect(reading.spans).toHaveLength(2);
    expect(reading.spans[1]).toMatchObject({
      ...ids,
      parentId: '00f067aa0ba902b7',
      name: 'GET /{id}',
      kind: 'server',
      startNs: 1795247846904000000n,
      status: 'error',
      statusText: 'no',
      attributes: [
        { key: 'http.status_code', type: 'int', text: '500' },
        { key: 'ok', type: 'bool', text: 'false' },
      ],
      events: [{ name: 'exception', timeNs: 1795247846905000000n, attributes: [{ key: 'exception.type', text: 'E' }] }],
      resource: { service: 'shop' },
    });
    expect(Number(reading.spans[0]!.endNs - reading.spans[0]!.startNs)).toBeGreaterThanOrEqual(1_250_000);
  });

  test("Tempo's answer, ids in base64", () => {
    const span = {
      traceId: Buffer.from(ids.traceId, 'hex').toString('base64'),
      spanId: Buffer.from(ids.spanId, 'hex').toString('base64'),
      name: 'x',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    };
    const batches = [{ resource: {}, instrumentationLibrarySpans: [{ spans: [span] }] }];
    expect(readSpanText(JSON.stringify({ batches }))).toMatchObject({ format: 'Tempo JSON', spans: [ids], faultCount: 0 });
  });

  test('Zipkin: kinds, endpoints, annotations, shared and failed spans', () => {
    const kafka = readSpanText(readShared('traces/zipkin/messaging-kafka.json').toString());
    expect(kafka).toMatchObject({ format: 'Zipkin JSON', faultCount: 0, spans: { length: 28 } });
    const [first] = readSpanText(
      JSON.stringify([
        {
          traceId: 'abc',
          id: '1',
          kind: 'CLIENT',
          name: 'get',
          timestamp: 5,
          duration: 2,
          shared: true,
          localEndpoint: { serviceName: 'a', ipv4: '1.2.3.4' },
          remoteEndpoint: { serviceName: 'b', port: 80 },
          annotations: [{ timestamp: 6, value: 'ws' }],
          tags: { error: 'no route' },
        },
      ]),
    ).spans;
    expect(first).toMatchObject({
      traceId: '0'.repeat(29) + 'abc',
      kind: 'client',
      status: 'error',
      statusText: 'no route',
      startNs: 5000n,
      endNs: 7000n,
      events: [{ name: 'ws', timeNs: 6000n }],
    });
    expect(first!.attributes.map(({ key, text }) => `${key}=${text}`)).toEqual([
      'error=no route',
      'peer.service=b',
      'net.peer.port=80',
      'net.host.ip=1.2.3.4',
      'zipkin.shared=true',
    ]);
  });

  test('every file of spans is read whole; every other one says what it is', () => {
    const root = sharedData('traces');
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const counts = { files: 0, spans: 0 };
    const strange = new Map<string, string>();
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      const { spans, faultCount, faults } = readSpanText(readFileSync(path, 'utf8'));
      counts.files += Number(spans.length > 0);
      counts.spans += spans.length;
      expect([path, spans.length > 0 ? 0 : 1]).toEqual([path, faultCount]);
      if (faultCount > 0) strange.set(path.slice(root.length + 1), faults[0]!.reason);
    }
    expect(counts).toEqual({ files: 104, spans: 7721 });
    expect([...strange.keys()].filter((path) => !/\.(csv|md)$|LICENSE|queries|query_|DependencyGraph|anonymizer/.test(path)).sort()).toEqual([
      'otlp-examples/events.json',
      'otlp-examples/logs.json',
      'otlp-examples/metrics.json',
    ]);
  });

  test('microseconds of 16 digits stay as they are, and whole numbers that no double holds too', () => {
    const span = (timestamp: string, tag: string): string =>
      `[{"traceId":"1","id":"2","timestamp":${timestamp},"duration":9007199254740993,"tags":{"n":"x:${tag}"}}]`;
    const [read] = readSpanText(span('1767582000000123', '12345678901234567')).spans;
    expect(read).toMatchObject({ startNs: 1_767_582_000_000_123_000n, endNs: 1_767_582_000_000_123_000n + 9_007_199_254_740_993_000n });
    expect(read!.attributes[0]!.text).toBe('x:12345678901234567');
  });

  test('a document a line, then one over several lines: each is read, and faults have their line', () => {
    const line = (id: string): string =>
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"a1","spanId":"${id}","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}`;
    const text = [line('b1'), '', `${line('b2')}  `, '{"resourceSpans": [', '{"scopeSpans": 7}]}', line('b3'), '{"torn":'].join('\n');
    const { spans, faults } = readSpanText(text, 10);
    expect(spans.map(({ spanId }) => spanId)).toEqual(['b1', 'b2', 'b3'].map((id) => id.padStart(16, '0')));
    expect(faults.map((fault) => fault.line)).toEqual([14, 16]);
  });

  test('no text breaks the reader', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '\\',
      ',',
      ':',
      '\n',
      '"resourceSpans"',
      '"spans"',
      '"traceId"',
      '"id"',
      '1',
      'null',
      'x',
      '"data"',
      '"timestamp"',
      '"resource"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const { spans, faultCount } = readSpanText(parts.join(''));
        expect(spans.length + faultCount).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 3000, seed: 3 },
    );
  });
});

describe('trace contexts', () => {
  const valid = `00-${ids.traceId}-${ids.spanId}-01`;
  test.each([
    [valid, { ...ids, sampled: true }],
    [`00-${ids.traceId}-${ids.spanId}-00`, { ...ids, sampled: false }],
    [`cc-${ids.traceId}-${ids.spanId}-01-what-the-future-brings`, { ...ids, sampled: true }],
    [`${valid}-more`, undefined],
    [`ff-${ids.traceId}-${ids.spanId}-01`, undefined],
    [`00-${'0'.repeat(32)}-${ids.spanId}-01`, undefined],
    [`00-${ids.traceId}-${'0'.repeat(16)}-01`, undefined],
    [valid.toUpperCase(), undefined],
    ['', undefined],
  ])('traceparent %s', (header, context) => {
    expect(parseTraceparent(header)).toEqual(context);
    if (context !== undefined) expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
  });

  test.each([
    [
      'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
      [
        ['rojo', '00f067aa0ba902b7'],
        ['congo', 't61rcWkgMzE'],
      ],
    ],
    [' a@b=1 , ', [['a@b', '1']]],
    ['', []],
    ['a=1,a=2', undefined],
    ['A=1', undefined],
    ['a', undefined],
    ['a=b=c', undefined],
    [Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','), undefined],
  ])('tracestate %s', (header, members) => {
    expect(parseTracestate(header)).toEqual(members);
  });

  test.each([
    [{ b3: `${ids.traceId}-${ids.spanId}-1-05e3ac9a4f6e3b90` }, { ...ids, sampled: true }],
    [{ b3: `${ids.traceId}-${ids.spanId}` }, { ...ids, sampled: undefined }],
    [
      { 'x-b3-traceid': ids.spanId, 'x-b3-spanid': ids.spanId, 'x-b3-sampled': '0' },
      { traceId: '0'.repeat(16) + ids.spanId, spanId: ids.spanId, sampled: false },
    ],
    [
      { 'x-b3-traceid': ids.traceId, 'x-b3-spanid': ids.spanId, 'x-b3-flags': '1' },
      { ...ids, sampled: true },
    ],
    [{ b3: '0' }, undefined],
    [{}, undefined],
  ] as const)('B3 %j', (headers, context) => {
    expect(parseB3(headers)).toEqual(context);
  });
});

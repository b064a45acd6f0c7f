/**
 * Our protobuf decoders beside another encoder (@bufbuild/protobuf): what it writes of random messages reads as its JSON does through our
 * JSON decoder, or as the message itself. The messages are those of opentelemetry-proto 1.x, prompb and pkg/push, by field number.
 */
import { create, createFileRegistry, toBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Label as Label, FieldDescriptorProto_Type as Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LineCache,
  readLokiPush,
  readOtlpLogs,
  readOtlpLogsJson,
  readOtlpMetrics,
  readOtlpMetricsJson,
  readOtlpSpans,
  readOtlpSpansJson,
  readRemoteWrite1,
  remoteWriteLabels,
  RemoteWriteColumns,
} from '#core/formats/index.ts';

const runs = { seed: 23, numRuns: process.env['TORTURE'] === 'long' ? 20_000 : 300 };

/** `name:number:type`; `*` repeated, `?` with presence, a type in capitals a message; those in `|...|` are one of each other. */
const messages: Readonly<Record<string, string>> = {
  KeyValue: 'key:1:string value:2:AnyValue',
  ArrayValue: 'values:1:AnyValue*',
  KeyValueList: 'values:1:KeyValue*',
  AnyValue:
    '|string_value:1:string bool_value:2:bool int_value:3:int64 double_value:4:double array_value:5:ArrayValue kvlist_value:6:KeyValueList bytes_value:7:bytes|',
  Resource: 'attributes:1:KeyValue* dropped_attributes_count:2:uint32',
  Scope: 'name:1:string version:2:string attributes:3:KeyValue* dropped_attributes_count:4:uint32',
  Event: 'time_unix_nano:1:fixed64 name:2:string attributes:3:KeyValue* dropped_attributes_count:4:uint32',
  Link: 'trace_id:1:bytes span_id:2:bytes trace_state:3:string attributes:4:KeyValue* dropped_attributes_count:5:uint32 flags:6:fixed32',
  Status: 'message:2:string code:3:int32',
  Span: 'trace_id:1:bytes span_id:2:bytes trace_state:3:string parent_span_id:4:bytes flags:16:fixed32 name:5:string kind:6:int32 start_time_unix_nano:7:fixed64 end_time_unix_nano:8:fixed64 attributes:9:KeyValue* dropped_attributes_count:10:uint32 events:11:Event* dropped_events_count:12:uint32 links:13:Link* dropped_links_count:14:uint32 status:15:Status',
  ScopeSpans: 'scope:1:Scope spans:2:Span* schema_url:3:string',
  ResourceSpans: 'resource:1:Resource scope_spans:2:ScopeSpans* schema_url:3:string',
  TracesRequest: 'resource_spans:1:ResourceSpans*',
  LogRecord:
    'time_unix_nano:1:fixed64 observed_time_unix_nano:11:fixed64 severity_number:2:int32 severity_text:3:string body:5:AnyValue attributes:6:KeyValue* dropped_attributes_count:7:uint32 flags:8:fixed32 trace_id:9:bytes span_id:10:bytes',
  ScopeLogs: 'scope:1:Scope log_records:2:LogRecord* schema_url:3:string',
  ResourceLogs: 'resource:1:Resource scope_logs:2:ScopeLogs* schema_url:3:string',
  LogsRequest: 'resource_logs:1:ResourceLogs*',
  Exemplar: 'filtered_attributes:7:KeyValue* time_unix_nano:2:fixed64 |as_double:3:double as_int:6:sfixed64| span_id:4:bytes trace_id:5:bytes',
  NumberPoint:
    'attributes:7:KeyValue* start_time_unix_nano:2:fixed64 time_unix_nano:3:fixed64 |as_double:4:double as_int:6:sfixed64| exemplars:5:Exemplar* flags:8:uint32',
  HistogramPoint:
    'attributes:9:KeyValue* start_time_unix_nano:2:fixed64 time_unix_nano:3:fixed64 count:4:fixed64 sum:5:double? bucket_counts:6:fixed64* explicit_bounds:7:double* exemplars:8:Exemplar* flags:10:uint32 min:11:double? max:12:double?',
  Buckets: 'offset:1:sint32 bucket_counts:2:uint64*',
  ExponentialPoint:
    'attributes:1:KeyValue* start_time_unix_nano:2:fixed64 time_unix_nano:3:fixed64 count:4:fixed64 sum:5:double? scale:6:sint32 zero_count:7:fixed64 positive:8:Buckets negative:9:Buckets flags:10:uint32 exemplars:11:Exemplar* min:12:double? max:13:double? zero_threshold:14:double',
  Quantile: 'quantile:1:double value:2:double',
  SummaryPoint:
    'attributes:7:KeyValue* start_time_unix_nano:2:fixed64 time_unix_nano:3:fixed64 count:4:fixed64 sum:5:double quantile_values:6:Quantile* flags:8:uint32',
  Gauge: 'data_points:1:NumberPoint*',
  Sum: 'data_points:1:NumberPoint* aggregation_temporality:2:int32 is_monotonic:3:bool',
  Histogram: 'data_points:1:HistogramPoint* aggregation_temporality:2:int32',
  Exponential: 'data_points:1:ExponentialPoint* aggregation_temporality:2:int32',
  Summary: 'data_points:1:SummaryPoint*',
  Metric:
    'name:1:string description:2:string unit:3:string |gauge:5:Gauge sum:7:Sum histogram:9:Histogram exponential_histogram:10:Exponential summary:11:Summary|',
  ScopeMetrics: 'scope:1:Scope metrics:2:Metric* schema_url:3:string',
  ResourceMetrics: 'resource:1:Resource scope_metrics:2:ScopeMetrics* schema_url:3:string',
  MetricsRequest: 'resource_metrics:1:ResourceMetrics*',
  Timestamp: 'seconds:1:int64 nanos:2:int32',
  LabelPair: 'name:1:string value:2:string',
  Entry: 'timestamp:1:Timestamp line:2:string structured_metadata:3:LabelPair*',
  Stream: 'labels:1:string entries:2:Entry* hash:3:uint64',
  PushRequest: 'streams:1:Stream*',
  Sample: 'value:1:double timestamp:2:int64',
  TimeSeries: 'labels:1:LabelPair* samples:2:Sample*',
  WriteRequest: 'timeseries:1:TimeSeries*',
};

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly isList: boolean;
  readonly isOptional: boolean;
  /** Of fields of which one is set. */
  readonly isChoice: boolean;
}

function fieldsOf(message: string): readonly Field[] {
  let isChoice = false;
  return messages[message]!.split(' ').map((written) => {
    if (written.startsWith('|')) isChoice = true;
    const [name = '', number = '', type = ''] = written.replaceAll('|', '').split(':');
    const field = {
      name,
      number: Number(number),
      type: type.replace(/[*?]$/, ''),
      isList: type.endsWith('*'),
      isOptional: type.endsWith('?'),
      isChoice,
    };
    if (written.endsWith('|')) isChoice = false;
    return field;
  });
}

const scalarTypes: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bool: Type.BOOL,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  sint32: Type.SINT32,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  double: Type.DOUBLE,
  bytes: Type.BYTES,
};

const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'all.proto',
        syntax: 'proto3',
        messageType: Object.keys(messages).map((message) => {
          const fields = fieldsOf(message);
          const optional = fields.filter(({ isOptional }) => isOptional);
          const choices = fields.some(({ isChoice }) => isChoice) ? ['choice'] : [];
          return {
            name: message,
            oneofDecl: [...choices, ...optional.map(({ name }) => `_${name}`)].map((name) => ({ name })),
            field: fields.map((field) => ({
              name: field.name,
              jsonName: camel(field.name),
              number: field.number,
              label: field.isList ? Label.REPEATED : Label.OPTIONAL,
              type: scalarTypes[field.type] ?? Type.MESSAGE,
              ...(field.type in scalarTypes ? {} : { typeName: `.${field.type}` }),
              ...(field.isChoice ? { oneofIndex: 0 } : {}),
              ...(field.isOptional ? { oneofIndex: choices.length + optional.indexOf(field), proto3Optional: true } : {}),
            })),
          };
        }),
      },
    ],
  }),
);

const descriptor = (message: string): DescMessage => registry.getMessage(message)!;

/** Values that senders could mean. Ids have their lengths, times are after 1970 and before 2262. */
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'binary', maxLength: 12 }),
  bool: fc.boolean(),
  int32: fc.integer({ min: 0, max: 5 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint32: fc.nat(),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  sint32: fc.integer({ min: -4, max: 8 }),
  fixed32: fc.nat(0xffff),
  fixed64: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  sfixed64: fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }),
  double: fc.double({ noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 9 }),
};
const times = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
const idBytes: Readonly<Record<string, number>> = { trace_id: 16, span_id: 8, parent_span_id: 8 };

/** A message's `create` form; inner messages end after a few levels. Spans have their times: JSON without them is no span. */
function arbitraryOf(message: string, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields = fieldsOf(message);
  const single = ({ name, type }: Field): fc.Arbitrary<unknown> => {
    if (name in idBytes) return fc.uint8Array({ minLength: idBytes[name]!, maxLength: idBytes[name]! });
    if (name.endsWith('time_unix_nano')) return times;
    return scalars[type] ?? arbitraryOf(type, depth + 1);
  };
  const isDeep = ({ type }: Field): boolean => depth > 6 && ['ArrayValue', 'KeyValueList', 'AnyValue'].includes(type);
  const own = fields.filter((field) => !field.isChoice && !isDeep(field));
  const record = Object.fromEntries(
    own.map((field) => [
      camel(field.name),
      message === 'Span' && field.name.endsWith('time_unix_nano')
        ? times
        : field.isList
          ? fc.array(single(field), { maxLength: 3 })
          : fc.option(single(field), { nil: undefined }),
    ]),
  );
  const choices = fields.filter((field) => field.isChoice && !isDeep(field));
  const choice = choices.map((field) => single(field).map((value) => ({ case: camel(field.name), value })));
  return fc
    .record({ ...record, ...(choices.length === 0 ? {} : { choice: fc.option(fc.oneof(...choice), { nil: undefined }) }) }, { noNullPrototype: true })
    .map(present);
}

/** Fields that are not set are not there. */
function present(message: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined));
}

/** OTLP's JSON is protobuf's but for ids, which are hex. */
function otlpJson(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(otlpJson);
  if (typeof json !== 'object' || json === null) return json;
  const pairs = Object.entries(json).map(([key, value]): [string, JsonValue] => [
    key,
    /^(?:trace|span|parentSpan)Id$/.test(key) && typeof value === 'string' ? Buffer.from(value, 'base64').toString('hex') : otlpJson(value),
  ]);
  return Object.fromEntries(pairs);
}

function encoded(message: string, init: Record<string, unknown>): { readonly binary: Uint8Array; readonly json: Uint8Array } {
  const made = create(descriptor(message), init as never);
  return { binary: toBinary(descriptor(message), made), json: Buffer.from(JSON.stringify(otlpJson(toJson(descriptor(message), made)))) };
}

describe('OTLP in protobuf reads as its JSON does', () => {
  test('spans', () => {
    fc.assert(
      fc.property(arbitraryOf('TracesRequest'), (init) => {
        const { binary, json } = encoded('TracesRequest', init);
        const [got, wanted] = [readOtlpSpans(binary), readOtlpSpansJson(json)];
        expect([got.spans, got.faultCount]).toEqual([wanted.spans, wanted.faultCount]);
      }),
      runs,
    );
  });

  test('logs', () => {
    fc.assert(
      fc.property(arbitraryOf('LogsRequest'), (init) => {
        const { binary, json } = encoded('LogsRequest', init);
        const [got, wanted] = [readOtlpLogs(binary, 5n), readOtlpLogsJson(json, 5n)];
        expect([got.records, got.faultCount]).toEqual([wanted.records, wanted.faultCount]);
      }),
      runs,
    );
  });

  test('metrics', () => {
    fc.assert(
      fc.property(arbitraryOf('MetricsRequest'), (init) => {
        const { binary, json } = encoded('MetricsRequest', init);
        expect(readOtlpMetrics(binary)).toEqual(readOtlpMetricsJson(json));
      }),
      runs,
    );
  });
});

test('an id of zeros is none: a span is refused, a parent and a link stay without', () => {
  const [traceId, spanId, zeros] = [new Uint8Array(16).fill(1), new Uint8Array(8).fill(2), new Uint8Array(16)];
  const own = { traceId, spanId, startTimeUnixNano: 1n, endTimeUnixNano: 2n };
  const link = { traceId: zeros, spanId: zeros.subarray(8) };
  const spans = [
    { ...own, traceId: zeros },
    { ...own, spanId: zeros.subarray(8) },
    { ...own, parentSpanId: zeros.subarray(8), links: [link] },
  ];
  const { binary, json } = encoded('TracesRequest', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  for (const reading of [readOtlpSpans(binary), readOtlpSpansJson(json)]) {
    expect(reading.faults.map(({ reason }) => reason)).toEqual(['the trace id is all zeros', 'the span id is all zeros']);
    expect(reading.spans.map(({ parentId, links }) => [parentId, links[0]!.traceId, links[0]!.spanId])).toEqual([['', '', '']]);
  }
});

describe('other protobuf reads as it was meant', () => {
  test("Loki's push", () => {
    const entry = fc.record({
      timestamp: fc.record({ seconds: fc.bigInt({ min: 0n, max: 2n ** 33n }), nanos: fc.nat(999_999_999) }),
      line: scalars['string'] as fc.Arbitrary<string>,
    });
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 4 }), (streams) => {
        const { binary } = encoded('PushRequest', { streams: streams.map((entries, i) => ({ labels: `{app="a${i}"}`, entries, hash: 7n })) });
        expect(readLokiPush(binary).records.map(({ timeNs, labels, line }) => [timeNs, labels, line])).toEqual(
          streams.flatMap((entries, i) =>
            entries.map(({ timestamp: { seconds, nanos }, line }) => [seconds * 1_000_000_000n + BigInt(nanos), ['app', `a${i}`], line]),
          ),
        );
      }),
      runs,
    );
  });

  test('remote write 1.0', () => {
    const timeMs = fc.integer({ min: 0, max: 2 ** 45 });
    const series = fc.record({
      labels: fc.array(fc.record({ name: scalars['string'] as fc.Arbitrary<string>, value: scalars['string'] as fc.Arbitrary<string> }), {
        maxLength: 4,
      }),
      samples: fc.array(fc.record({ value: fc.double(), timestamp: timeMs }), { maxLength: 4 }),
    });
    const columns = new RemoteWriteColumns();
    fc.assert(
      fc.property(fc.array(series, { maxLength: 5 }), (timeseries) => {
        const wire = timeseries.map(({ labels, samples }) => ({
          labels,
          samples: samples.map(({ value, timestamp }) => ({ value, timestamp: BigInt(timestamp) })),
        }));
        const { binary } = encoded('WriteRequest', { timeseries: wire });
        readRemoteWrite1(binary, columns, new LineCache());
        const got = Array.from({ length: columns.seriesCount }, (_, i) => {
          const [from, to] = [i === 0 ? 0 : columns.samplesTo[i - 1]!, columns.samplesTo[i]!];
          return {
            labels: remoteWriteLabels(binary, columns.labelsFrom[i]!, columns.labelsTo[i]!),
            samples: Array.from({ length: to - from }, (_s, k) => [columns.values[from + k], columns.timesMs[from + k]]),
          };
        });
        const kept = (labels: readonly { name: string; value: string }[]): string[] =>
          labels.flatMap(({ name, value }) => (value === '' ? [] : [name, value]));
        expect(got.map(({ samples }) => samples)).toEqual(timeseries.map(({ samples }) => samples.map(({ value, timestamp }) => [value, timestamp])));
        expect(got.map(({ labels }) => [...labels].sort())).toEqual(timeseries.map(({ labels }) => kept(labels).sort()));
      }),
      runs,
    );
  });
});

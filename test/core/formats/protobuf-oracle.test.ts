/**
 * Our decoders of OTLP beside another encoder: what it writes of random messages reads as its JSON does through our JSON decoder. The
 * messages are those of opentelemetry-proto 1.x, by field number.
 */
import type { JsonValue } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readOtlpLogs, readOtlpLogsJson, readOtlpMetrics, readOtlpMetricsJson, readOtlpSpans, readOtlpSpansJson } from '#core/formats/index.ts';
import { ProtoMessages, type Init } from '../../support/proto-messages.ts';

const runs = { seed: 23, numRuns: process.env['TORTURE'] === 'long' ? 20_000 : 300 };

const messages = new ProtoMessages({
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
});

/** Spans have their times: JSON without them is no span. */
const arbitraryOf = (message: string): fc.Arbitrary<Init> =>
  messages.arbitrary(message, {
    deep: ['ArrayValue', 'KeyValueList', 'AnyValue'],
    needed: (inner, field) => inner === 'Span' && field.endsWith('time_unix_nano'),
  });

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

function encoded(message: string, init: Init): { readonly binary: Uint8Array; readonly json: Uint8Array } {
  const { binary, json } = messages.encode(message, init);
  return { binary, json: Buffer.from(JSON.stringify(otlpJson(json))) };
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

/**
 * Our decoders of other protobuf beside another encoder: random messages of prompb, Loki's pkg/push, zipkin-api and
 * io.prometheus.client, by field number, read as they were meant.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ExpositionColumns,
  LineCache,
  ProtobufReader,
  readLokiPush,
  readRemoteWrite1,
  readRemoteWrite2,
  readZipkinJson,
  readZipkinProto,
  remoteWriteLabels,
  RemoteWriteColumns,
  symbolText,
} from '#core/formats/index.ts';
import { labelsFromRecord } from '#core/model/index.ts';
import { ProtoMessages, scalars } from '../../support/proto-messages.ts';

const runs = { seed: 29, numRuns: process.env['TORTURE'] === 'long' ? 20_000 : 300 };
const text = scalars['string'] as fc.Arbitrary<string>;

const messages = new ProtoMessages({
  Timestamp: 'seconds:1:int64 nanos:2:int32',
  LabelPair: 'name:1:string value:2:string',
  Entry: 'timestamp:1:Timestamp line:2:string structured_metadata:3:LabelPair*',
  Stream: 'labels:1:string entries:2:Entry* hash:3:uint64',
  PushRequest: 'streams:1:Stream*',
  Sample: 'value:1:double timestamp:2:int64',
  TimeSeries: 'labels:1:LabelPair* samples:2:Sample*',
  WriteRequest: 'timeseries:1:TimeSeries*',
  Sample2: 'value:1:double timestamp:2:int64',
  TimeSeries2: 'labels_refs:1:uint32* samples:2:Sample2*',
  Request2: 'symbols:4:string* timeseries:5:TimeSeries2*',
  Tag: 'key:1:string value:2:string',
  Annotation: 'timestamp:1:fixed64 value:2:string',
  Endpoint: 'service_name:1:string ipv4:2:bytes ipv6:3:bytes port:4:int32',
  Span: 'trace_id:1:bytes parent_id:2:bytes id:3:bytes kind:4:int32 name:5:string timestamp:6:fixed64 duration:7:uint64 local_endpoint:8:Endpoint remote_endpoint:9:Endpoint annotations:10:Annotation* tags:11:Tag* debug:12:bool shared:13:bool',
  ListOfSpans: 'spans:1:Span*',
  Value: 'value:1:double',
  Metric: 'label:1:LabelPair* gauge:2:Value counter:3:Value untyped:5:Value timestamp_ms:6:int64?',
  MetricFamily: 'name:1:string help:2:string type:3:int32 metric:4:Metric*',
  Page: 'family:1:MetricFamily*',
});
const encoded = (message: string, init: Record<string, unknown>): Uint8Array => messages.encode(message, init).binary;

describe('other protobuf reads as it was meant', () => {
  test("Loki's push", () => {
    const entry = fc.record({
      timestamp: fc.record({ seconds: fc.bigInt({ min: 0n, max: 2n ** 33n }), nanos: fc.nat(999_999_999) }),
      line: text,
    });
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 4 }), (streams) => {
        const binary = encoded('PushRequest', { streams: streams.map((entries, i) => ({ labels: `{app="a${i}"}`, entries, hash: 7n })) });
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
      labels: fc.array(fc.record({ name: text, value: text }), {
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
        const binary = encoded('WriteRequest', { timeseries: wire });
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

  test('remote write 2.0', () => {
    const timeMs = fc.integer({ min: 0, max: 2 ** 45 });
    const request = fc.array(text, { minLength: 1, maxLength: 6 }).chain((symbols) =>
      fc.record({
        symbols: fc.constant(['', ...symbols]),
        timeseries: fc.array(
          fc.record({
            labelsRefs: fc.array(fc.nat(symbols.length), { maxLength: 6 }),
            samples: fc.array(fc.record({ value: fc.double(), timestamp: timeMs }), { maxLength: 4 }),
          }),
          { maxLength: 5 },
        ),
      }),
    );
    const columns = new RemoteWriteColumns();
    fc.assert(
      fc.property(request, ({ symbols, timeseries }) => {
        const wire = timeseries.map(({ labelsRefs, samples }) => ({
          labelsRefs,
          samples: samples.map(({ value, timestamp }) => ({ value, timestamp: BigInt(timestamp) })),
        }));
        const binary = encoded('Request2', { symbols, timeseries: wire });
        const table = readRemoteWrite2(binary, columns);
        expect(Array.from(symbols, (_, at) => symbolText(binary, table, at))).toEqual(symbols);
        expect(symbolText(binary, table, symbols.length)).toBeUndefined();
        const got = Array.from({ length: columns.seriesCount }, (_, i) => {
          const [from, to] = [i === 0 ? 0 : columns.samplesTo[i - 1]!, columns.samplesTo[i]!];
          return {
            labelsRefs: [...columns.labelRefs.subarray(columns.labelsFrom[i], columns.labelsTo[i])],
            samples: Array.from({ length: to - from }, (_s, k) => ({ value: columns.values[from + k], timestamp: columns.timesMs[from + k] })),
          };
        });
        expect(got).toEqual(timeseries);
      }),
      runs,
    );
  });

  test("Zipkin's spans, as its JSON does", () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
    const endpoint = fc.record({ serviceName: text, ipv4: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), port: fc.nat(65_535) });
    const micros = fc.integer({ min: 1, max: 2 ** 51 });
    const span = fc.record({
      traceId: fc.oneof(bytes(8), bytes(16)),
      id: bytes(8),
      parentId: maybe(bytes(8)),
      kind: fc.nat(4),
      name: text,
      timestamp: micros,
      duration: micros,
      localEndpoint: maybe(endpoint),
      remoteEndpoint: maybe(endpoint),
      annotations: fc.array(fc.record({ timestamp: micros, value: text }), { maxLength: 3 }),
      tags: fc.uniqueArray(fc.record({ key: text, value: text }), { maxLength: 3, selector: ({ key }) => key }),
      debug: fc.boolean(),
      shared: fc.boolean(),
    });
    const kinds = [undefined, 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'];
    const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');
    fc.assert(
      fc.property(fc.array(span, { maxLength: 4 }), (spans) => {
        const wired = spans.map(({ localEndpoint, remoteEndpoint, parentId, timestamp, duration, annotations, ...rest }) => ({
          ...rest,
          ...(parentId === undefined ? {} : { parentId }),
          timestamp: BigInt(timestamp),
          duration: BigInt(duration),
          ...(localEndpoint === undefined ? {} : { localEndpoint: { ...localEndpoint, ipv4: Uint8Array.from(localEndpoint.ipv4) } }),
          ...(remoteEndpoint === undefined ? {} : { remoteEndpoint: { ...remoteEndpoint, ipv4: Uint8Array.from(remoteEndpoint.ipv4) } }),
          annotations: annotations.map((one) => ({ timestamp: BigInt(one.timestamp), value: one.value })),
        }));
        const json = spans.map(({ traceId, id, parentId, kind, localEndpoint, remoteEndpoint, tags, ...rest }) => ({
          ...rest,
          traceId: hex(traceId),
          id: hex(id),
          parentId: parentId && hex(parentId),
          kind: kinds[kind],
          localEndpoint: localEndpoint && { ...localEndpoint, ipv4: localEndpoint.ipv4.join('.') },
          remoteEndpoint: remoteEndpoint && { ...remoteEndpoint, ipv4: remoteEndpoint.ipv4.join('.') },
          tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
        }));
        const got = readZipkinProto(encoded('ListOfSpans', { spans: wired }));
        const wanted = readZipkinJson(Buffer.from(JSON.stringify(json)));
        expect([got.spans, got.faultCount]).toEqual([wanted.spans, wanted.faultCount]);
      }),
      runs,
    );
  });

  test('a page of metrics', () => {
    const types = { 0: 'counter', 1: 'gauge', 3: 'untyped' } as const;
    const metric = fc.record({
      instance: fc.nat(1000),
      value: fc.double(),
      timestampMs: fc.option(fc.integer({ min: 1, max: 2 ** 45 }), { nil: undefined }),
    });
    const family = fc.record({
      type: fc.constantFrom<0 | 1 | 3>(0, 1, 3),
      metrics: fc.uniqueArray(metric, { minLength: 1, maxLength: 4, selector: ({ instance }) => instance }),
    });
    const columns = new ExpositionColumns();
    fc.assert(
      fc.property(fc.array(family, { maxLength: 4 }), (families) => {
        const named = families.map((one, i) => ({ ...one, name: `metric_${i}` }));
        const body = Buffer.concat(
          named.map(({ name, type, metrics }) => {
            const wired = metrics.map(({ instance, value, timestampMs }) => ({
              label: [{ name: 'instance', value: String(instance) }],
              [types[type]]: { value },
              ...(timestampMs === undefined ? {} : { timestampMs: BigInt(timestampMs) }),
            }));
            // A page is families behind their lengths: what a repeated field is, without its tag of one byte.
            return encoded('Page', { family: [{ name, help: 'h', type, metric: wired }] }).subarray(1);
          }),
        );
        const reader = new ProtobufReader();
        const page = reader.read(body, columns);
        expect(page.firstBadLine).toBe('');
        const got = Array.from({ length: columns.rowCount }, (_, row) => [
          reader.labels(columns.slots[row]!),
          columns.values[row],
          columns.timesMs[row],
        ]);
        expect(got).toEqual(
          named.flatMap(({ name, metrics }) =>
            metrics.map(({ instance, value, timestampMs }) => [
              labelsFromRecord({ __name__: name, instance: String(instance) }),
              value,
              timestampMs ?? Number.NaN,
            ]),
          ),
        );
      }),
      runs,
    );
  });
});

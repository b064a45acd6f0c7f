import { context, SeverityNumber, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { labelsToRecord } from '#core/model/index.ts';
import { ReceiveScene } from '../../support/receive-scene.ts';

const resource = resourceFromAttributes({
  'service.name': 'checkout',
  'service.namespace': 'shop',
  'service.instance.id': 'pod-1',
  'host.name': 'h1',
  'process.pid': 4711,
});

const forms = [
  { form: 'protobuf', compression: 'none' },
  { form: 'protobuf', compression: 'gzip' },
  { form: 'json', compression: 'none' },
  { form: 'json', compression: 'gzip' },
] as const;

describe.each(forms)('OpenTelemetry JS over HTTP, $form $compression', ({ form, compression }) => {
  beforeEach(() => void vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', compression));
  afterEach(() => void vi.unstubAllEnvs());

  async function metrics(temporality: AggregationTemporality): Promise<ReceiveScene> {
    const scene = new ReceiveScene();
    const options = { url: `${await scene.listen()}/v1/metrics`, temporalityPreference: temporality as number };
    const exporter = form === 'json' ? new JsonMetricExporter(options) : new ProtoMetricExporter(options);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const views = [{ instrumentName: 'queue.wait', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const }];
    const provider = new MeterProvider({ resource, readers: [reader], views });
    onTestFinished(() => provider.shutdown().catch(() => undefined));
    const meter = provider.getMeter('cart', '1.2');
    const orders = meter.createCounter('orders.placed', { description: 'Orders placed.', unit: '{order}' });
    const active = meter.createUpDownCounter('carts.active');
    const latency = meter.createHistogram('http.server.request.duration', { unit: 's', advice: { explicitBucketBoundaries: [0.1, 1] } });
    const wait = meter.createHistogram('queue.wait', { unit: 'ms' });
    meter.createObservableGauge('heap.used', { unit: 'By' }).addCallback((result) => result.observe(1024));
    for (let round = 0; round < 2; round++) {
      orders.add(2, { 'payment.kind': 'card' });
      active.add(round === 0 ? 5 : -2);
      latency.record(0.05);
      latency.record(7);
      for (const value of [1, 2, 300]) wait.record(value);
      await provider.forceFlush();
      await new Promise((later) => setTimeout(later, 3)); // points of one stream differ in time
    }
    return scene;
  }

  test.each([
    ['cumulative', AggregationTemporality.CUMULATIVE],
    ['delta', AggregationTemporality.DELTA],
  ])('metrics, %s', async (_, temporality) => {
    const scene = await metrics(temporality);
    expect(scene.answers.map(({ status, body }) => [status, body])).toEqual([
      [200, form === 'json' ? '{}' : ''],
      [200, form === 'json' ? '{}' : ''],
    ]);
    const source = 'instance="pod-1", job="shop/checkout", ';
    const scope = /otel_scope_name="cart", otel_scope_version="1.2"(?:, )?/;
    const own = (line: string): string => line.replace(source, '').replace(scope, '').replace(', }', '}');
    expect(scene.samples('orders.*|carts.*|http.*|heap.*').map(own)).toEqual([
      'carts_active{}: 5 3',
      'heap_used_bytes{}: 1024 1024',
      'http_server_request_duration_seconds_bucket{le="+Inf"}: 2 4',
      'http_server_request_duration_seconds_bucket{le="0.1"}: 1 2',
      'http_server_request_duration_seconds_bucket{le="1"}: 1 2',
      'http_server_request_duration_seconds_count{}: 2 4',
      'http_server_request_duration_seconds_sum{}: 7.05 14.1',
      'orders_placed_total{payment_kind="card"}: 2 4',
    ]);
    expect(scene.samples('queue_wait_milliseconds').map((line) => line.split(': ')[1])).toEqual(['histogram(3) histogram(6)']);
    expect(scene.samples('target_info')[0]).toMatch(/host_name="h1".*process_pid="4711"/);
    expect(scene.store.metadata().get('orders_placed_total')).toMatchObject({ type: 'counter', help: 'Orders placed.' });
    const { received, stored } = scene.account('otlp');
    expect(stored).toBe(received);
  });

  test('spans keep their tree, kinds, status, events, links and attributes', async () => {
    const scene = new ReceiveScene();
    const options = { url: `${await scene.listen()}/v1/traces` };
    const exporter: SpanExporter = form === 'json' ? new JsonTraceExporter(options) : new ProtoTraceExporter(options);
    const received = vi.spyOn(scene.receiver, 'receive');
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter })] });
    const tracer = provider.getTracer('cart', '1.2');
    const root = tracer.startSpan('POST /cart', {
      kind: SpanKind.SERVER,
      attributes: { 'http.response.status_code': 500, ratio: 0.5, tags: ['a', 'b'] },
    });
    const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
    const child = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT, links: [{ context: linked }] }, trace.setSpan(context.active(), root));
    child.addEvent('retry', { attempt: 2 });
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'deadlock' });
    child.end();
    root.end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(received.mock.calls[0]![0].headers['content-encoding'] ?? 'none').toBe(compression);
    const { traceId, spanId } = root.spanContext();
    const [stored, storedChild] = [scene.traces.span(traceId, spanId)[0]!, scene.traces.span(traceId, child.spanContext().spanId)[0]!];
    expect(stored).toMatchObject({ name: 'POST /cart', kind: 'server', parentId: '', status: 'unset', scope: { name: 'cart', version: '1.2' } });
    expect(stored.resource.service).toBe('checkout');
    expect(stored.attributes).toEqual([
      { key: 'http.response.status_code', type: 'int', text: '500' },
      { key: 'ratio', type: 'double', text: '0.5' },
      { key: 'tags', type: 'json', text: '["a","b"]' },
    ]);
    expect(storedChild).toMatchObject({ kind: 'client', parentId: spanId, status: 'error', statusText: 'deadlock' });
    expect(storedChild.events).toMatchObject([{ name: 'retry', attributes: [{ key: 'attempt', type: 'int', text: '2' }] }]);
    expect(storedChild.links).toMatchObject([{ traceId: linked.traceId, spanId: linked.spanId }]);
    expect(storedChild.flags & 1).toBe(1);
    expect(scene.account('otlp_traces')).toEqual({ received: 2, stored: 2 });
  });

  test('log records keep their level, body, attributes and trace', async () => {
    const scene = new ReceiveScene();
    const options = { url: `${await scene.listen()}/v1/logs` };
    const exporter = form === 'json' ? new JsonLogExporter(options) : new ProtoLogExporter(options);
    const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
    const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED };
    provider.getLogger('cart').emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: 'payment refused',
      attributes: { 'order.id': 7 },
      context: trace.setSpanContext(context.active(), spanContext),
    });
    await provider.forceFlush();
    await provider.shutdown();
    expect(scene.answers.map(({ path, status }) => [path, status])).toEqual([['/v1/logs', 200]]);
    expect(scene.account('otlp_logs')).toEqual({ received: 1, stored: 1 });
    const { records } = await scene.logs.search({ text: '', fromNs: 0n, toNs: 2n ** 62n, direction: 'backward', limit: 10 });
    expect(records).toMatchObject([{ line: 'payment refused', level: 'error' }]);
    expect(labelsToRecord(records[0]!.fields)).toMatchObject({ trace_id: spanContext.traceId, span_id: spanContext.spanId });
  });
});

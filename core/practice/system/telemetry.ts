/** How a process of the practice system tells of itself: spans over OTLP, metrics on a page, log lines in JSON. */
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { collectDefaultMetrics, Gauge, Registry, type OpenMetricsContentType } from 'prom-client';
import type { Clock } from '#core/model/index.ts';
import type { Receivers, ServiceName } from '../index.ts';
import { LogShipper } from './log-shipper.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One series of a gauge. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Telemetry {
  readonly service: ServiceName;
  readonly clock: Clock;
  /** Exemplars need OpenMetrics. */
  readonly metrics = new Registry<OpenMetricsContentType>();
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #logs: LogShipper;

  constructor(service: ServiceName, version: string, to: Receivers, clock: Clock) {
    this.service = service;
    this.clock = clock;
    this.metrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const exporter = new OTLPTraceExporter({ url: `${to.otlpUrl}/v1/traces` });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.version': version,
        'service.instance.id': `${service}-1`,
        'deployment.environment.name': 'practice',
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000, maxQueueSize: 8_192 })],
    });
    this.#tracer = this.#provider.getTracer('practice', version);
    this.#logs = new LogShipper(service, to.appUrl, clock);
    collectDefaultMetrics({ register: this.metrics });
    this.gauge('build_info', 'The release that runs', () => [{ labels: { version }, value: 1 }]);
  }

  /** A gauge that is read when its page is. */
  gauge(name: string, help: string, read: () => readonly Reading[]): void {
    const labelNames = [...new Set(read().flatMap(({ labels }) => Object.keys(labels)))];
    const collect = (): void => {
      for (const { labels, value } of read()) gauge.set({ ...labels }, value);
    };
    const gauge = new Gauge<string>({ name, help, labelNames, registers: [this.metrics], collect });
  }

  /** A span below `parent`. The caller ends it. */
  span(name: string, kind: SpanKind, parent: Context, attributes: Attributes = {}): Span {
    return this.#tracer.startSpan(name, { kind, attributes }, parent);
  }

  /** A span that begins a trace of its own because of another one, as a consumer of a queue does. */
  linked(name: string, cause: Span, attributes: Attributes): Span {
    return this.#tracer.startSpan(name, { kind: SpanKind.CONSUMER, attributes, links: [{ context: cause.spanContext() }] }, ROOT_CONTEXT);
  }

  /** One line of JSON, with the span that it belongs to. */
  log(level: Level, message: string, span?: Span, fields: Readonly<Record<string, string | number>> = {}): void {
    const at = span?.spanContext();
    const ids = at === undefined ? {} : { trace_id: at.traceId, span_id: at.spanId };
    const timeMs = this.clock.now();
    this.#logs.add(timeMs, JSON.stringify({ time: new Date(timeMs).toISOString(), level, service: this.service, msg: message, ...fields, ...ids }));
  }

  async close(): Promise<void> {
    await this.#logs.close();
    await this.#provider.shutdown();
  }
}

/** Labels of an exemplar that lead to the span. */
export function exemplarOf(span: Span): { trace_id: string; span_id: string } {
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

export const below = (span: Span): Context => trace.setSpan(context.active(), span);

export function failed(span: Span, error: unknown): void {
  const exception = error instanceof Error ? error : new Error(String(error));
  span.recordException(exception);
  span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
}

/** W3C Trace Context, version 00. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

export function contextOf(traceparent: string | undefined): Context {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '');
  if (parts === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: parts[1]!, spanId: parts[2]!, traceFlags: Number.parseInt(parts[3]!, 16), isRemote: true });
}

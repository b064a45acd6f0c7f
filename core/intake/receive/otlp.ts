import { readOtlpLogs, readOtlpLogsJson, readOtlpMetrics, readOtlpMetricsJson, readOtlpSpans, readOtlpSpansJson } from '#core/formats/index.ts';
import { defaultOtlpConfig, type OtlpConfig } from '#core/formats/index.ts';
import { EngineError, type Clock, type HttpAnswer, type HttpRequest } from '#core/model/index.ts';
import type { Ledger } from '../ledger.ts';
import type { SampleSink } from '../sink.ts';
import type { SpanIntake } from '../spans/span-intake.ts';
import { unpackedBody } from './body.ts';
import { DeltaTotals } from './delta-totals.ts';
import { takeLogs, type LogIntake } from './log-batch.ts';
import { OtlpSeriesWriter } from './otlp-series.ts';
import { PushBatch } from './push-batch.ts';

/** Unpacked; the OpenTelemetry Collector takes as much. */
const bodyBytesMax = 20 << 20;
const source = 'otlp';

type Form = 'protobuf' | 'json';

/** OTLP over HTTP, the receiving side (OpenTelemetry protocol specification 1.x, "OTLP/HTTP"). */
export class OtlpReceiver {
  readonly #sink: SampleSink;
  readonly #spans: SpanIntake;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #deltas: DeltaTotals;
  #config = defaultOtlpConfig;
  readonly #logs: LogIntake | undefined;

  constructor(sink: SampleSink, spans: SpanIntake, clock: Clock, ledger: Ledger, logs: LogIntake | undefined) {
    this.#logs = logs;
    this.#sink = sink;
    this.#spans = spans;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#deltas = new DeltaTotals(clock);
  }

  configure(config: OtlpConfig): void {
    this.#config = config;
  }

  async receive(request: HttpRequest): Promise<HttpAnswer> {
    const form = formOf(request.headers['content-type'] ?? '');
    if (form === undefined) return failure('protobuf', 415, 'the content type must be application/x-protobuf or application/json');
    try {
      if (request.method !== 'POST') return failure(form, 405, 'OTLP is POST');
      if (request.path === '/v1/traces') return await this.#receiveTraces(request, form);
      if (request.path === '/v1/logs' && this.#logs !== undefined) return await this.#receiveLogs(request, form, this.#logs);
      if (request.path !== '/v1/metrics') throw new EngineError('unsupported', `receiving ${request.path.slice('/v1/'.length)} is not yet supported`);
      return await this.#receiveMetrics(request, form);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return failure(form, statusOf(error), error.message);
    }
  }

  async #receiveMetrics(request: HttpRequest, form: Form): Promise<HttpAnswer> {
    const body = await unpackedBody(request, bodyBytesMax);
    const resources = form === 'json' ? readOtlpMetricsJson(body) : readOtlpMetrics(body);
    const batch = new PushBatch(this.#sink, this.#ledger, source);
    const writer = new OtlpSeriesWriter(this.#sink, batch, this.#deltas, this.#clock.now(), this.#config);
    writer.write(resources);
    await batch.commit(writer.receivedCount);
    return success(form, 'rejectedDataPoints', writer.rejectedPointCount, batch.sentence);
  }

  async #receiveTraces(request: HttpRequest, form: Form): Promise<HttpAnswer> {
    const body = await unpackedBody(request, bodyBytesMax);
    const reading = form === 'json' ? readOtlpSpansJson(body) : readOtlpSpans(body);
    const { rejectedCount, sentence } = await this.#spans.take(reading, 'otlp_traces');
    return success(form, 'rejectedSpans', rejectedCount, sentence);
  }

  async #receiveLogs(request: HttpRequest, form: Form, logs: LogIntake): Promise<HttpAnswer> {
    const body = await unpackedBody(request, bodyBytesMax);
    const nowNs = BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
    const reading = form === 'json' ? readOtlpLogsJson(body, nowNs) : readOtlpLogs(body, nowNs);
    const { rejectedCount, sentence } = await takeLogs(reading, logs, 'otlp_logs');
    return success(form, 'rejectedLogRecords', rejectedCount, sentence);
  }
}

function formOf(contentType: string): Form | undefined {
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

function statusOf(error: EngineError): number {
  if (error.code === 'unsupported') return 501;
  if (error.code === 'limit') return 413;
  return error.code === 'unavailable' ? 503 : 400;
}

/** The response to an export of metrics, traces or logs: empty, or with its partial_success, whose fields have the same numbers. */
function success(
  form: Form,
  field: 'rejectedDataPoints' | 'rejectedSpans' | 'rejectedLogRecords',
  rejectedCount: number,
  sentence: string,
): HttpAnswer {
  if (form === 'json') {
    const body = rejectedCount === 0 ? {} : { partialSuccess: { [field]: String(rejectedCount), errorMessage: sentence } };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  }
  const partial = Buffer.concat([Buffer.from([0x08]), varint(rejectedCount), textField(2, sentence)]);
  const body = rejectedCount === 0 ? new Uint8Array(0) : Buffer.concat([Buffer.from([0x0a]), varint(partial.length), partial]);
  return { status: 200, headers: { 'content-type': 'application/x-protobuf' }, body };
}

/** google.rpc.Status with its message, as the specification asks of every failure. */
function failure(form: Form, status: number, sentence: string): HttpAnswer {
  const retry: Record<string, string> = status === 503 ? { 'retry-after': '5' } : {};
  if (form === 'json') return { status, headers: { 'content-type': 'application/json', ...retry }, body: JSON.stringify({ message: sentence }) };
  return { status, headers: { 'content-type': 'application/x-protobuf', ...retry }, body: textField(2, sentence) };
}

function textField(field: number, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  return Uint8Array.from([...out, rest]);
}

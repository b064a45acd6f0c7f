/** OTLP over gRPC with OpenTelemetry's own exporters, the real engine behind the real host. */
import { connect } from 'node:http2';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpAnswer, HttpRequest } from '#core/model/index.ts';
import { BodyReader } from '../../main/web/body.ts';
import { listenGrpc } from '../../main/web/grpc.ts';
import { ReceiveScene } from '../support/receive-scene.ts';

const resource = resourceFromAttributes({ 'service.name': 'checkout' });

/** The listener before a real receiver; `answer` takes its place where it is given. */
async function start(answer?: () => HttpAnswer): Promise<{ url: string; scene: ReceiveScene; seen: HttpRequest[]; engine: { takesData: boolean } }> {
  const scene = new ReceiveScene();
  const seen: HttpRequest[] = [];
  const engine = {
    takesData: true,
    status: { engine: 'down', reason: 'the engine is starting', restartInMs: 0 },
    http: async (request: HttpRequest): Promise<HttpAnswer> => {
      seen.push(request);
      return answer?.() ?? (await scene.receiver.receive(request))!;
    },
  };
  const listener = await listenGrpc({ port: 0, engine: engine as never, bodies: new BodyReader() });
  onTestFinished(() => listener.close());
  return { url: `http://127.0.0.1:${listener.port}`, scene, seen, engine };
}

interface Call {
  readonly status: string;
  readonly message: string;
  readonly body: Buffer;
}

/** One call by hand. */
function call(url: string, path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Call> {
  const session = connect(url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });
  const parts: Buffer[] = [];
  let trailers: Record<string, string> = {};
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('trailers', (found: Record<string, string>) => (trailers = found));
  stream.end(body);
  return new Promise((done, fail) => {
    stream.on('error', fail);
    stream.on('close', () =>
      done({
        status: String(trailers['grpc-status']),
        message: decodeURIComponent(trailers['grpc-message'] ?? ''),
        body: Buffer.concat(parts),
      }),
    );
  });
}

const traces = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const framed = (message: Uint8Array, flag = 0): Buffer => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

describe('OTLP over gRPC', () => {
  afterEach(() => void vi.unstubAllEnvs());

  test.each(['none', 'gzip'])('spans of OpenTelemetry JS, compression %s', async (compression) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', compression);
    const { url, scene, seen } = await start();
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })] });
    const span = provider.getTracer('t').startSpan('POST /cart');
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(seen.map(({ path, headers }) => [path, headers['content-encoding'] ?? 'none'])).toEqual([['/v1/traces', compression]]);
    expect(scene.traces.spans(span.spanContext().traceId)).toMatchObject([{ name: 'POST /cart' }]);
  });

  test('metrics of OpenTelemetry JS', async () => {
    const { url, scene } = await start();
    const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter({ url }), exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ resource, readers: [reader] });
    provider.getMeter('m').createCounter('orders').add(3);
    await provider.forceFlush();
    await provider.shutdown();
    expect(scene.samples('orders_total')[0]).toMatch(/job="checkout".*: 3\b/);
  });

  test('what is refused is told in the trailers', async () => {
    const { url, engine } = await start();
    expect(await call(url, traces, framed(Buffer.from([0x0a, 0xff])))).toMatchObject({ status: '3' });
    expect(await call(url, traces, Buffer.from('abc'))).toMatchObject({ status: '3', message: 'the call holds no message' });
    expect(await call(url, traces, Buffer.concat([framed(new Uint8Array(2)), Buffer.from('x')]))).toMatchObject({ status: '3' });
    expect(await call(url, '/other.Service/Export', framed(new Uint8Array()))).toMatchObject({ status: '12' });
    expect(await call(url, traces, framed(new Uint8Array()), { 'content-type': 'application/json' })).toMatchObject({ status: '12' });
    expect(await call(url, traces, framed(new Uint8Array()), { ':authority': 'evil.example:4317' })).toMatchObject({ status: '7' });
    expect(await call(url, traces, framed(new Uint8Array()), { origin: 'http://evil.example' })).toMatchObject({ status: '7' });
    expect(await call(url, traces, framed(new Uint8Array((20 << 20) + 1)))).toMatchObject({ status: '8' });
    expect(await call(url, traces, framed(new Uint8Array()))).toMatchObject({ status: '0', body: framed(new Uint8Array()) });
    engine.takesData = false;
    expect(await call(url, traces, framed(new Uint8Array()))).toMatchObject({ status: '14', message: 'the engine is starting' });
  });

  test.each([
    [503, '14'],
    [413, '8'],
    [400, '3'],
    [501, '12'],
    [500, '13'],
  ])("the engine's %i is status %s, with its sentence", async (status, grpc) => {
    const sentence = 'zu groß';
    const message = Buffer.concat([Buffer.from([0x12, Buffer.byteLength(sentence)]), Buffer.from(sentence)]);
    const { url } = await start(() => ({ status, headers: {}, body: message }));
    expect(await call(url, traces, framed(new Uint8Array()))).toMatchObject({ status: grpc, message: sentence });
  });
});

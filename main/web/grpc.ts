/**
 * OTLP over gRPC: the three Export calls, each unary, on cleartext HTTP/2. A message is five bytes of prefix (compressed or not, length)
 * and the protobuf of OTLP over HTTP, to which it is handed on; the answer's status stands in the trailers.
 * Source: gRPC over HTTP2 (grpc/grpc, PROTOCOL-HTTP2.md), OpenTelemetry protocol specification, "OTLP/gRPC".
 */
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { EngineError, messageOf, type HttpAnswer } from '#core/model/index.ts';
import type { EngineProcess } from '../engine/engine-process.ts';
import type { BodyReader } from './body.ts';
import { loopback, type Listener } from './listener.ts';

interface Options {
  readonly port: number;
  readonly engine: Pick<EngineProcess, 'http' | 'takesData' | 'status'>;
  readonly bodies: BodyReader;
}

const prefixBytes = 5;
/** As of OTLP over HTTP. */
const messageBytesMax = 20 << 20;
const connectionsMax = 128;
const streamsMax = 64;
const streamMsMax = 30_000;
/** Exporters send every few seconds; a connection that says nothing for so long is given back. */
const idleMsMax = 600_000;
const closeMsMax = 1_000;

const service = 'opentelemetry.proto.collector';
const paths: Readonly<Record<string, string>> = {
  [`/${service}.metrics.v1.MetricsService/Export`]: '/v1/metrics',
  [`/${service}.trace.v1.TraceService/Export`]: '/v1/traces',
  [`/${service}.logs.v1.LogsService/Export`]: '/v1/logs',
};

/** Status codes of gRPC. Exporters come again after `unavailable` only. */
const codes = { ok: 0, invalidArgument: 3, permissionDenied: 7, resourceExhausted: 8, unimplemented: 12, internal: 13, unavailable: 14 } as const;

interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly body: Uint8Array;
}

/** Rejects with Node's error when the port cannot be had. */
export async function listenGrpc(options: Options): Promise<Listener> {
  const server = createServer({
    settings: { maxConcurrentStreams: streamsMax, maxHeaderListSize: 8_192, initialWindowSize: 1 << 20 },
    maxSessionMemory: 32,
  });
  server.maxConnections = connectionsMax;
  const sessions = new Set<{ destroy(): void; close(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy()); // against the protocol; the session is of no more use
    session.setTimeout(idleMsMax, () => session.close());
  });
  server.listen(options.port, loopback);
  await new Promise<void>((done, fail) => {
    server.once('listening', done);
    server.once('error', fail);
  });
  const { port } = server.address() as AddressInfo;
  const names = [`${loopback}:${port}`, `localhost:${port}`];
  server.on('request', (request, response) => void answer(options, names, request, response));
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      for (const session of sessions) session.close();
      setTimeout(() => sessions.forEach((session) => session.destroy()), closeMsMax).unref();
    });
  return { port, close };
}

async function answer(options: Options, names: readonly string[], request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  response.on('error', () => undefined); // the sender is gone; nobody reads this
  request.setTimeout(streamMsMax, () => request.stream.close());
  let outcome: Outcome;
  try {
    outcome = await outcomeOf(options, names, request);
  } catch (error) {
    outcome = refusal(error instanceof EngineError ? codes.unavailable : codes.internal, messageOf(error));
  }
  if (response.stream.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/grpc' });
  response.addTrailers({
    'grpc-status': String(outcome.code),
    ...(outcome.message !== '' && { 'grpc-message': encodeURIComponent(outcome.message) }),
  });
  if (outcome.code === codes.ok) response.write(framed(outcome.body));
  response.end();
}

async function outcomeOf({ engine, bodies }: Options, names: readonly string[], request: Http2ServerRequest): Promise<Outcome> {
  const { headers } = request;
  if (!names.includes(request.authority) || headers.origin !== undefined)
    return refusal(codes.permissionDenied, `this host answers to ${names[0]} only`);
  const path = paths[request.url];
  if (path === undefined || request.method !== 'POST') return refusal(codes.unimplemented, `${request.url} is not known here`);
  if (!/^application\/grpc(?:\+proto)?$/.test(headers['content-type'] ?? ''))
    return refusal(codes.unimplemented, 'the content type must be application/grpc');
  if (!engine.takesData) return refusal(codes.unavailable, engine.status.reason);
  const read = await bodies.read(request, messageBytesMax + prefixBytes);
  if ('why' in read) return refusal(read.status === 413 ? codes.resourceExhausted : codes.unavailable, read.why);
  try {
    const { body } = read;
    if (body.length < prefixBytes) return refusal(codes.invalidArgument, 'the call holds no message');
    const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
    if (body[0]! > 1 || length !== body.length - prefixBytes) return refusal(codes.invalidArgument, 'the call must hold one whole message');
    const encoding: Record<string, string> = body[0] === 1 ? { 'content-encoding': String(headers['grpc-encoding'] ?? 'identity') } : {};
    const sent = { 'content-type': 'application/x-protobuf', ...encoding };
    return outcomeOfHttp(await engine.http({ port: 'otlp', method: 'POST', path, query: '', headers: sent, body: body.subarray(prefixBytes) }));
  } finally {
    read.release();
  }
}

function outcomeOfHttp({ status, body }: HttpAnswer): Outcome {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (status < 300) return { code: codes.ok, message: '', body: bytes };
  return refusal(codeOf(status), statusMessage(bytes));
}

function codeOf(status: number): number {
  if (status === 413) return codes.resourceExhausted;
  if (status === 429 || status >= 502) return codes.unavailable;
  if (status === 501 || status === 404 || status === 405 || status === 415) return codes.unimplemented;
  return status >= 500 ? codes.internal : codes.invalidArgument;
}

/** The message of a google.rpc.Status: field 2, the only one that OTLP's refusals here have. */
function statusMessage(body: Uint8Array): string {
  if (body[0] !== 0x12) return Buffer.from(body).toString().trim();
  let at = 1;
  while ((body[at] ?? 0) >= 0x80) at++;
  return Buffer.from(body.subarray(at + 1)).toString();
}

const refusal = (code: number, message: string): Outcome => ({ code, message, body: new Uint8Array() });

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

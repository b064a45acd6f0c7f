import { readOtlpLogs, readOtlpMetrics, readOtlpSpans } from '#core/formats/index.ts';
import { stillClock } from './still-clock.ts';
import { Ledger } from '../ledger.ts';
import { RemoteWriteReceiver } from '../receive/remote-write.ts';
import { takeOtlpMetrics } from './json.ts';
import type { ReaderInput } from './reader.ts';

interface Attempt {
  readonly format: string;
  /** True when the bytes were of this format. */
  readonly take: (bytes: Buffer, input: ReaderInput) => Promise<boolean>;
}

/** Bodies of protobuf say nothing of what they are: each is tried, and the first that makes sense is it. */
export const binaryFormats: readonly Attempt[] = [
  { format: 'OTLP spans protobuf', take: takeSpans },
  { format: 'OTLP metrics protobuf', take: takeMetrics },
  { format: 'OTLP logs protobuf', take: takeLogs },
  { format: 'remote write', take: takeRemoteWrite },
];

async function takeSpans(bytes: Buffer, { sink }: ReaderInput): Promise<boolean> {
  const { spans, faultCount } = readOtlpSpans(bytes);
  if (spans.length === 0 || faultCount > spans.length || !spans.every(({ traceId, startNs }) => traceId.length === 32 && startNs > 0n)) return false;
  sink.takeSpans(spans, 0);
  return Promise.resolve(true);
}

async function takeMetrics(bytes: Buffer, input: ReaderInput): Promise<boolean> {
  const resources = readOtlpMetrics(bytes);
  const names = resources.flatMap(({ scopes }) => scopes.flatMap(({ metrics }) => metrics.map(({ name }) => name)));
  if (names.length === 0 || !names.every((name) => /^[\x20-\x7e]{1,256}$/.test(name))) return false;
  await takeOtlpMetrics(resources, input);
  return true;
}

async function takeLogs(bytes: Buffer, { sink, entry }: ReaderInput): Promise<boolean> {
  const { records, faultCount } = readOtlpLogs(bytes, BigInt(Math.round(entry.modifiedMs)) * 1_000_000n);
  if (records.length === 0 || faultCount > records.length) return false;
  sink.takeLogs(records, 0);
  return Promise.resolve(true);
}

/** A body of remote write 1.0 or 2.0, as it was sent: protobuf packed by snappy. */
async function takeRemoteWrite(body: Buffer, { sink, entry }: ReaderInput): Promise<boolean> {
  const clock = stillClock(Math.round(entry.modifiedMs));
  for (const message of ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request']) {
    const receiver = new RemoteWriteReceiver(sink.stores.metrics, clock, new Ledger());
    const headers = { 'content-type': `application/x-protobuf;proto=${message}`, 'content-encoding': 'snappy' };
    const answer = await receiver.receive({ port: 'app', method: 'POST', path: '/api/v1/write', query: '', headers, body });
    const samples = Number(answer.headers['x-prometheus-remote-write-samples-written'] ?? 0);
    const histograms = Number(answer.headers['x-prometheus-remote-write-histograms-written'] ?? 0);
    if (samples + histograms === 0) continue;
    sink.samples += samples + histograms;
    if (answer.status >= 300) sink.fault(0, String(answer.body));
    return true;
  }
  return false;
}

const lengthBytes = 4;

/**
 * The messages of a file of the OpenTelemetry Collector's file exporter, each behind its length in four big-endian bytes; the bytes themselves
 * when they are not such a file.
 */
export function messagesOf(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  let at = 0;
  while (at + lengthBytes <= bytes.length) {
    const to = at + lengthBytes + bytes.readUInt32BE(at);
    if (to === at + lengthBytes || to > bytes.length) return [bytes];
    messages.push(bytes.subarray(at + lengthBytes, to));
    at = to;
  }
  return at === bytes.length && messages.length > 0 ? messages : [bytes];
}

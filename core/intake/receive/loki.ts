import { readLokiPush, readLokiPushJson, snappyDecode } from '#core/formats/index.ts';
import type { HttpAnswer, HttpRequest } from '#core/model/index.ts';
import { plainAnswer } from './answers.ts';
import { unpackedBody } from './body.ts';
import { takeLogs, type LogIntake } from './log-batch.ts';

/** Unpacked. */
const bodyBytesMax = 32 << 20;

export const lokiPushPath = '/loki/api/v1/push';

/** Loki's push endpoint: protobuf in snappy, or JSON, possibly in gzip (Loki's HTTP API, "Ingest logs"). */
export async function receiveLoki(request: HttpRequest, logs: LogIntake): Promise<HttpAnswer> {
  if (request.method !== 'POST') return plainAnswer(405, 'a push is POST');
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-protobuf')
    return plainAnswer(415, 'the content type must be application/json or application/x-protobuf');
  const reading = type === 'application/json' ? readLokiPushJson(await unpackedBody(request, bodyBytesMax)) : readLokiPush(await unsnapped(request));
  const { rejectedCount, sentence } = await takeLogs(reading, logs, 'loki');
  return rejectedCount === 0 ? plainAnswer(204, '') : plainAnswer(400, sentence);
}

async function unsnapped(request: HttpRequest): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'snappy';
  return encoding === 'snappy' ? snappyDecode(request.body, bodyBytesMax) : unpackedBody(request, bodyBytesMax);
}

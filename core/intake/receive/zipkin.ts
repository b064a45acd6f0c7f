import { readZipkinJson, readZipkinProto } from '#core/formats/index.ts';
import type { HttpAnswer, HttpRequest } from '#core/model/index.ts';
import { plainAnswer } from './answers.ts';
import { unpackedBody } from './body.ts';
import type { SpanIntake } from '../spans/span-intake.ts';

export const zipkinPath = '/api/v2/spans';
/** Unpacked; as much as of OTLP. */
const bodyBytesMax = 20 << 20;

/** Zipkin's collector (zipkin-api, `POST /api/v2/spans`): v2 spans in JSON or protobuf. */
export async function receiveZipkin(request: HttpRequest, spans: SpanIntake): Promise<HttpAnswer> {
  if (request.method !== 'POST') return plainAnswer(405, 'Zipkin spans are POSTed', { allow: 'POST' });
  const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'application/x-protobuf')
    return plainAnswer(415, 'the content type must be application/json or application/x-protobuf');
  const body = await unpackedBody(request, bodyBytesMax);
  const { rejectedCount, sentence } = await spans.take(type === 'application/json' ? readZipkinJson(body) : readZipkinProto(body), 'zipkin');
  return rejectedCount === 0 ? plainAnswer(202, '') : plainAnswer(400, `${rejectedCount} spans were refused: ${sentence}`);
}

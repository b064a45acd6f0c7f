import { EngineError, type HttpRequest } from '#core/model/index.ts';
import { gunzipped } from '../unpack.ts';

/** The body as its sender had it, at most so many bytes of it. Throws EngineError `limit` or `invalid`. */
export async function unpackedBody(request: HttpRequest, bytesMax: number): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'gzip') return gunzipped(request.body, bytesMax);
  if (encoding !== 'identity') throw new EngineError('invalid', `the content encoding must be gzip or none, not ${encoding}`);
  if (request.body.length > bytesMax) throw new EngineError('limit', `the body is over the limit of ${bytesMax} bytes`);
  return request.body;
}

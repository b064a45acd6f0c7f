import { gunzip } from 'node:zlib';
import { EngineError, messageOf } from '#core/model/index.ts';

/** What gzip packed, at most so many bytes of it. Throws EngineError `limit` or `invalid`. Runs beside the event loop. */
export function gunzipped(packed: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(packed, { maxOutputLength: Math.min(bytesMax, 2 ** 31 - 1) }, (error, body) => {
      if (error === null) resolve(body);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        reject(new EngineError('limit', `the body unpacks to more than the limit of ${bytesMax} bytes`));
      else reject(new EngineError('invalid', `the body cannot be unpacked: ${messageOf(error)}`));
    });
  });
}

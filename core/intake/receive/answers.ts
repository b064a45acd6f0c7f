import { EngineError, type HttpAnswer } from '#core/model/index.ts';

/** A sentence as plain text. */
export function plainAnswer(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: sentence === '' ? '' : `${sentence}\n` };
}

/** Seconds after which a sender should come again when the store takes nothing. */
const retryAfterSeconds = '5';

/** The answer to a request that failed: 4xx tells senders to give the data up, 503 to keep it and come again. */
export function failureAnswer(error: unknown): HttpAnswer {
  if (!(error instanceof EngineError)) throw error;
  switch (error.code) {
    case 'invalid':
      return plainAnswer(400, error.message);
    case 'limit':
      return plainAnswer(413, error.message);
    case 'not-found':
      return plainAnswer(404, error.message);
    case 'unsupported':
      return plainAnswer(501, error.message);
    case 'unavailable':
    case 'timeout':
    case 'cancelled':
      return plainAnswer(503, error.message, { 'retry-after': retryAfterSeconds });
    case 'conflict':
    case 'internal':
      return plainAnswer(500, error.message);
  }
}

import { EngineError, formatTime, messageOf, type ErrorCode, type HttpAnswer, type UnixMs } from '#core/model/index.ts';
import { JsonBytes } from './json.ts';

const jsonHeaders = { 'content-type': 'application/json' } as const;

/** Prometheus' error types and the status each comes with. Source: Prometheus' HTTP API documentation, "Format overview". */
const errorTypes: Readonly<Record<ErrorCode, readonly [type: string, status: number]>> = {
  invalid: ['bad_data', 400],
  'not-found': ['not_found', 404],
  conflict: ['bad_data', 409],
  limit: ['execution', 422],
  cancelled: ['canceled', 499],
  timeout: ['timeout', 503],
  unsupported: ['bad_data', 501],
  unavailable: ['unavailable', 503],
  internal: ['internal', 500],
};

export interface Answered extends Notes {
  /** The JSON of `data`. */
  readonly data: (out: JsonBytes) => void;
}

interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export function succeeded({ data, warnings = [], infos = [] }: Answered): HttpAnswer {
  const out = opened();
  data(out);
  return closed(out, { warnings, infos });
}

/** An answer up to its `data`, to be written piece by piece. */
export function opened(): JsonBytes {
  return new JsonBytes().ascii('{"status":"success","data":');
}

/** The same once `data` is written. */
export function closed(out: JsonBytes, { warnings = [], infos = [] }: Notes): HttpAnswer {
  if (warnings.length > 0) out.ascii(',"warnings":').json(warnings);
  if (infos.length > 0) out.ascii(',"infos":').json(infos);
  return { status: 200, headers: jsonHeaders, body: out.ascii('}').done() };
}

/** `data` as JSON.stringify writes it. */
export function plainly(data: unknown): HttpAnswer {
  return succeeded({ data: (out) => out.json(data) });
}

export function failed(error: unknown): HttpAnswer {
  const [errorType, status] = errorTypes[error instanceof EngineError ? error.code : 'internal'];
  const body = JSON.stringify({ status: 'error', errorType, error: messageOf(error) });
  return { status, headers: jsonHeaders, body };
}

const never = '0001-01-01T00:00:00Z'; // Go's zero time, which clients of Prometheus know as "not yet".

/** A time in an answer; undefined: not yet. */
export const timeText = (ms: UnixMs | undefined): string => (ms === undefined ? never : formatTime(ms));

import { EngineError, parseDuration, parseTime, type DurationMs, type HttpRequest, type UnixMs } from '#core/model/index.ts';

/** The parameters of a request: those of the query and, for POST, those of a form body. */
export type Params = URLSearchParams;

export function readParams(request: HttpRequest): Params {
  const params = new URLSearchParams(request.query);
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  if (request.method === 'POST' && isForm) {
    for (const [name, value] of new URLSearchParams(new TextDecoder().decode(request.body))) params.append(name, value);
  }
  return params;
}

/** Throws EngineError `invalid` in Prometheus' words, which clients show. */
export function needed(params: Params, name: string): string {
  const value = params.get(name);
  if (value === null || value === '') throw new EngineError('invalid', `invalid parameter "${name}": it is missing`);
  return value;
}

/** RFC 3339 or Unix seconds; `fallback` when the parameter is absent. */
export function timeParam(params: Params, name: string, fallback?: UnixMs): UnixMs {
  const value = params.get(name);
  if ((value === null || value === '') && fallback !== undefined) return fallback;
  const timeMs = parseTime(value ?? '');
  if (timeMs === undefined)
    throw new EngineError('invalid', `invalid parameter "${name}": cannot parse ${JSON.stringify(value ?? '')} to a valid timestamp`);
  return timeMs;
}

/** A Prometheus duration or a number of seconds; undefined when absent. */
export function durationParam(params: Params, name: string): DurationMs | undefined {
  const value = params.get(name);
  if (value === null || value === '') return undefined;
  const durationMs = /^[0-9.eE+-]+$/.test(value) ? Math.round(Number(value) * 1000) : parseDuration(value);
  if (durationMs === undefined || Number.isNaN(durationMs))
    throw new EngineError('invalid', `invalid parameter "${name}": cannot parse ${JSON.stringify(value)} to a valid duration`);
  return durationMs;
}

/** A count of 0 (no limit) or more; 0 when absent. */
export function limitParam(params: Params): number {
  const value = params.get('limit');
  if (value === null || value === '') return 0;
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 0)
    throw new EngineError('invalid', `invalid parameter "limit": ${JSON.stringify(value)} is no whole number of 0 or more`);
  return limit;
}

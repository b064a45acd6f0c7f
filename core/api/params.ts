import { EngineError, messageOf, parseDuration, parseTime, type DurationMs, type HttpRequest, type UnixMs } from '#core/model/index.ts';
import { parseExpr, type Expr } from '#core/promql/syntax/index.ts';

/** The parameters of a request: those of the query and, for POST and PUT, those of a form body. */
export type Params = URLSearchParams;

export function readParams(request: HttpRequest): Params {
  const params = new URLSearchParams(request.query);
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  if (request.method !== 'GET' && isForm) {
    for (const [name, value] of new URLSearchParams(new TextDecoder().decode(request.body))) params.append(name, value);
  }
  return params;
}

/** The expression of a request. Throws EngineError `invalid` in Prometheus' words, which clients show. */
export function exprParam(params: Params): Expr {
  try {
    return bareExpr(params);
  } catch (error) {
    throw refused('query', messageOf(error));
  }
}

/** Likewise, where Prometheus does not name the parameter. */
export function bareExpr(params: Params): Expr {
  const text = params.get('query') ?? '';
  if (text === '') throw new EngineError('invalid', 'unknown position: parse error: no expression found in input');
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const expr = parseExpr(text);
  if (text.length > parsedLengthMax) return expr;
  if (parsed.size === parsedMax) for (const oldest of [...parsed.keys()].slice(0, parsedMax >> 1)) parsed.delete(oldest);
  parsed.set(text, expr);
  return expr;
}

/** Expressions asked for lately, by their text: a dashboard asks the same ones again and again. */
const parsed = new Map<string, Expr>();
const parsedMax = 512;
const parsedLengthMax = 2_000;

/** What is wrong with a parameter, said of it as Prometheus does. */
export function refused(name: string, why: string): EngineError {
  return new EngineError('invalid', `invalid parameter "${name}": ${why}`);
}

/** RFC 3339 or Unix seconds; `fallback` when the parameter is absent. */
export function timeParam(params: Params, name: string, fallback?: UnixMs): UnixMs {
  const value = params.get(name) ?? '';
  if (value === '' && fallback !== undefined) return fallback;
  const timeMs = parseTime(value);
  if (timeMs !== undefined && Number.isFinite(timeMs)) return timeMs;
  const about = fallback === undefined ? '' : `invalid time value for '${name}': `;
  throw refused(name, `${about}cannot parse ${JSON.stringify(value)} to a valid timestamp`);
}

/** Longer than this a duration does not fit in 64 bits of nanoseconds, which Prometheus refuses. */
const durationMaxSeconds = 2 ** 63 / 1e9;

/** A Prometheus duration or a number of seconds, exact to the microsecond at best; undefined when it is neither. */
export function durationParam(params: Params, name: string): DurationMs | undefined {
  const value = params.get(name) ?? '';
  if (/^[+-]?(\d|\.\d|inf)/i.test(value) && !Number.isNaN(Number(value.replace(/inf/i, 'Infinity')))) {
    const seconds = Number(value.replace(/inf/i, 'Infinity'));
    if (Math.abs(seconds) >= durationMaxSeconds) throw refused(name, `cannot parse ${JSON.stringify(value)} to a valid duration. It overflows int64`);
    return seconds * 1000;
  }
  if (value === 'NaN') return 0;
  return parseDuration(value);
}

/** For parameters that may be absent: throws EngineError `invalid` for what is no duration. */
export function optionalDuration(params: Params, name: string, problem = `invalid parameter "${name}": `): DurationMs | undefined {
  const value = params.get(name) ?? '';
  if (value === '') return undefined;
  const durationMs = durationParam(params, name);
  if (durationMs === undefined) throw new EngineError('invalid', `${problem}cannot parse ${JSON.stringify(value)} to a valid duration`);
  return durationMs;
}

/** A count of 0 (no limit) or more; 0 when absent. */
export function limitParam(params: Params): number {
  const value = params.get('limit') ?? '';
  if (value === '') return 0;
  if (!/^[+-]?\d+$/.test(value)) throw refused('limit', `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  if (Number(value) < 0) throw refused('limit', 'limit must be non-negative');
  return Number(value);
}

/** A whole number, as Prometheus reads it where it tells less of what is wrong; undefined when absent. */
export function numberParam(params: Params, name: string, problem: string): number | undefined {
  const value = params.get(name) ?? '';
  if (value === '') return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw new EngineError('invalid', problem);
  return Number(value);
}

const yes = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const no = ['', '0', 'f', 'F', 'false', 'FALSE', 'False'];

/** Go's spellings of a boolean; false when absent. */
export function flagParam(params: Params, name: string): boolean {
  const value = params.get(name) ?? '';
  if (no.includes(value)) return false;
  if (yes.includes(value)) return true;
  throw refused(name, `error converting ${name}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Trace contexts as headers carry them: W3C Trace Context (Recommendation of 2021, and level 2), and B3 of Zipkin. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits; the parent of what the receiver does. */
  readonly spanId: string;
  /** Undefined: the sender left the decision open (B3 only). */
  readonly sampled: boolean | undefined;
}

const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined when the header is no valid one: bad length or digits, version ff, ids of zeros, more after version 00. */
export function parseTraceparent(header: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, rest] = traceparentForm.exec(header.trim()) ?? [];
  if (traceId === undefined || spanId === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled === true ? '01' : '00'}`;
}

const membersMax = 32;
const memberKey = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const memberValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The members of a tracestate in order, or undefined when any of them is invalid, repeated, or there are more than 32 (section 3.3). */
export function parseTracestate(header: string): readonly (readonly [key: string, value: string])[] | undefined {
  const members = header
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
    .map((member) => [member.slice(0, member.indexOf('=')), member.slice(member.indexOf('=') + 1)] as const);
  const keys = new Set(members.map(([key]) => key));
  if (members.length > membersMax || keys.size < members.length) return undefined;
  return members.every(([key, value]) => memberKey.test(key) && memberValue.test(value)) ? members : undefined;
}

/**
 * B3, the single header `b3` or the `x-b3-...` ones (openzipkin/b3-propagation); the single one wins. Names of headers in lower case.
 * Undefined when there is none with both ids, or they are bad.
 */
export function parseB3(headers: Readonly<Record<string, string>>): TraceContext | undefined {
  const single = headers['b3'];
  if (single !== undefined) {
    const [traceId, spanId, sampled] = single.trim().split('-');
    return b3Context(traceId, spanId, sampled);
  }
  const sampled = headers['x-b3-flags'] === '1' ? 'd' : headers['x-b3-sampled'];
  return b3Context(headers['x-b3-traceid'], headers['x-b3-spanid'], sampled);
}

function b3Context(trace: string | undefined, span: string | undefined, sampled: string | undefined): TraceContext | undefined {
  const traceId = trace?.toLowerCase().padStart(32, '0') ?? '';
  const spanId = span?.toLowerCase() ?? '';
  if (!/^(?:[0-9a-f]{16}){1,2}$/i.test(trace ?? '') || !/^[0-9a-f]{16}$/.test(spanId) || isZero(traceId) || isZero(spanId)) return undefined;
  const decided = sampled === undefined || sampled === '' ? undefined : sampled === '1' || sampled === 'd' || sampled === 'true';
  return { traceId, spanId, sampled: decided };
}

const isZero = (id: string): boolean => /^0+$/.test(id);

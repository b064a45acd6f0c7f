import { noScope, resourceOf, type Attribute, type Span } from '#core/model/index.ts';
import { writeOtlpJson } from '#core/formats/index.ts';

let spanCount = 0;

/** A span of the service `shop`, 10 ms long, with what the test says of it. `trace` is a small number. */
export function spanOf(trace: number, fields: Partial<Omit<Span, 'traceId'>> & { readonly service?: string; readonly tookMs?: number } = {}): Span {
  const { service = 'shop', tookMs = 10, startNs = 1_767_582_000_000_000_000n, ...rest } = fields;
  return {
    traceId: trace.toString(16).padStart(32, '0'),
    spanId: (++spanCount).toString(16).padStart(16, '0'),
    parentId: '',
    name: 'GET /',
    kind: 'server',
    startNs,
    endNs: startNs + BigInt(Math.round(tookMs * 1e6)),
    status: 'unset',
    statusText: '',
    attributes: [],
    events: [],
    links: [],
    resource: resourceOf([attributeOf('service.name', service)]),
    scope: noScope,
    traceState: '',
    flags: 1,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...rest,
  };
}

export function attributeOf(key: string, value: string | number | boolean): Attribute {
  if (typeof value === 'string') return { key, type: 'string', text: value };
  return typeof value === 'boolean'
    ? { key, type: 'bool', text: String(value) }
    : { key, type: Number.isInteger(value) ? 'int' : 'double', text: String(value) };
}

/** A body and headers for `/v1/traces`. */
export function otlpTraces(spans: readonly Span[]): [path: string, body: string, headers: Record<string, string>] {
  return ['/v1/traces', writeOtlpJson(spans), { 'content-type': 'application/json' }];
}

import type { UnixNs } from './time.ts';

/** What a value was where it came from. `json` is an array or a map, as JSON text; `bytes` is base64. */
export type AttributeType = 'string' | 'bool' | 'int' | 'double' | 'bytes' | 'json';
export const attributeTypes: readonly AttributeType[] = ['string', 'bool', 'int', 'double', 'bytes', 'json'];

/**
 * A key and its value as text: an `int` in decimal (all 64 bits), a `double` as JavaScript writes it (`NaN` and `Infinity` too),
 * a `bool` as `true` or `false`. Texts cross every wire, compare exactly and go into dictionaries as they are.
 */
export interface Attribute {
  readonly key: string;
  readonly type: AttributeType;
  readonly text: string;
}

/** What spans and log records come from: one process, pod or host. Many spans share one object. */
export interface Resource {
  /** The attribute `service.name`; possibly empty. */
  readonly service: string;
  /** All attributes, `service.name` too. */
  readonly attributes: readonly Attribute[];
}

/** The instrumentation library. Name and version may be empty. */
export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly Attribute[];
}

/** OpenTelemetry's kinds, in the order of their numbers in OTLP. */
export type SpanKind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export const spanKinds: readonly SpanKind[] = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
export type SpanStatus = 'unset' | 'ok' | 'error';
export const spanStatuses: readonly SpanStatus[] = ['unset', 'ok', 'error'];

export interface SpanEvent {
  readonly timeNs: UnixNs;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  /** Attributes that the sender, or a limit of ours, dropped. */
  readonly droppedCount: number;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly Attribute[];
  readonly droppedCount: number;
}

/** One span, as it was sent: end may lie before start, the parent may be missing, ids may repeat. */
export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits; empty for a root. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startNs: UnixNs;
  readonly endNs: UnixNs;
  readonly status: SpanStatus;
  readonly statusText: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly resource: Resource;
  readonly scope: Scope;
  /** W3C tracestate; possibly empty. */
  readonly traceState: string;
  /** OTLP's flags: the W3C trace flags in the low byte. */
  readonly flags: number;
  readonly droppedAttributes: number;
  readonly droppedEvents: number;
  readonly droppedLinks: number;
}

export const noScope: Scope = { name: '', version: '', attributes: [] };

/** A resource of these attributes. */
export function resourceOf(attributes: readonly Attribute[]): Resource {
  return { service: attributeText(attributes, 'service.name'), attributes };
}

/** The text of the first attribute with this key; empty when there is none. */
function attributeText(attributes: readonly Attribute[], key: string): string {
  return attributes.find((one) => one.key === key)?.text ?? '';
}

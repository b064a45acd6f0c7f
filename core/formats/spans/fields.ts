import { EngineError, type Attribute } from '#core/model/index.ts';
import type { OtlpAttributes, OtlpValue } from '../otlp/value.ts';

/** What the readers of spans have in common: fields of JSON, ids in all their spellings, values as attributes. */
export type Json = Readonly<Record<string, unknown>>;

/** Attributes of one span, event, link or resource (reliability: default limits); what is over is counted as dropped. */
export const attributesMax = 128;
/** Events or links of one span. */
export const eventsMax = 1024;

export function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

export function objectOf(json: unknown, what: string): Json {
  if (!isObject(json)) throw bad(`${what} is no object`);
  return json;
}

/** A list; a missing one is empty. */
export function listOf(json: unknown, what: string): readonly unknown[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json)) throw bad(`${what} is no list`);
  return json;
}

/** A text; a missing one is empty. */
export function textOf(json: unknown, what: string): string {
  if (json === undefined || json === null) return '';
  if (typeof json !== 'string') throw bad(`${what} is no text`);
  return json;
}

const decimalForm = /^-?\d{1,20}$/;

/** A whole number of any size, in quotes or not. Throws when there is none. */
export function wholeOf(json: unknown, what: string): bigint {
  if (typeof json === 'number' && Number.isFinite(json)) return BigInt(Math.round(json));
  if (typeof json === 'string' && decimalForm.test(json)) return BigInt(json);
  throw bad(json === undefined || json === null ? `${what} is missing` : `${what} is no number`);
}

/** A small whole number; 0 when it is missing. */
export function countOf(json: unknown, what: string): number {
  if (json === undefined || json === null) return 0;
  return Number.isSafeInteger(json) ? (json as number) : Number(wholeOf(json, what));
}

export function bad(what: string): EngineError {
  return new EngineError('invalid', what);
}

/** RFC 3339 with up to nine decimals, as ns since 1970; undefined when it is none. */
export function rfc3339Ns(text: string): bigint | undefined {
  const [, whole, fraction, zone] = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (whole === undefined || zone === undefined) return undefined;
  const wholeMs = Date.parse(whole.replace(' ', 'T') + zone.toUpperCase());
  return Number.isNaN(wholeMs) ? undefined : BigInt(wholeMs) * 1_000_000n + BigInt((fraction ?? '').padEnd(9, '0'));
}

const lowerHex = /^[0-9a-f]+$/;

/**
 * An id in hex of any case and length up to `width` bytes, possibly behind `0x`, or base64 as protobuf's JSON mapping writes bytes.
 * Shorter ones are ids of their own (Jaeger and Zipkin drop leading zeros) and are padded. Undefined when it is neither.
 */
function idOf(text: string, width: number): string | undefined {
  if (text.length === width * 2 && lowerHex.test(text)) return text;
  const plain = text.startsWith('0x') ? text.slice(2) : text;
  if (plain.length > 0 && plain.length <= width * 2 && /^[0-9a-f]+$/i.test(plain)) return plain.toLowerCase().padStart(width * 2, '0');
  const bytes = text.endsWith('=') && /^[A-Za-z0-9+/_-]+={1,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return bytes?.length === width ? bytes.toString('hex') : undefined;
}

/**
 * Ids of a trace as OTLP wants them. A text that is no id (samples and tests have `span-1`) becomes the hash of itself, so that
 * references still meet, and is kept as an attribute.
 */
export class SpanIds {
  /** Ids that were replaced by a hash. */
  readonly replaced = new Set<string>();

  /** Throws where it is all zeros, which W3C's trace context and OTLP call no id. */
  trace(json: unknown): string {
    return notZero(this.#id(json, 16, 'the trace id'), 'the trace id');
  }

  span(json: unknown): string {
    return notZero(this.#id(json, 8, 'the span id'), 'the span id');
  }

  /** Empty for a missing or all-zero one. */
  parent(json: unknown): string {
    return this.#optional(json, 8, 'the parent id');
  }

  /** The ids that a link names, likewise. */
  linked(traceId: unknown, spanId: unknown): { readonly traceId: string; readonly spanId: string } {
    return { traceId: this.#optional(traceId, 16, "the link's trace id"), spanId: this.#optional(spanId, 8, "the link's span id") };
  }

  #optional(json: unknown, width: number, what: string): string {
    return json === undefined || json === null || json === '' ? '' : zeroIsNone(this.#id(json, width, what));
  }

  /** The attributes that keep ids which were replaced. */
  originals(traceId: unknown, spanId: unknown): readonly Attribute[] {
    if (this.replaced.size === 0) return none;
    const kept: Attribute[] = [];
    if (this.replaced.has(String(traceId))) kept.push({ key: 'original.trace_id', type: 'string', text: String(traceId) });
    if (this.replaced.has(String(spanId))) kept.push({ key: 'original.span_id', type: 'string', text: String(spanId) });
    return kept;
  }

  #id(json: unknown, width: number, what: string): string {
    const text = textOf(json, what);
    if (text === '') throw bad(`${what} is missing`);
    const id = idOf(text, width);
    if (id !== undefined) return id;
    if (text.length > 256) throw bad(`${what} is longer than 256 characters`);
    this.replaced.add(text);
    return hashId(text, width);
  }
}

const none: readonly Attribute[] = [];

/** The same id in hex; empty where it is all zeros. */
export const zeroIsNone = (id: string): string => (id.startsWith('0') && /^0*$/.test(id) ? '' : id);

/** The same id in hex. Throws where it is all zeros. */
export function notZero(id: string, what: string): string {
  if (zeroIsNone(id) === '') throw bad(`${what} is all zeros`);
  return id;
}

/** FNV-1a of 64 bits, once for each eight bytes of the id. */
function hashId(text: string, width: number): string {
  const bytes = new TextEncoder().encode(text);
  let id = '';
  for (let seed = 0; id.length < width * 2; seed++) {
    let hash = 0xcbf29ce484222325n ^ BigInt(seed);
    for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    id += hash.toString(16).padStart(16, '0');
  }
  return id;
}

/** The attributes of OTLP values; missing values become empty texts. */
export function attributesOf(values: OtlpAttributes): Attribute[] {
  return values.map(([key, value]) => attributeOf(key, value));
}

/** Any value as an attribute: of plain JSON, or one that OTLP carries. */
export function attributeOf(key: string, value: OtlpValue): Attribute {
  if (typeof value === 'string') return { key, type: 'string', text: value };
  if (typeof value === 'boolean') return { key, type: 'bool', text: String(value) };
  if (typeof value === 'bigint') return { key, type: 'int', text: String(value) };
  if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'int' : 'double', text: String(value) };
  if (value === null) return { key, type: 'string', text: '' };
  if (value instanceof Uint8Array) return { key, type: 'bytes', text: Buffer.from(value).toString('base64') };
  return { key, type: 'json', text: JSON.stringify(plainValue(value)) };
}

/** A list or map as plain JSON: integers beyond 2^53 as decimal texts, bytes as base64. */
function plainValue(value: OtlpValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return 'pairs' in value ? Object.fromEntries(value.pairs.map(([key, inner]) => [key, plainValue(inner)])) : value.map(plainValue);
}

/** Attributes out of an object of plain JSON values, as consoles print them. */
export function plainAttributes(json: unknown, what: string): Attribute[] {
  if (json === undefined || json === null) return [];
  return Object.entries(objectOf(json, what))
    .slice(0, attributesMax)
    .map(([key, value]) =>
      typeof value === 'object' && value !== null
        ? { key, type: 'json' as const, text: JSON.stringify(value) }
        : attributeOf(key, (value ?? null) as string | number | boolean | null),
    );
}

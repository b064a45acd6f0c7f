import { EngineError } from '#core/model/index.ts';
import type { ProtoReader } from '../protobuf.ts';

/** An attribute's value (opentelemetry/proto/common/v1: AnyValue). Integers beyond 2^53 are bigints. */
export type OtlpValue = string | number | bigint | boolean | Uint8Array | null | readonly OtlpValue[] | OtlpMap;

/** A value made of named values; in order, and safe for any name. */
export interface OtlpMap {
  readonly pairs: OtlpAttributes;
}

export type OtlpAttributes = readonly OtlpAttribute[];
export type OtlpAttribute = readonly [key: string, value: OtlpValue];

/** Bounds on one set of attributes and on values inside values (reliability: default limits). */
const attributesMax = 128;
const valueDepthMax = 32;

/** Takes one KeyValue field into a list; what is over the bound is dropped, as the specification allows. */
export function takeAttribute(reader: ProtoReader, into: OtlpAttribute[], depth = 0): void {
  let key = '';
  let value: OtlpValue = null;
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) key = reader.text();
      else if (reader.field === 2) value = readValue(reader, depth);
      else reader.skip();
    }
  });
  if (into.length < attributesMax) into.push([key, value]);
}

/** An AnyValue field. */
export function readValue(reader: ProtoReader, depth: number): OtlpValue {
  if (depth > valueDepthMax) throw tooDeep();
  let value: OtlpValue = null;
  reader.message(() => {
    while (reader.next()) value = readValueField(reader, depth) ?? value;
  });
  return value;
}

function readValueField(reader: ProtoReader, depth: number): OtlpValue | undefined {
  switch (reader.field) {
    case 1:
      return reader.text();
    case 2:
      return reader.uint() !== 0;
    case 3:
      return reader.exactInt();
    case 4:
      return reader.double();
    case 5:
      return readList(reader, depth);
    case 6:
      return readMap(reader, depth);
    case 7:
      reader.span();
      return reader.bytes.slice(reader.spanFrom, reader.spanTo);
    default:
      reader.skip();
      return undefined;
  }
}

function readList(reader: ProtoReader, depth: number): readonly OtlpValue[] {
  const list: OtlpValue[] = [];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) list.push(readValue(reader, depth + 1));
      else reader.skip();
    }
  });
  return list;
}

function readMap(reader: ProtoReader, depth: number): OtlpMap {
  const pairs: OtlpAttribute[] = [];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) takeAttribute(reader, pairs, depth + 1);
      else reader.skip();
    }
  });
  return { pairs };
}

/** The attributes of OTLP's JSON form, `[{"key": ..., "value": {"stringValue": ...}}]`. */
export function jsonAttributes(json: unknown, depth = 0): OtlpAttributes {
  return jsonList(json)
    .slice(0, attributesMax)
    .map((item) => {
      const { key, value } = jsonObject(item);
      return [typeof key === 'string' ? key : '', jsonValue(value, depth)] as const;
    });
}

/** An AnyValue of the JSON form. */
export function jsonValue(json: unknown, depth: number): OtlpValue {
  if (depth > valueDepthMax) throw tooDeep();
  if (json === undefined || json === null) return null;
  const value = jsonObject(json);
  if (typeof value['stringValue'] === 'string') return value['stringValue'];
  if (typeof value['boolValue'] === 'boolean') return value['boolValue'];
  if (value['intValue'] !== undefined) return jsonInteger(value['intValue']);
  if (value['doubleValue'] !== undefined) return jsonNumber(value['doubleValue']);
  if (typeof value['bytesValue'] === 'string') return new Uint8Array(Buffer.from(value['bytesValue'], 'base64'));
  if (value['arrayValue'] !== undefined) return jsonList(jsonObject(value['arrayValue'])['values']).map((item) => jsonValue(item, depth + 1));
  if (value['kvlistValue'] !== undefined) return { pairs: jsonAttributes(jsonObject(value['kvlistValue'])['values'], depth + 1) };
  return null;
}

/** An object of the JSON form. Throws EngineError `invalid` for anything else. */
export function jsonObject(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new EngineError('invalid', 'the OTLP JSON holds a value where an object belongs');
  return json as Readonly<Record<string, unknown>>;
}

/** A list; a missing one is empty, as protobuf's JSON mapping has it. */
export function jsonList(json: unknown): readonly unknown[] {
  if (json === undefined || json === null) return [];
  if (!Array.isArray(json)) throw new EngineError('invalid', 'the OTLP JSON holds a value where a list belongs');
  return json;
}

/** A number, possibly in quotes, as protobuf's JSON mapping allows; 0 when it is missing. */
export function jsonNumber(json: unknown): number {
  if (json === undefined || json === null) return 0;
  if (typeof json === 'number') return json;
  if (json === 'NaN') return Number.NaN;
  if (json === 'Infinity' || json === '-Infinity') return Number(json);
  if (typeof json === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(json)) return Number(json);
  throw new EngineError('invalid', `the OTLP JSON holds ${JSON.stringify(json)?.slice(0, 40)} where a number belongs`);
}

function jsonInteger(json: unknown): number | bigint {
  const value = jsonNumber(json);
  return Number.isSafeInteger(value) || typeof json !== 'string' || !/^-?\d+$/.test(json) ? value : BigInt(json);
}

/** Nanoseconds since 1970, in quotes or not, as whole ms. */
export function jsonNanosAsMs(json: unknown): number {
  return Math.floor(jsonNumber(json) / 1e6);
}

/** A value as a label's text: lists and maps as JSON, bytes as base64 (OpenTelemetry's common specification, "AnyValue to string"). */
export function otlpText(value: OtlpValue): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(plain(value)) : String(value);
}

function plain(value: OtlpValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return 'pairs' in value ? Object.fromEntries(value.pairs.map(([key, inner]) => [key, plain(inner)])) : value.map(plain);
}

function tooDeep(): EngineError {
  return new EngineError('limit', `an attribute's value is nested deeper than ${valueDepthMax}`);
}

import { spanKinds, spanStatuses, type Attribute, type Span } from '#core/model/index.ts';

/** An independent writer of ExportTraceServiceRequest, for tests of its reader. */
type Bytes = readonly number[];

function varint(value: bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

const tag = (field: number, wire: number): Bytes => varint(BigInt((field << 3) | wire));
const number = (field: number, value: number | bigint): Bytes => [...tag(field, 0), ...varint(BigInt(value))];
const block = (field: number, bytes: Bytes): Bytes => tag(field, 2).concat(varint(BigInt(bytes.length)), bytes);
const string = (field: number, text: string): Bytes => block(field, [...new TextEncoder().encode(text)]);
const hex = (field: number, text: string): Bytes => block(field, [...Buffer.from(text, 'hex')]);

function fixed(field: number, wire: 1 | 5, value: bigint): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return [...tag(field, wire), ...bytes.subarray(0, wire === 1 ? 8 : 4)];
}

function double(field: number, value: number): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...tag(field, 1), ...bytes];
}

function anyValue(value: unknown): Bytes {
  if (typeof value === 'string') return string(1, value);
  if (typeof value === 'boolean') return number(2, value ? 1 : 0);
  if (typeof value === 'number') return Number.isInteger(value) ? number(3, value) : double(4, value);
  if (Array.isArray(value))
    return block(
      5,
      value.flatMap((one) => [...block(1, anyValue(one))]),
    );
  const pairs = Object.entries(value as object);
  return block(
    6,
    pairs.flatMap(([key, inner]) => [...block(1, [...string(1, key), ...block(2, anyValue(inner))])]),
  );
}

function attribute(field: number, { key, type, text }: Attribute): Bytes {
  const value = {
    string: () => string(1, text),
    bool: () => number(2, text === 'true' ? 1 : 0),
    int: () => number(3, BigInt(text)),
    double: () => double(4, Number(text)),
    bytes: () => block(7, [...Buffer.from(text, 'base64')]),
    json: () => anyValue(JSON.parse(text)),
  }[type]();
  return block(field, [...string(1, key), ...block(2, value)]);
}

const attributes = (field: number, list: readonly Attribute[]): Bytes => list.flatMap((one) => [...attribute(field, one)]);

function spanBytes(span: Span): Bytes {
  return [
    ...hex(1, span.traceId),
    ...hex(2, span.spanId),
    ...string(3, span.traceState),
    ...hex(4, span.parentId),
    ...string(5, span.name),
    ...number(6, spanKinds.indexOf(span.kind)),
    ...fixed(7, 1, span.startNs),
    ...fixed(8, 1, span.endNs),
    ...attributes(9, span.attributes),
    ...number(10, span.droppedAttributes),
    ...span.events.flatMap((one) => [
      ...block(11, [...fixed(1, 1, one.timeNs), ...string(2, one.name), ...attributes(3, one.attributes), ...number(4, one.droppedCount)]),
    ]),
    ...number(12, span.droppedEvents),
    ...span.links.flatMap((one) => [
      ...block(13, [
        ...hex(1, one.traceId),
        ...hex(2, one.spanId),
        ...string(3, one.traceState),
        ...attributes(4, one.attributes),
        ...number(5, one.droppedCount),
      ]),
    ]),
    ...number(14, span.droppedLinks),
    ...block(15, [...string(2, span.statusText), ...number(3, spanStatuses.indexOf(span.status))]),
    ...fixed(16, 5, BigInt(span.flags)),
  ];
}

/** Each span under its own resource and scope, except that neighbours share them. */
export function exportRequest(spans: readonly Span[]): Uint8Array {
  const request: Bytes[] = [];
  for (let at = 0; at < spans.length;) {
    const { resource, scope } = spans[at]!;
    let end = at;
    while (end < spans.length && spans[end]!.resource === resource && spans[end]!.scope === scope) end++;
    const own = spans.slice(at, end).flatMap((span) => [...block(2, spanBytes(span))]);
    const scopeBytes = block(1, [...string(1, scope.name), ...string(2, scope.version), ...attributes(3, scope.attributes)]);
    request.push(block(1, [...block(1, attributes(1, resource.attributes)), ...block(2, [...scopeBytes, ...own])]));
    at = end;
  }
  return Uint8Array.from(request.flat());
}

import { parseBoundedJson } from '../bounded-json.ts';
import { ProtoReader } from '../protobuf.ts';
import { bad, type Json } from './fields.ts';
import { SpanCollector, type SpanReading } from './reading.ts';
import { readZipkinSpans } from './zipkin.ts';

/** A list of Zipkin v2 spans in JSON that was received. Throws EngineError `invalid` when it is no such list, `limit` when it is too deep or large. */
export function readZipkinJson(body: Uint8Array): SpanReading {
  const spans = parseBoundedJson(body);
  if (!Array.isArray(spans)) throw bad('the body is no list of Zipkin spans');
  return collected('Zipkin JSON', spans as readonly unknown[]);
}

/** The same in protobuf (zipkin-api, zipkin.proto: ListOfSpans). */
export function readZipkinProto(body: Uint8Array): SpanReading {
  const reader = new ProtoReader(body);
  const spans: Json[] = [];
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => spans.push(readSpan(reader)));
    else reader.skip();
  }
  return collected('Zipkin protobuf', spans);
}

function collected(format: string, spans: readonly unknown[]): SpanReading {
  const into = new SpanCollector();
  into.begin(format, '', 1);
  readZipkinSpans(spans, [], into);
  return into.done();
}

const kinds: readonly (string | undefined)[] = [undefined, 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'];

/** The span as the JSON form would have it. */
function readSpan(reader: ProtoReader): Json {
  const span: Record<string, unknown> = {};
  const tags: [string, string][] = [];
  const annotations: Json[] = [];
  while (reader.next()) {
    if (reader.field === 10) annotations.push(readAnnotation(reader));
    else if (reader.field === 11) tags.push(readTag(reader));
    else if (!takeField(reader, span)) reader.skip();
  }
  return { ...span, tags: Object.fromEntries(tags), annotations };
}

/** False: the field is none of a span's own. */
function takeField(reader: ProtoReader, span: Record<string, unknown>): boolean {
  switch (reader.field) {
    case 1:
      span['traceId'] = hex(reader);
      return true;
    case 2:
      span['parentId'] = hex(reader);
      return true;
    case 3:
      span['id'] = hex(reader);
      return true;
    case 4:
      span['kind'] = kinds[reader.uint()];
      return true;
    case 5:
      span['name'] = reader.text();
      return true;
    case 6:
      span['timestamp'] = micros(reader);
      return true;
    case 7:
      span['duration'] = reader.uint();
      return true;
    case 8:
      span['localEndpoint'] = readEndpoint(reader);
      return true;
    case 9:
      span['remoteEndpoint'] = readEndpoint(reader);
      return true;
    case 12:
      span['debug'] = reader.uint() !== 0;
      return true;
    case 13:
      span['shared'] = reader.uint() !== 0;
      return true;
    default:
      return false;
  }
}

function readEndpoint(reader: ProtoReader): Json {
  const endpoint: Record<string, unknown> = {};
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) endpoint['serviceName'] = reader.text();
      else if (reader.field === 2) endpoint['ipv4'] = Array.from(bytes(reader)).join('.');
      else if (reader.field === 3) endpoint['ipv6'] = (bytes(reader).toString('hex').match(/.{4}/g) ?? []).join(':');
      else if (reader.field === 4) endpoint['port'] = reader.uint();
      else reader.skip();
    }
  });
  return endpoint;
}

function readAnnotation(reader: ProtoReader): Json {
  const annotation: Record<string, unknown> = {};
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1) annotation['timestamp'] = micros(reader);
      else if (reader.field === 2) annotation['value'] = reader.text();
      else reader.skip();
    }
  });
  return annotation;
}

function readTag(reader: ProtoReader): [string, string] {
  const tag: [string, string] = ['', ''];
  reader.message(() => {
    while (reader.next()) {
      if (reader.field === 1 || reader.field === 2) tag[reader.field - 1] = reader.text();
      else reader.skip();
    }
  });
  return tag;
}

function bytes(reader: ProtoReader): Buffer {
  reader.span();
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + reader.spanFrom, reader.spanTo - reader.spanFrom);
}

function hex(reader: ProtoReader): string {
  return bytes(reader).toString('hex');
}

/** fixed64 of microseconds, in decimal. */
function micros(reader: ProtoReader): string {
  reader.fixed64();
  return String(new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at - 8, 8).getBigUint64(0, true));
}

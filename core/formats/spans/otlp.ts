import { noScope, resourceOf, spanKinds, spanStatuses, EngineError } from '#core/model/index.ts';
import type { Resource, Scope, Span, SpanEvent, SpanLink } from '#core/model/index.ts';
import { takeAttribute, type OtlpAttribute } from '../otlp/value.ts';
import { ProtoReader } from '../protobuf.ts';
import { attributesOf, bad, eventsMax, notZero, zeroIsNone } from './fields.ts';
import { SpanCollector, type SpanReading } from './reading.ts';

/**
 * Spans of an ExportTraceServiceRequest in protobuf (opentelemetry-proto, trace/v1). A span whose fields are wrong is a fault, told by its
 * number in the message instead of a line; bytes that are no protobuf throw EngineError `invalid`.
 */
export function readOtlpSpans(body: Uint8Array): SpanReading {
  const reader = new ProtoReader(body);
  const into = new SpanCollector();
  into.format = 'OTLP protobuf';
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => readResourceSpans(reader, into));
    else reader.skip();
  }
  return into.done();
}

/** The resource may stand behind its spans, so they wait for it. */
function readResourceSpans(reader: ProtoReader, into: SpanCollector): void {
  let resource: Resource = resourceOf([]);
  const spans: Omit<Span, 'resource'>[] = [];
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => (resource = resourceOf(attributesOf(readAttributes(reader, 1).attributes))));
    else if (reader.field === 2) reader.message(() => readScopeSpans(reader, spans, into));
    else reader.skip();
  }
  for (const span of spans) into.spans.push({ ...span, resource });
}

function readScopeSpans(reader: ProtoReader, spans: Omit<Span, 'resource'>[], into: SpanCollector): void {
  let scope = noScope;
  const own: Omit<Span, 'resource' | 'scope'>[] = [];
  while (reader.next()) {
    if (reader.field === 1) reader.message(() => (scope = readScope(reader)));
    else if (reader.field === 2) reader.message(() => takeSpan(reader, own, into));
    else reader.skip();
  }
  for (const span of own) spans.push({ ...span, scope });
}

function readScope(reader: ProtoReader): Scope {
  const attributes: OtlpAttribute[] = [];
  let [name, version] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) version = reader.text();
    else if (reader.field === 3) takeAttribute(reader, attributes);
    else reader.skip();
  }
  return { name, version, attributes: attributesOf(attributes) };
}

/** A message of which only the attributes, in field `field`, matter. */
function readAttributes(reader: ProtoReader, field: number): { attributes: OtlpAttribute[] } {
  const attributes: OtlpAttribute[] = [];
  while (reader.next()) {
    if (reader.field === field) takeAttribute(reader, attributes);
    else reader.skip();
  }
  return { attributes };
}

function takeSpan(reader: ProtoReader, own: Omit<Span, 'resource' | 'scope'>[], into: SpanCollector): void {
  const fields = new SpanFields();
  while (reader.next()) fields.take(reader);
  try {
    own.push(fields.span());
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    into.fault(0, error.message);
  }
}

/** One span's fields while they are read. */
class SpanFields {
  readonly #attributes: OtlpAttribute[] = [];
  readonly #events: SpanEvent[] = [];
  readonly #links: SpanLink[] = [];
  #traceId = '';
  #spanId = '';
  #parentId = '';
  #traceState = '';
  #name = '';
  #kind = 0;
  #startNs = 0n;
  #endNs = 0n;
  #status = 0;
  #statusText = '';
  #flags = 0;
  #droppedAttributes = 0;
  #droppedEvents = 0;
  #droppedLinks = 0;

  take(reader: ProtoReader): void {
    switch (reader.field) {
      case 1:
        this.#traceId = hex(reader);
        break;
      case 2:
        this.#spanId = hex(reader);
        break;
      case 3:
        this.#traceState = reader.text();
        break;
      case 4:
        this.#parentId = hex(reader);
        break;
      case 5:
        this.#name = reader.text();
        break;
      case 6:
        this.#kind = reader.uint();
        break;
      case 7:
        this.#startNs = nanos(reader);
        break;
      case 8:
        this.#endNs = nanos(reader);
        break;
      default:
        this.#takeRest(reader);
    }
  }

  #takeRest(reader: ProtoReader): void {
    switch (reader.field) {
      case 9:
        this.#droppedAttributes += Number(!taken(reader, this.#attributes));
        break;
      case 10:
        this.#droppedAttributes += reader.uint();
        break;
      case 11:
        reader.message(() => this.#takeEvent(reader));
        break;
      case 12:
        this.#droppedEvents += reader.uint();
        break;
      case 13:
        reader.message(() => this.#takeLink(reader));
        break;
      case 14:
        this.#droppedLinks += reader.uint();
        break;
      case 15:
        reader.message(() => this.#takeStatus(reader));
        break;
      case 16:
        this.#flags = fixed32(reader);
        break;
      default:
        reader.skip();
    }
  }

  #takeEvent(reader: ProtoReader): void {
    const attributes: OtlpAttribute[] = [];
    let [timeNs, name, droppedCount] = [0n, '', 0];
    while (reader.next()) {
      if (reader.field === 1) timeNs = nanos(reader);
      else if (reader.field === 2) name = reader.text();
      else if (reader.field === 3) droppedCount += Number(!taken(reader, attributes));
      else if (reader.field === 4) droppedCount += reader.uint();
      else reader.skip();
    }
    if (this.#events.length < eventsMax) this.#events.push({ timeNs, name, attributes: attributesOf(attributes), droppedCount });
    else this.#droppedEvents++;
  }

  #takeLink(reader: ProtoReader): void {
    const attributes: OtlpAttribute[] = [];
    let [traceId, spanId, traceState, droppedCount] = ['', '', '', 0];
    while (reader.next()) {
      if (reader.field === 1) traceId = zeroIsNone(hex(reader));
      else if (reader.field === 2) spanId = zeroIsNone(hex(reader));
      else if (reader.field === 3) traceState = reader.text();
      else if (reader.field === 4) droppedCount += Number(!taken(reader, attributes));
      else if (reader.field === 5) droppedCount += reader.uint();
      else reader.skip();
    }
    if (this.#links.length < eventsMax) this.#links.push({ traceId, spanId, traceState, attributes: attributesOf(attributes), droppedCount });
    else this.#droppedLinks++;
  }

  #takeStatus(reader: ProtoReader): void {
    while (reader.next()) {
      if (reader.field === 2) this.#statusText = reader.text();
      else if (reader.field === 3) this.#status = reader.uint();
      else reader.skip();
    }
  }

  span(): Omit<Span, 'resource' | 'scope'> {
    const kind = spanKinds[this.#kind];
    const status = spanStatuses[this.#status];
    if (this.#traceId.length !== 32) throw bad('the trace id has not 16 bytes');
    if (this.#spanId.length !== 16) throw bad('the span id has not 8 bytes');
    if (this.#parentId.length !== 16 && this.#parentId !== '') throw bad('the parent id has not 8 bytes');
    if (kind === undefined) throw bad(`the kind ${this.#kind} is not known`);
    if (status === undefined) throw bad(`the status code ${this.#status} is not known`);
    return {
      traceId: notZero(this.#traceId, 'the trace id'),
      spanId: notZero(this.#spanId, 'the span id'),
      parentId: zeroIsNone(this.#parentId),
      name: this.#name,
      kind,
      startNs: this.#startNs,
      endNs: this.#endNs,
      status,
      statusText: this.#statusText,
      attributes: attributesOf(this.#attributes),
      events: this.#events,
      links: this.#links,
      traceState: this.#traceState,
      flags: this.#flags,
      droppedAttributes: this.#droppedAttributes,
      droppedEvents: this.#droppedEvents,
      droppedLinks: this.#droppedLinks,
    };
  }
}

/** Takes an attribute; false when there were too many already. */
function taken(reader: ProtoReader, into: OtlpAttribute[]): boolean {
  const before = into.length;
  takeAttribute(reader, into);
  return into.length > before;
}

function hex(reader: ProtoReader): string {
  reader.span();
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + reader.spanFrom, reader.spanTo - reader.spanFrom).toString('hex');
}

/** fixed64, all its bits. */
function nanos(reader: ProtoReader): bigint {
  reader.fixed64();
  return new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at - 8, 8).getBigUint64(0, true);
}

function fixed32(reader: ProtoReader): number {
  const { wire } = reader;
  reader.skip();
  if (wire !== 5) throw bad('the flags are no fixed32');
  return new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.at - 4, 4).getUint32(0, true);
}

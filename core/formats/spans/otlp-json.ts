import { noScope, resourceOf, spanKinds, spanStatuses } from '#core/model/index.ts';
import type { Resource, Scope, Span, SpanEvent, SpanKind, SpanLink, SpanStatus } from '#core/model/index.ts';
import { parseBoundedJson } from '../bounded-json.ts';
import { jsonAttributes } from '../otlp/value.ts';
import { attributesMax, attributesOf, bad, countOf, eventsMax, isObject, listOf, objectOf, textOf, wholeOf, type Json } from './fields.ts';
import { SpanCollector, type SpanReading } from './reading.ts';

/**
 * Spans in OTLP's JSON form (opentelemetry-proto, trace/v1), in the older spelling of its fields (`instrumentationLibrarySpans`), and as
 * Tempo answers them (`batches`, ids in base64).
 */
export function readOtlpJson(document: Json, into: SpanCollector): void {
  const name = document['resourceSpans'] === undefined ? 'batches' : 'resourceSpans';
  into.guard([name], () => {
    listOf(document[name], name).forEach((json, i) => into.guard([name, i], () => readResourceSpans(json, [name, i], into)));
  });
}

/** An ExportTraceServiceRequest that was received. Throws EngineError `invalid` when it is no JSON, `limit` when it is too deep or too large. */
export function readOtlpSpansJson(body: Uint8Array): SpanReading {
  const into = new SpanCollector();
  const document = objectOf(parseBoundedJson(body), 'the body');
  into.begin('OTLP JSON', '', 1);
  readOtlpJson(document, into);
  return into.done();
}

function readResourceSpans(json: unknown, path: (string | number)[], into: SpanCollector): void {
  const { resource, ...rest } = objectOf(json, 'an entry of resourceSpans');
  const shared = readResource(resource);
  const name = ['scopeSpans', 'instrumentationLibrarySpans', 'ilSpans'].find((one) => rest[one] !== undefined) ?? 'scopeSpans';
  listOf(rest[name], name).forEach((scopeJson, i) => {
    into.guard([...path, name, i], () => {
      const scopeSpans = objectOf(scopeJson, 'an entry of scopeSpans');
      const scope = readScope(scopeSpans['scope'] ?? scopeSpans['instrumentationLibrary']);
      const spans = listOf(scopeSpans['spans'], 'spans');
      into.items(spans, [...path, name, i, 'spans'], (span) => readSpan(objectOf(span, 'a span'), shared, scope, into));
    });
  });
}

function readResource(json: unknown): Resource {
  return resourceOf(json === undefined || json === null ? [] : attributesOf(jsonAttributes(objectOf(json, 'resource')['attributes'])));
}

function readScope(json: unknown): Scope {
  if (json === undefined || json === null) return noScope;
  const { name, version, attributes } = objectOf(json, 'scope');
  return {
    name: textOf(name, "the scope's name"),
    version: textOf(version, "the scope's version"),
    attributes: attributesOf(jsonAttributes(attributes)),
  };
}

function readSpan(json: Json, resource: Resource, scope: Scope, { ids }: SpanCollector): Span {
  const status = isObject(json['status']) ? json['status'] : {};
  const events = listOf(json['events'], 'events');
  const links = listOf(json['links'], 'links');
  return {
    traceId: ids.trace(json['traceId']),
    spanId: ids.span(json['spanId']),
    parentId: ids.parent(json['parentSpanId']),
    name: textOf(json['name'], 'the name'),
    kind: kindOf(json['kind']),
    startNs: wholeOf(json['startTimeUnixNano'], 'startTimeUnixNano'),
    endNs: wholeOf(json['endTimeUnixNano'], 'endTimeUnixNano'),
    status: statusOf(status['code']),
    statusText: textOf(status['message'], 'the status message'),
    attributes: [...attributesOf(jsonAttributes(json['attributes'])), ...ids.originals(json['traceId'], json['spanId'])],
    events: events.slice(0, eventsMax).map((event) => readEvent(objectOf(event, 'an event'))),
    links: links.slice(0, eventsMax).map((link) => readLink(objectOf(link, 'a link'), ids)),
    resource,
    scope,
    traceState: textOf(json['traceState'], 'traceState'),
    flags: countOf(json['flags'], 'flags'),
    droppedAttributes: dropped(json['droppedAttributesCount'], json['attributes'], attributesMax),
    droppedEvents: dropped(json['droppedEventsCount'], json['events'], eventsMax),
    droppedLinks: dropped(json['droppedLinksCount'], json['links'], eventsMax),
  };
}

function readEvent(json: Json): SpanEvent {
  const time = json['timeUnixNano'];
  return {
    timeNs: time === undefined ? 0n : wholeOf(time, "the event's timeUnixNano"),
    name: textOf(json['name'], "the event's name"),
    attributes: attributesOf(jsonAttributes(json['attributes'])),
    droppedCount: dropped(json['droppedAttributesCount'], json['attributes'], attributesMax),
  };
}

function readLink(json: Json, ids: SpanCollector['ids']): SpanLink {
  return {
    ...ids.linked(json['traceId'], json['spanId']),
    traceState: textOf(json['traceState'], "the link's traceState"),
    attributes: attributesOf(jsonAttributes(json['attributes'])),
    droppedCount: dropped(json['droppedAttributesCount'], json['attributes'], attributesMax),
  };
}

/** What the sender dropped, and what is over our own bound. */
function dropped(count: unknown, list: unknown, max: number): number {
  return countOf(count, 'a dropped count') + Math.max(0, (Array.isArray(list) ? list.length : 0) - max);
}

/** A number, or the name that protobuf's JSON mapping allows: `SPAN_KIND_SERVER`, `STATUS_CODE_ERROR`. */
function kindOf(json: unknown): SpanKind {
  return named(json, spanKinds, 'SPAN_KIND_', 'the kind');
}

function statusOf(json: unknown): SpanStatus {
  return named(json, spanStatuses, 'STATUS_CODE_', 'the status code');
}

function named<T extends string>(json: unknown, words: readonly T[], prefix: string, what: string): T {
  if (json === undefined || json === null) return words[0]!;
  const found = typeof json === 'number' ? words[json] : words.find((word) => json === prefix + word.toUpperCase());
  if (found === undefined) throw bad(`${what} ${JSON.stringify(json)} is not known`);
  return found;
}

import { resourceOf, noScope, spanKinds, spanStatuses } from '#core/model/index.ts';
import type { Attribute, Resource, Scope, Span, SpanEvent, SpanKind, SpanLink, SpanStatus } from '#core/model/index.ts';
import {
  attributeOf,
  attributesMax,
  bad,
  countOf,
  eventsMax,
  isObject,
  listOf,
  objectOf,
  plainAttributes,
  rfc3339Ns,
  textOf,
  wholeOf,
  type Json,
} from './fields.ts';
import type { SpanCollector } from './reading.ts';

/** Spans as the console exporters of the OpenTelemetry SDKs print them: each SDK its own objects, parsed before they come here. */

/** Python's ConsoleSpanExporter: ids behind `0x`, times in RFC 3339. */
export function readPythonSpan(json: Json, { ids }: SpanCollector): Span {
  const context = objectOf(json['context'], 'the context');
  const status = isObject(json['status']) ? json['status'] : {};
  const resource = isObject(json['resource']) ? json['resource']['attributes'] : undefined;
  return {
    ...blank,
    traceId: ids.trace(context['trace_id']),
    spanId: ids.span(context['span_id']),
    parentId: ids.parent(json['parent_id']),
    name: textOf(json['name'], 'the name'),
    kind: wordOf(json['kind'], spanKinds, 'SpanKind.'),
    startNs: timeOf(json['start_time'], 'start_time'),
    endNs: timeOf(json['end_time'], 'end_time'),
    status: wordOf(status['status_code'], spanStatuses, 'StatusCode.'),
    statusText: textOf(status['description'], 'the description'),
    attributes: plainAttributes(json['attributes'], 'attributes'),
    events: events(json['events'], (one) => ({
      timeNs: timeOf(one['timestamp'], 'the timestamp'),
      attributes: plainAttributes(one['attributes'], 'attributes'),
    })),
    links: listOf(json['links'], 'links')
      .slice(0, eventsMax)
      .map((item) => {
        const link = objectOf(item, 'a link');
        const of = objectOf(link['context'], 'the context of a link');
        return linkOf(ids.trace(of['trace_id']), ids.span(of['span_id']), plainAttributes(link['attributes'], 'attributes'));
      }),
    resource: resourceOf(plainAttributes(resource, 'resource')),
  };
}

/** Go's stdouttrace. Lists of keys and typed values. */
export function readGoSpan(json: Json, { ids }: SpanCollector): Span {
  const context = objectOf(json['SpanContext'], 'SpanContext');
  const status = isObject(json['Status']) ? json['Status'] : {};
  const scope = json['InstrumentationScope'] ?? json['InstrumentationLibrary'];
  return {
    ...blank,
    traceId: ids.trace(context['TraceID']),
    spanId: ids.span(context['SpanID']),
    parentId: isObject(json['Parent']) ? ids.parent(json['Parent']['SpanID']) : '',
    name: textOf(json['Name'], 'the Name'),
    kind: spanKinds[countOf(json['SpanKind'], 'SpanKind')] ?? 'unspecified',
    startNs: timeOf(json['StartTime'], 'StartTime'),
    endNs: timeOf(json['EndTime'], 'EndTime'),
    status: wordOf(status['Code'], spanStatuses, ''),
    statusText: textOf(status['Description'], 'the Description'),
    attributes: goAttributes(json['Attributes']),
    events: events(json['Events'], (one) => ({ timeNs: timeOf(one['Time'], 'the Time'), attributes: goAttributes(one['Attributes']) }), 'Name'),
    links: listOf(json['Links'], 'Links')
      .slice(0, eventsMax)
      .map((item) => {
        const link = objectOf(item, 'a link');
        const of = objectOf(link['SpanContext'], 'the SpanContext of a link');
        return linkOf(ids.trace(of['TraceID']), ids.span(of['SpanID']), goAttributes(link['Attributes']));
      }),
    resource: resourceOf(goAttributes(json['Resource'])),
    scope: isObject(scope) ? scopeOf(scope['Name'], scope['Version']) : noScope,
    traceState: textOf(context['TraceState'], 'TraceState'),
    flags: Number.parseInt(textOf(context['TraceFlags'], 'TraceFlags') || '0', 16),
    droppedAttributes: countOf(json['DroppedAttributes'], 'DroppedAttributes'),
    droppedEvents: countOf(json['DroppedEvents'], 'DroppedEvents'),
    droppedLinks: countOf(json['DroppedLinks'], 'DroppedLinks'),
  };
}

/** JavaScript's ConsoleSpanExporter: times in microseconds, kinds counted without OTLP's first. */
export function readJsSpan(json: Json, { ids }: SpanCollector): Span {
  const status = isObject(json['status']) ? json['status'] : {};
  const parent = isObject(json['parentSpanContext']) ? json['parentSpanContext']['spanId'] : json['parentId'];
  const scope = json['instrumentationScope'] ?? json['instrumentationLibrary'];
  const startNs = microsOf(json['timestamp'], 'the timestamp');
  return {
    ...blank,
    traceId: ids.trace(json['traceId']),
    spanId: ids.span(json['id']),
    parentId: ids.parent(parent),
    name: textOf(json['name'], 'the name'),
    kind: spanKinds[countOf(json['kind'], 'the kind') + 1] ?? 'unspecified',
    startNs,
    endNs: startNs + microsOf(json['duration'], 'the duration'),
    status: spanStatuses[countOf(status['code'], 'the status code')] ?? 'unset',
    statusText: textOf(status['message'], 'the status message'),
    attributes: plainAttributes(json['attributes'], 'attributes'),
    events: events(json['events'], (one) => ({ timeNs: hrTimeOf(one['time']), attributes: plainAttributes(one['attributes'], 'attributes') })),
    links: listOf(json['links'], 'links')
      .filter(isObject)
      .slice(0, eventsMax)
      .map((link) => {
        const of = objectOf(link['context'], 'the context of a link');
        return linkOf(ids.trace(of['traceId']), ids.span(of['spanId']), plainAttributes(link['attributes'], 'attributes'));
      }),
    resource: isObject(json['resource']) ? resourceOf(plainAttributes(json['resource']['attributes'], 'resource')) : noResource,
    scope: isObject(scope) ? scopeOf(scope['name'], scope['version']) : noScope,
    traceState: textOf(json['traceState'], 'traceState'),
  };
}

const noResource: Resource = resourceOf([]);

const blank = {
  statusText: '',
  events: [],
  links: [],
  resource: noResource,
  scope: noScope,
  traceState: '',
  flags: 0,
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0,
} as const;

function events(json: unknown, read: (one: Json) => { timeNs: bigint; attributes: Attribute[] }, nameKey = 'name'): SpanEvent[] {
  return listOf(json, 'events')
    .filter(isObject)
    .slice(0, eventsMax)
    .map((one) => ({ ...read(one), name: textOf(one[nameKey], 'the name of an event'), droppedCount: 0 }));
}

function linkOf(traceId: string, spanId: string, attributes: Attribute[]): SpanLink {
  return { traceId, spanId, traceState: '', attributes, droppedCount: 0 };
}

function scopeOf(name: unknown, version: unknown): Scope {
  return { name: textOf(name, 'the name of the scope'), version: textOf(version, 'the version of the scope'), attributes: [] };
}

function goAttributes(json: unknown): Attribute[] {
  return listOf(json, 'Attributes')
    .slice(0, attributesMax)
    .map((item) => {
      const { Key: key, Value: typed } = objectOf(item, 'an attribute');
      const value = objectOf(typed, 'the Value of an attribute')['Value'];
      const name = textOf(key, 'the Key of an attribute');
      if (typeof value === 'object' && value !== null) return { key: name, type: 'json' as const, text: JSON.stringify(value) };
      return attributeOf(name, (value ?? null) as string | number | boolean | null);
    });
}

function wordOf<T extends SpanKind | SpanStatus>(json: unknown, words: readonly T[], prefix: string): T {
  const word = textOf(json, 'a word').replace(prefix, '').toLowerCase();
  const found = word === '' ? words[0] : words.find((one) => one === word);
  if (found === undefined) throw bad(`${JSON.stringify(json)} is not known`);
  return found;
}

function timeOf(json: unknown, what: string): bigint {
  const timeNs = rfc3339Ns(textOf(json, what));
  if (timeNs === undefined) throw bad(`${what} is no time`);
  return timeNs;
}

/** Microseconds with decimals. */
function microsOf(json: unknown, what: string): bigint {
  if (typeof json !== 'number') return wholeOf(json, what) * 1000n;
  return BigInt(Math.trunc(json)) * 1000n + BigInt(Math.round((json % 1) * 1000));
}

/** `[seconds, nanoseconds]`. */
function hrTimeOf(json: unknown): bigint {
  const [seconds, nanos] = listOf(json, 'the time of an event');
  return wholeOf(seconds, 'the time of an event') * 1_000_000_000n + wholeOf(nanos, 'the time of an event');
}

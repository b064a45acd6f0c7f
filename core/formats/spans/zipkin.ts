import { noScope, resourceOf, type Attribute, type Resource, type Span, type SpanKind } from '#core/model/index.ts';
import { attributeOf, attributesMax, bad, eventsMax, isObject, listOf, objectOf, textOf, wholeOf, type Json } from './fields.ts';
import type { SpanCollector } from './reading.ts';

/**
 * Spans of Zipkin's v2 JSON (zipkin-api, zipkin2-api.yaml): a list of spans, or a list of traces. A span that client and server share
 * stays two spans of one id; the assembly of a trace puts the server's under the client's.
 */
export function readZipkinSpans(spans: readonly unknown[], path: readonly (string | number)[], into: SpanCollector): void {
  const resources = new Map<string, Resource>();
  const isTraces = spans.some(Array.isArray);
  if (!isTraces) return into.items(spans, path, (json) => readSpan(objectOf(json, 'a span'), resources, into));
  spans.forEach((json, i) => {
    if (Array.isArray(json)) readZipkinSpans(json, [...path, i], into);
    else into.guard([...path, i], () => void into.spans.push(readSpan(objectOf(json, 'a span'), resources, into)));
  });
}

const kinds: Readonly<Record<string, SpanKind>> = { CLIENT: 'client', SERVER: 'server', PRODUCER: 'producer', CONSUMER: 'consumer' };

function readSpan(json: Json, resources: Map<string, Resource>, { ids }: SpanCollector): Span {
  const startNs = wholeOf(json['timestamp'], 'the timestamp') * 1000n;
  const kind = textOf(json['kind'], 'the kind');
  const tags = Object.entries(objectOf(json['tags'] ?? {}, 'tags')).map(([key, value]) =>
    attributeOf(key, typeof value === 'string' ? value : String(value)),
  );
  const failed = tags.find(({ key }) => key === 'error');
  const annotations = listOf(json['annotations'], 'annotations');
  if (kind !== '' && !Object.hasOwn(kinds, kind)) throw bad(`the kind ${JSON.stringify(kind)} is not known`);
  return {
    traceId: ids.trace(json['traceId']),
    spanId: ids.span(json['id']),
    parentId: ids.parent(json['parentId']),
    name: textOf(json['name'], 'the name'),
    kind: kinds[kind] ?? 'unspecified',
    startNs,
    endNs: startNs + (json['duration'] === undefined ? 0n : wholeOf(json['duration'], 'the duration')) * 1000n,
    status: failed === undefined || failed.text === 'false' ? 'unset' : 'error',
    statusText: failed === undefined || failed.text === 'false' ? '' : failed.text,
    attributes: [
      ...tags.slice(0, attributesMax),
      ...endpointAttributes(json['remoteEndpoint'], 'peer.service', 'net.peer'),
      ...endpointAttributes(isObject(json['localEndpoint']) ? { ...json['localEndpoint'], serviceName: '' } : undefined, '', 'net.host'),
      ...(json['shared'] === true ? [attributeOf('zipkin.shared', true)] : []),
      ...ids.originals(json['traceId'], json['id']),
    ],
    events: annotations.slice(0, eventsMax).map((one) => {
      const { timestamp, value } = objectOf(one, 'an annotation');
      return {
        timeNs: wholeOf(timestamp, 'the timestamp of an annotation') * 1000n,
        name: textOf(value, 'the value of an annotation'),
        attributes: [],
        droppedCount: 0,
      };
    }),
    links: [],
    resource: resourceFor(json['localEndpoint'], resources),
    scope: noScope,
    traceState: '',
    flags: json['debug'] === true ? 1 : 0,
    droppedAttributes: Math.max(0, tags.length - attributesMax),
    droppedEvents: Math.max(0, annotations.length - eventsMax),
    droppedLinks: 0,
  };
}

function resourceFor(endpoint: unknown, known: Map<string, Resource>): Resource {
  const service = isObject(endpoint) ? textOf(endpoint['serviceName'], 'the serviceName') : '';
  let resource = known.get(service);
  if (resource === undefined) known.set(service, (resource = resourceOf(service === '' ? [] : [attributeOf('service.name', service)])));
  return resource;
}

function endpointAttributes(endpoint: unknown, serviceKey: string, prefix: string): Attribute[] {
  if (!isObject(endpoint)) return [];
  const { serviceName, ipv4, ipv6, port } = endpoint;
  const texts: [string, unknown][] = [
    [serviceKey, serviceName],
    [`${prefix}.ip`, ipv4 ?? ipv6],
  ];
  const told = texts.flatMap(([key, value]) => (typeof value === 'string' && value !== '' ? [attributeOf(key, value)] : []));
  return typeof port === 'number' && port !== 0 ? [...told, attributeOf(`${prefix}.port`, port)] : told;
}

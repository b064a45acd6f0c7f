import { spanKinds, spanStatuses, type Attribute, type Resource, type Scope, type Span } from '#core/model/index.ts';

/** Spans as one ExportTraceServiceRequest in OTLP's JSON form, on one line: what case files and exports are made of. */
export function writeOtlpJson(spans: readonly Span[]): string {
  const groups = new Map<Resource, Map<Scope, Span[]>>();
  for (const span of spans) {
    const scopes = groups.get(span.resource) ?? new Map<Scope, Span[]>();
    groups.set(span.resource, scopes.set(span.scope, [...(scopes.get(span.scope) ?? []), span]));
  }
  return JSON.stringify({
    resourceSpans: [...groups].map(([resource, scopes]) => ({
      resource: { attributes: resource.attributes.map(attributeJson) },
      scopeSpans: [...scopes].map(([{ name, version, attributes }, own]) => ({
        scope: { name, version, attributes: attributes.map(attributeJson) },
        spans: own.map(spanJson),
      })),
    })),
  });
}

function spanJson(span: Span): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState: span.traceState,
    parentSpanId: span.parentId,
    flags: span.flags,
    name: span.name,
    kind: spanKinds.indexOf(span.kind),
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: span.attributes.map(attributeJson),
    droppedAttributesCount: span.droppedAttributes,
    events: span.events.map(({ timeNs, name, attributes, droppedCount }) => ({
      timeUnixNano: String(timeNs),
      name,
      attributes: attributes.map(attributeJson),
      droppedAttributesCount: droppedCount,
    })),
    droppedEventsCount: span.droppedEvents,
    links: span.links.map(({ traceId, spanId, traceState, attributes, droppedCount }) => ({
      traceId,
      spanId,
      traceState,
      attributes: attributes.map(attributeJson),
      droppedAttributesCount: droppedCount,
    })),
    droppedLinksCount: span.droppedLinks,
    status: { message: span.statusText, code: spanStatuses.indexOf(span.status) },
  };
}

function attributeJson({ key, type, text }: Attribute): unknown {
  return { key, value: type === 'json' ? anyValue(JSON.parse(text)) : typedValue(type, text) };
}

function typedValue(type: Exclude<Attribute['type'], 'json'>, text: string): unknown {
  switch (type) {
    case 'string':
      return { stringValue: text };
    case 'bool':
      return { boolValue: text === 'true' };
    case 'int':
      return { intValue: text };
    case 'bytes':
      return { bytesValue: text };
    case 'double':
      // Protobuf's JSON mapping has words for what JSON has no numbers for.
      return { doubleValue: Number.isFinite(Number(text)) ? Number(text) : text };
  }
}

/** A list or map of plain JSON. */
function anyValue(json: unknown): unknown {
  if (Array.isArray(json)) return { arrayValue: { values: json.map(anyValue) } };
  if (typeof json === 'object' && json !== null) {
    return { kvlistValue: { values: Object.entries(json).map(([key, value]) => ({ key, value: anyValue(value) })) } };
  }
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (typeof json === 'number') return Number.isInteger(json) ? { intValue: String(json) } : { doubleValue: json };
  return {};
}

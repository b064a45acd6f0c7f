import {
  noScope,
  resourceOf,
  type Attribute,
  type AttributeType,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
} from '#core/model/index.ts';
import {
  attributeOf,
  attributesMax,
  bad,
  countOf,
  eventsMax,
  isObject,
  listOf,
  objectOf,
  rfc3339Ns,
  textOf,
  wholeOf,
  zeroIsNone,
  type Json,
} from './fields.ts';
import type { SpanCollector } from './reading.ts';

/**
 * Spans of Jaeger in every spelling that its tools write: the UI's JSON (`data`, or one trace, or a list), Elasticsearch documents, the domain
 * model as protobuf's JSON mapping has it, batches as Thrift has them, and rows of Cassandra. They differ in the names of the same fields.
 */
export function readJaegerTraces(traces: readonly unknown[], path: readonly (string | number)[], into: SpanCollector): void {
  traces.forEach((trace, i) => into.guard([...path, i], () => readJaegerTrace(objectOf(trace, 'a trace'), [...path, i], into)));
}

/** An object with `spans`, and `processes` or one `process` for all. */
export function readJaegerTrace(trace: Json, path: readonly (string | number)[], into: SpanCollector): void {
  const name = pickName(trace, ['spans', 'Spans']);
  const reader = new JaegerReader(trace, into);
  into.items(listOf(trace[name], 'spans'), [...path, name], (span) => reader.span(objectOf(span, 'a span')));
}

export function readJaegerSpans(spans: readonly unknown[], path: readonly (string | number)[], into: SpanCollector): void {
  const reader = new JaegerReader({}, into);
  into.items(spans, path, (span) => reader.span(objectOf(span, 'a span')));
}

function pickName(json: Json, names: readonly string[]): string {
  return names.find((name) => json[name] !== undefined && json[name] !== null) ?? names[0]!;
}

function pick(json: Json, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = json[name];
    if (value !== undefined && value !== null) return value;
  }
  return json[names[0]!];
}

/** Where a value of a tag may stand, beside `value`. */
const valueNames = [
  'value',
  'vStr',
  'vBool',
  'vInt64',
  'vFloat64',
  'vLong',
  'vDouble',
  'vBinary',
  'value_string',
  'value_bool',
  'value_long',
  'value_double',
  'value_binary',
] as const;

const typeWords: Readonly<Record<string, AttributeType>> = {
  string: 'string',
  bool: 'bool',
  int64: 'int',
  long: 'int',
  float64: 'double',
  double: 'double',
  binary: 'bytes',
};

/** Tags that say what OTLP has fields for (OpenTelemetry specification, "OpenTelemetry to Jaeger Transformation"). */
const ownTags = new Set([
  'span.kind',
  'otel.status_code',
  'otel.status_description',
  'w3c.tracestate',
  'otel.scope.name',
  'otel.scope.version',
  'otel.library.name',
  'otel.library.version',
]);

const noFamily: { readonly parentId: string; readonly links: readonly SpanLink[] } = { parentId: '', links: [] };
const noEvents: readonly SpanEvent[] = [];

class JaegerReader {
  readonly #ids: SpanCollector['ids'];
  readonly #processes: Json;
  readonly #common: unknown;
  readonly #resources = new Map<unknown, Resource>();
  readonly #scopes = new Map<string, Scope>();

  constructor(trace: Json, { ids }: SpanCollector) {
    this.#ids = ids;
    const processes = trace['processes'] ?? {};
    this.#processes = isObject(processes) ? processes : {};
    this.#common = pick(trace, 'process', 'Process');
  }

  span(json: Json): Span {
    const traceId = this.#trace(json);
    const { parentId, links } = this.#family(json, traceId);
    const tags = tagsOf(json);
    const startNs = timeOf(pick(json, 'startTime', 'StartTime'), 'the startTime');
    const logs = listOf(pick(json, 'logs', 'Logs'), 'logs');
    const own = new Map<string, Attribute>();
    for (const one of tags) if ((ownTags.has(one.key) || one.key === 'error') && !own.has(one.key)) own.set(one.key, one);
    const tag = (key: string): string => own.get(key)?.text ?? '';
    const failed = own.get('error');
    const code = tag('otel.status_code').toLowerCase();
    const error = code === 'error' || (failed !== undefined && failed.text !== 'false' && failed.text !== '');
    // The status says it already.
    const isSaid = error && (failed?.type === 'bool' || failed?.text === 'true');
    return {
      traceId,
      spanId: this.#span(pick(json, 'spanID', 'spanId', 'SpanID')),
      parentId,
      name: textOf(pick(json, 'operationName', 'OperationName'), 'the operationName'),
      kind: kindOf(tag('span.kind')),
      startNs,
      endNs: startNs + durationOf(pick(json, 'duration', 'Duration')),
      status: error ? 'error' : code === 'ok' ? 'ok' : 'unset',
      statusText: tag('otel.status_description'),
      attributes: [
        ...tags.filter((one) => !own.has(one.key) || (one.key === 'error' && !isSaid)).slice(0, attributesMax),
        ...warningsOf(json['warnings']),
        ...this.#ids.originals(pick(json, 'traceID', 'traceId', 'TraceID'), pick(json, 'spanID', 'spanId', 'SpanID')),
      ],
      events: logs.length === 0 ? noEvents : logs.slice(0, eventsMax).map((log) => eventOf(objectOf(log, 'a log'))),
      links,
      resource: this.#resource(json),
      scope: this.#scope(tag('otel.scope.name') || tag('otel.library.name'), tag('otel.scope.version') || tag('otel.library.version')),
      traceState: tag('w3c.tracestate'),
      flags: countOf(pick(json, 'flags', 'Flags'), 'the flags') & 0xff,
      droppedAttributes: Math.max(0, tags.length - attributesMax),
      droppedEvents: Math.max(0, logs.length - eventsMax),
      droppedLinks: 0,
    };
  }

  #trace(json: Json): string {
    if (json['traceIdLow'] === undefined) return this.#ids.trace(pick(json, 'traceID', 'traceId', 'TraceID'));
    return halfOf(json['traceIdHigh'] ?? 0, 'traceIdHigh') + halfOf(json['traceIdLow'], 'traceIdLow');
  }

  /** Thrift and Cassandra have numbers. */
  #span(json: unknown): string {
    return typeof json === 'number' || isDigits(json) ? halfOf(json, 'the span id') : this.#ids.span(json);
  }

  #family(json: Json, traceId: string): { parentId: string; links: readonly SpanLink[] } {
    const references = listOf(pick(json, 'references', 'Refs'), 'references');
    const told = pick(json, 'parentSpanID', 'parentSpanId', 'ParentID');
    const isTold = told !== undefined && told !== null && told !== 0 && told !== '' && told !== '0';
    if (references.length === 0 && !isTold) return noFamily;
    return this.#references(references, traceId, isTold ? this.#span(told) : '');
  }

  /** The parent is the first CHILD_OF of the same trace, else the first other reference of the same trace; the rest are links. */
  #references(list: readonly unknown[], traceId: string, toldId: string): { parentId: string; links: SpanLink[] } {
    const references = list.slice(0, eventsMax).map((one) => {
      const reference = objectOf(one, 'a reference');
      const word = textOf(pick(reference, 'refType', 'RefType'), 'the refType');
      const kind = word.toLowerCase().replace('-', '_') || 'child_of';
      return { kind, traceId: this.#trace(reference), spanId: this.#span(pick(reference, 'spanID', 'spanId', 'SpanID')) };
    });
    const own = references.filter((one) => one.traceId === traceId);
    const parent = own.find(({ kind }) => kind === 'child_of') ?? own[0];
    const links = references
      .filter((one) => one !== parent || (toldId !== '' && one.spanId !== toldId))
      .map(({ kind, ...ids }) => ({ ...ids, traceState: '', attributes: [attributeOf('opentracing.ref_type', kind)], droppedCount: 0 }));
    const parentId = toldId === '' ? (parent?.spanId ?? '') : toldId;
    return { parentId: zeroIsNone(parentId), links };
  }

  #resource(json: Json): Resource {
    const processId = json['processID'] ?? json['processId'];
    const process = pick(json, 'process', 'Process') ?? (typeof processId === 'string' ? this.#processes[processId] : undefined) ?? this.#common;
    let known = this.#resources.get(process);
    if (known === undefined) this.#resources.set(process, (known = readProcess(process)));
    return known;
  }

  #scope(name: string, version: string): Scope {
    if (name === '' && version === '') return noScope;
    const key = JSON.stringify([name, version]);
    let known = this.#scopes.get(key);
    if (known === undefined) this.#scopes.set(key, (known = { name, version, attributes: [] }));
    return known;
  }
}

const isDigits = (json: unknown): boolean => typeof json === 'string' && /^-?\d{17,20}$/.test(json);

/** 64 bits of an id that is given as a number, signed or not. */
function halfOf(json: unknown, what: string): string {
  return BigInt.asUintN(64, wholeOf(json, what)).toString(16).padStart(16, '0');
}

function readProcess(json: unknown): Resource {
  if (json === undefined || json === null) return resourceOf([]);
  const process = objectOf(json, 'the process');
  const service = textOf(pick(process, 'serviceName', 'ServiceName'), 'the serviceName');
  const tags = tagsOf(process).slice(0, attributesMax);
  return resourceOf(service === '' ? tags : [attributeOf('service.name', service), ...tags.filter(({ key }) => key !== 'service.name')]);
}

/** `tags` as a list, and `tag`, Elasticsearch's object with dots told as `@`. */
function tagsOf(json: Json): Attribute[] {
  const list = listOf(pick(json, 'tags', 'Tags'), 'tags').map((tag) => tagOf(objectOf(tag, 'a tag')));
  const object = isObject(json['tag']) ? Object.entries(json['tag']) : [];
  return [...list, ...object.map(([key, value]) => attributeOf(key.replaceAll('@', '.'), value as string | number | boolean | null))];
}

function tagOf(json: Json): Attribute {
  const key = textOf(pick(json, 'key', 'Key'), 'the key of a tag');
  const word = textOf(pick(json, 'type', 'vType', 'ValueType'), 'the type of a tag').toLowerCase();
  const value = json[pickName(json, valueNames)] ?? null;
  if (typeof value === 'object' && value !== null) return { key, type: 'json', text: JSON.stringify(value) };
  const plain = attributeOf(key, value as string | number | boolean | null);
  const type = Object.hasOwn(typeWords, word) ? typeWords[word]! : plain.type;
  return { key, type, text: value === null && type === 'bool' ? 'false' : plain.text };
}

function eventOf(json: Json): SpanEvent {
  const fields = listOf(pick(json, 'fields', 'Fields'), 'the fields of a log').map((field) => tagOf(objectOf(field, 'a field of a log')));
  const name = fields.find(({ key, type }) => key === 'event' && type === 'string');
  return {
    timeNs: timeOf(pick(json, 'timestamp', 'Timestamp'), 'the timestamp of a log'),
    name: name?.text ?? '',
    attributes: fields.filter((field) => field !== name).slice(0, attributesMax),
    droppedCount: Math.max(0, fields.length - attributesMax),
  };
}

function warningsOf(json: unknown): Attribute[] {
  return Array.isArray(json) && json.length > 0 ? [{ key: 'jaeger.warnings', type: 'json', text: JSON.stringify(json) }] : [];
}

function kindOf(text: string): SpanKind {
  const word = text.toLowerCase();
  return word === 'server' || word === 'client' || word === 'producer' || word === 'consumer' || word === 'internal' ? word : 'unspecified';
}

/** Microseconds since 1970, or RFC 3339. */
function timeOf(json: unknown, what: string): bigint {
  if (typeof json === 'string' && json.includes('T')) {
    const timeNs = rfc3339Ns(json);
    if (timeNs === undefined) throw bad(`${what} is no time`);
    return timeNs;
  }
  return wholeOf(json, what) * 1000n;
}

/** Microseconds, or protobuf's `0.005s` and Go's `5000ns`. */
function durationOf(json: unknown): bigint {
  const [, amount, unit] = typeof json === 'string' ? (/^(-?\d+(?:\.\d+)?)(ns|us|µs|ms|s)$/.exec(json) ?? []) : [];
  if (amount === undefined) return wholeOf(json, 'the duration') * 1000n;
  const scale = unit === 'ns' ? 1 : unit === 'ms' ? 1e6 : unit === 's' ? 1e9 : 1000;
  return BigInt(Math.round(Number(amount) * scale));
}

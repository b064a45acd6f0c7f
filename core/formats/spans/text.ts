import { EngineError } from '#core/model/index.ts';
import { readGoSpan, readJsSpan, readPythonSpan } from './console.ts';
import { readJaegerSpans, readJaegerTrace, readJaegerTraces } from './jaeger.ts';
import { parseJsLiteral } from './js-literal.ts';
import { jsonDocuments, lineBreaks } from './json-place.ts';
import { readOtlpJson } from './otlp-json.ts';
import { isObject, type Json } from './fields.ts';
import { parseJson, SpanCollector, type SpanReading } from './reading.ts';
import { readZipkinSpans } from './zipkin.ts';

/**
 * Reads the spans of a text in any format that is known here, found by what is in it: OTLP JSON (one document, or one a line), Tempo's
 * answers, Jaeger's JSON in its spellings, Zipkin v2, and what the OpenTelemetry SDKs for JavaScript, Python and Go print to a console.
 * `firstLine` is the number of the text's first line, for texts that are pieces of a larger one, cut between documents.
 */
export function readSpanText(text: string, firstLine = 1): SpanReading {
  const into = new SpanCollector();
  const whole = attempt(() => parseJson(text));
  if (whole !== undefined) readDocument(whole, text, firstLine, into);
  else {
    const { at, line } = readLines(text, firstLine, into);
    if (at < text.length || at === 0) readDocuments(text.slice(at), line, into);
  }
  return into.done();
}

/** Reads lines that are a document each, up to the first one that is none; where that begins. */
function readLines(text: string, firstLine: number, into: SpanCollector): { readonly at: number; readonly line: number } {
  let [at, line] = [0, firstLine];
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const document = text.slice(at, end < 0 ? undefined : end).trim();
    const value = isClosed(document) ? attempt(() => parseJson(document)) : undefined;
    if (value === undefined && document !== '') break;
    if (value !== undefined) readDocument(value, document, line, into);
    at = end < 0 ? text.length : end + 1;
    line++;
  }
  return { at, line };
}

/** Whether a line may be a document by itself: asked before it is parsed, as a document over many lines would be tried at each. */
const isClosed = (line: string): boolean => (line.startsWith('{') && line.endsWith('}')) || (line.startsWith('[') && line.endsWith(']'));

function attempt(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

function readDocuments(text: string, firstLine: number, into: SpanCollector): void {
  let line = firstLine;
  let last = -1;
  for (const { from, to } of jsonDocuments(text)) {
    line += lineBreaks(text, Math.max(0, last), from);
    last = from;
    const document = text.slice(from, to);
    const value = attempt(() => parseJson(document));
    const printed = value === undefined ? attempt(() => parseJsLiteral(document)) : undefined;
    if (value !== undefined) readDocument(value, document, line, into);
    else if (isJsSpan(printed)) readDocument(printed, document, line, into);
    else into.fault(line, `no JSON: ${excerpt(document)}`);
  }
  if (last < 0) into.fault(firstLine, 'the text is empty');
}

const excerpt = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);

function readDocument(value: unknown, text: string, line: number, into: SpanCollector): void {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  const shape = shapes.find(({ fits }) => (list === undefined ? fits(value) : list.some(fits)));
  if (shape === undefined) {
    into.fault(line, otherwise(list === undefined ? value : list[0]));
    return;
  }
  into.begin(shape.format, text, line);
  if (list === undefined) shape.read([value], [], into);
  else shape.read(list, [], into);
}

/** Reads items of one kind. A single document is a list of one, whose path leads nowhere and so to its first line. */
interface Shape {
  readonly format: string;
  readonly fits: (item: unknown) => boolean;
  readonly read: (items: readonly unknown[], path: readonly (string | number)[], into: SpanCollector) => void;
}

const has = (value: unknown, ...names: readonly string[]): value is Json => isObject(value) && names.every((name) => value[name] !== undefined);
const hasAny = (value: unknown, ...names: readonly string[]): boolean => names.some((name) => has(value, name));
const isOtlp = (value: unknown): value is Json => has(value, 'resourceSpans') || has(value, 'batches');
const isJaegerTrace = (value: unknown): value is Json => has(value, 'spans') && Array.isArray(value['spans']);
const isJaegerSpan = (value: unknown): boolean =>
  (hasAny(value, 'traceID', 'TraceID') && hasAny(value, 'spanID', 'SpanID')) || has(value, 'traceId', 'spanId', 'operationName');
const isJaegerAnswer = (value: unknown): value is Json => has(value, 'data') && Array.isArray(value['data']) && value['data'].every(isJaegerTrace);
const isJsSpan = (value: unknown): value is Json => has(value, 'traceId', 'id', 'timestamp') && hasAny(value, 'resource', 'instrumentationScope');

const each =
  (read: (item: Json, into: SpanCollector) => void): Shape['read'] =>
  (items, path, into) => {
    items.forEach((item, i) => into.guard([...path, i], () => read(item as Json, into)));
  };
const eachSpan = (read: (item: Json, into: SpanCollector) => SpanCollector['spans'][number]): Shape['read'] =>
  each((item, into) => void into.spans.push(read(item, into)));

const shapes: readonly Shape[] = [
  { format: 'OTLP JSON', fits: (item) => has(item, 'resourceSpans'), read: each(readOtlpJson) },
  { format: 'Tempo JSON', fits: (item) => has(item, 'batches'), read: each(readOtlpJson) },
  {
    format: 'Tempo JSON',
    fits: (item) => has(item, 'trace') && isOtlp(item['trace']),
    read: each(({ trace }, into) => readOtlpJson(trace as Json, into)),
  },
  { format: 'Jaeger JSON', fits: isJaegerAnswer, read: each(({ data }, into) => readJaegerTraces(data as readonly unknown[], ['data'], into)) },
  {
    format: 'Jaeger JSON',
    fits: (item) => has(item, 'data') && isJaegerTrace(item['data']),
    read: each(({ data }, into) => readJaegerTrace(data as Json, ['data'], into)),
  },
  { format: 'Jaeger JSON', fits: isJaegerTrace, read: readJaegerTraces },
  { format: 'Jaeger JSON', fits: isJaegerSpan, read: readJaegerSpans },
  { format: 'OpenTelemetry console (Go)', fits: (item) => has(item, 'SpanContext', 'Name'), read: eachSpan(readGoSpan) },
  { format: 'OpenTelemetry console (Python)', fits: (item) => has(item, 'context', 'start_time'), read: eachSpan(readPythonSpan) },
  { format: 'OpenTelemetry console (JavaScript)', fits: isJsSpan, read: eachSpan(readJsSpan) },
  {
    format: 'Zipkin JSON',
    fits: (item) => has(item, 'traceId', 'id') || (Array.isArray(item) && item.some((one) => has(one, 'traceId', 'id'))),
    read: readZipkinSpans,
  },
];

/** What a document is instead, as far as that is known. */
function otherwise(value: unknown): string {
  if (has(value, 'resourceLogs')) return 'logs of OTLP, which are no spans';
  if (has(value, 'resourceMetrics')) return 'metrics of OTLP, which are no spans';
  if (has(value, 'parent', 'child', 'callCount')) return 'a service graph without spans, which is not yet supported';
  const keys = isObject(value) ? Object.keys(value).slice(0, 5).join(', ') : '';
  return `no spans of a format that is known here${keys === '' ? '' : ` (an object of ${keys})`}`;
}

/** Spans in the formats that tools write, and trace contexts in headers. */
export { readSpanText } from './text.ts';
export { readOtlpSpansJson } from './otlp-json.ts';
export { readOtlpSpans } from './otlp.ts';
export { readZipkinJson, readZipkinProto } from './zipkin-body.ts';
export { writeOtlpJson } from './otlp-write.ts';
export type { ReadFault, SpanReading } from './reading.ts';
export { formatTraceparent, parseB3, parseTraceparent, parseTracestate, type TraceContext } from './context.ts';

/** The span store of one dataset, search over it, and what can be read from one trace. The byte formats are in FORMAT.md. */
export { openTraces } from './store.ts';
export type { SearchQuery, SpanVerdict, TraceLimits, TracePage, Traces, TracesOptions, TracesStats } from './types.ts';
export { examineTraces } from './doctor.ts';
export { assembleTrace } from './assemble.ts';
export { traceOfSpans, type TraceColumns } from './trace-columns.ts';
export { diffTraces } from './diff.ts';
export { flameOf } from './flame.ts';
export { statisticsOf } from './statistics.ts';

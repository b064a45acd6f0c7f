/** The span store of one dataset, search over it, and what can be read from one trace. The byte formats are in FORMAT.md. */
export { openTraces } from './store.ts';
export { parseTraceQuery } from './query.ts';
export type { SpanCondition, SpanField } from './query.ts';
export type { SearchQuery, SpanVerdict, TraceLimits, TracePage, Traces, TracesOptions, TracesStats, TraceSummary } from './types.ts';

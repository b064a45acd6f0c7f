/** The span store of one dataset, search over it, and what can be read from one trace. The byte formats are in FORMAT.md. */
export { openTraces } from './store.ts';
export type { SearchQuery, SpanVerdict, TraceLimits, TracePage, Traces, TracesOptions, TracesStats, TraceSummary } from './types.ts';
export { assembleTrace, type AssembledTrace } from './assemble.ts';
export { traceOfSpans, type TraceColumns } from './trace-columns.ts';
export { noSpan, spanFlags } from './tree.ts';
export type { CriticalPath } from './critical-path.ts';
export type { OperationStatistics, Repeat, Skew } from './statistics.ts';
export type { OperationRed, ServiceEdge, ServiceMap } from './red.ts';
export { diffTraces, type DiffSide, type TraceDiffRow } from './diff.ts';

/** PromQL over any SeriesSource: evaluation by columns, with Prometheus 3's answers. */
export { parseExpr } from './syntax/index.ts';
export { evaluateInstant, evaluateRange } from './query.ts';
export type { InstantResult, InstantValue, QueryOptions, QueryRange, RangeResult, Sample } from './query.ts';
export type { QueryLimits, QueryStats } from './budget.ts';
export type { ExplainLabel, ExplainNode } from './explain.ts';
export { memorySource } from './read/memory.ts';
export type { SelectHints, SeriesSource } from './read/source.ts';
export type { Notes } from './notes.ts';
export { formatValue } from './format-number.ts';
export { formatHistogram } from './histogram/format.ts';
export { createQueries, samplesOf } from './queries.ts';
export type { Queries, QueriesOptions, QueryCounts } from './queries.ts';
export { allBuckets } from './histogram/buckets.ts';
export { parseHistogram, parseLabels, parseSeries } from './script/series.ts';
export { ScriptStore } from './script/store.ts';
export { runScript } from './script/run.ts';
export type { ScriptFailure, ScriptReport } from './script/run.ts';
export type { Point, SeriesDescription } from './script/series.ts';

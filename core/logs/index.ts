/** The log store of one dataset, search over it and LogQL. The byte formats are in FORMAT.md. */
export { examineLogs } from './doctor.ts';
export { buffersOf, packJob } from './packing.ts';
export type { Packed, Packer, PackJob } from './packing.ts';
export { labelNames, logqlKind, openLogs } from './logs.ts';
export type { LogQuestion, Logs, MetricAnswer, PageQuestion } from './logs.ts';
export type { LogBookmark, LogLimits, LogsOptions, LogsStats, LogVerdict } from './types.ts';
export type { Direction, SearchPage } from './search.ts';
export type { Summary, Volume } from './volume.ts';
export type { LogPattern, Patterns, PatternWindow } from './patterns.ts';
export type { MetricSeries } from './logql/series.ts';
export type { Grid } from './logql/grid.ts';

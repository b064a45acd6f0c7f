/** The log store of one dataset, search over it and LogQL. The byte formats are in FORMAT.md. */
export { openLogs, type Logs } from './logs.ts';
export type { LogBookmark, LogLimits, LogsOptions, LogsStats, LogVerdict } from './types.ts';

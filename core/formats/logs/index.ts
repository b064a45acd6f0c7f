/** Log lines in the formats that systems write, and log records as they are pushed. */
export { LogBatch } from './log-batch.ts';
export type { LogColumns } from './log-batch.ts';
export { LogLines } from './lines.ts';
export { fieldsOfJson, fieldsOfLine, traceOfFields } from './fields.ts';
export { readLokiPush, readLokiPushJson } from './loki.ts';
export { readOtlpLogs, readOtlpLogsJson } from './otlp-logs.ts';

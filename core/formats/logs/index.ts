/** Log lines in the formats that systems write. */
export { LogLines, type LogSource } from './lines.ts';
export type { LineFault, LogFileReport } from './report.ts';
export { fieldsOfJson, fieldsOfLine, traceOfFields } from './fields.ts';

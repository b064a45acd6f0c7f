import { noLabels, type Labels } from './labels.ts';
import type { UnixNs } from './time.ts';

/** How bad a line says it is, mildest first. Words and numbers of all senders are mapped to these. */
export type LogLevel = 'unknown' | 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical';
export const logLevels: readonly LogLevel[] = ['unknown', 'trace', 'debug', 'info', 'warning', 'error', 'critical'];

/** One record of a log. */
export interface LogRecord {
  readonly timeNs: UnixNs;
  /** What the record's stream is known by; many records share one object. */
  readonly labels: Labels;
  /** The text as it was written, without its line feed; several lines when they belong together, as in a stack trace. */
  readonly line: string;
  readonly level: LogLevel;
  /** What was sent beside the line (Loki's structured metadata, OTLP's attributes and ids), laid flat like labels. */
  readonly fields: Labels;
}

/** A record with nothing beside its line. */
export function plainRecord(timeNs: UnixNs, labels: Labels, line: string, level: LogLevel): LogRecord {
  return { timeNs, labels, line, level, fields: noLabels };
}

import { noLabels, type Labels, type LogLevel } from '#core/model/index.ts';
import type { TimeReader } from './time.ts';

/** What a format made of one line. One object serves all lines; `begin` clears it. */
export class Reading {
  /** Such as `JSON`. */
  format = '';
  hasTime = false;
  seconds = 0;
  nanos = 0;
  level: LogLevel = 'unknown';
  /** The text to keep: the line itself, or what a container's runtime wrapped. */
  line = '';
  /** What the format tells of the stream: names and values, laid flat. */
  stream: readonly string[] = noLabels;
  fields: Labels = noLabels;
  /** The line goes on with the next one of the same stream (CRI's `P`, Docker's missing line feed). */
  isPartial = false;

  begin(line: string): void {
    this.format = '';
    this.hasTime = false;
    this.level = 'unknown';
    this.line = line;
    this.stream = noLabels;
    this.fields = noLabels;
    this.isPartial = false;
  }

  /** Takes over what was read last. */
  takeTime(time: TimeReader): void {
    this.hasTime = true;
    this.seconds = time.seconds;
    this.nanos = time.nanos;
  }
}

/** Reads a line into `into`; false when it is not of this format. */
export type LineFormat = (line: string, into: Reading, time: TimeReader) => boolean;

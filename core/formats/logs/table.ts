import { levelOfStatus } from './level.ts';
import type { Reading } from './reading.ts';
import type { TimeReader } from './time.ts';

const columnsMax = 256;

/**
 * Logs that name their columns in lines of `#`: W3C extended (IIS, CloudFront) and Zeek. A reader of one file keeps what its headers said.
 * Sources: w3.org/TR/WD-logfile, docs.zeek.org (TSV logs).
 */
export class TableLines {
  #format = '';
  #fields: readonly string[] = [];
  /** `YYYY-MM-DD` of the file's header, for rows that have a time only. */
  #date = '';
  #separator: RegExp | string = /\s+/;

  /** Takes a line that begins with `#`; false when it is no header of these formats. */
  header(line: string): boolean {
    const [, name = '', rest = ''] = /^#([A-Za-z_-]{1,40}):?[ \t]?(.*)$/.exec(line) ?? [];
    switch (name.toLowerCase()) {
      case 'fields':
        return this.#takeFields(rest, line.startsWith('#fields\t'));
      case 'separator':
        return this.#takeSeparator(rest);
      case 'date':
      case 'start-date':
        this.#date = /^\d{4}-\d\d-\d\d/.exec(rest)?.[0] ?? '';
        return this.#date !== '';
      case 'version':
      case 'software':
      case 'gmt-offset':
      case 'end-date':
      case 'remark':
      case 'set_separator':
      case 'empty_field':
      case 'unset_field':
      case 'path':
      case 'open':
      case 'close':
      case 'types':
        return true;
      default:
        return false;
    }
  }

  /** Reads a row; false when there was no header or its time cannot be found. */
  read(line: string, into: Reading, time: TimeReader): boolean {
    if (this.#fields.length === 0) return false;
    const row = this.values(line);
    if (row === undefined) return false;
    const text = this.#timeText(row);
    if (text === '' || !time.at(text, 0)) return false;
    into.format = this.#format;
    into.takeTime(time);
    const status = Number(row.get('sc-status') ?? row.get('status_code') ?? '');
    into.level = status >= 100 && status < 600 ? levelOfStatus(status) : 'info';
    return true;
  }

  /** The row's values by column; undefined when they are too few. */
  values(line: string): ReadonlyMap<string, string> | undefined {
    const cells = this.#separator instanceof RegExp ? splitQuoted(line) : line.split(this.#separator, columnsMax);
    if (cells.length < Math.min(2, this.#fields.length)) return undefined;
    return new Map(this.#fields.map((field, i) => [field, cells[i] ?? '']));
  }

  #timeText(row: ReadonlyMap<string, string>): string {
    const ts = row.get('ts') ?? row.get('timestamp');
    if (ts !== undefined) return ts;
    const day = row.get('date') ?? row.get('date-local') ?? row.get('date-UTC') ?? this.#date;
    const clock = row.get('time') ?? row.get('time-local') ?? row.get('time-UTC');
    return clock === undefined || day === '' ? '' : `${day.replaceAll('"', '')}T${clock.replaceAll('"', '')}`;
  }

  #takeFields(rest: string, isZeek: boolean): boolean {
    this.#format = isZeek ? 'Zeek' : 'W3C extended';
    if (isZeek && this.#separator instanceof RegExp) this.#separator = '\t';
    this.#fields = rest.trim().split(isZeek ? '\t' : /\s+/, columnsMax);
    return true;
  }

  #takeSeparator(rest: string): boolean {
    const [, hex] = /^\\x([0-9a-fA-F]{2})$/.exec(rest.trim()) ?? [];
    this.#separator = hex === undefined ? '\t' : String.fromCharCode(Number.parseInt(hex, 16));
    return true;
  }
}

/** Cells apart by blanks; those in quotes may hold blanks. */
function splitQuoted(line: string): string[] {
  return (line.match(/"[^"]*"|\S+/g) ?? []).slice(0, columnsMax);
}

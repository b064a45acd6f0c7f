import { labelsFrom, type LogLevel, type LogRecord } from '#core/model/index.ts';
import { levelOfSeverity } from './level.ts';

/** An entry larger than this is not an entry. */
const entryBytesMax = 8 << 20;
const lineFeed = 0x0a;

/**
 * journald's export format: fields `NAME=text`, or `NAME`, a line feed, a 64-bit length and bytes; an empty line ends an entry.
 * Source: systemd.io/JOURNAL_EXPORT_FORMATS. Text before the first whole entry is waited for.
 */
export class JournalReader {
  readonly #base: readonly (readonly [string, string])[];
  readonly #shared = new Map<string, readonly string[]>();
  #bytes: Buffer = Buffer.alloc(0);
  /** Entries without a time or a message. */
  bad = 0;
  entries = 0;

  constructor(base: readonly (readonly [string, string])[]) {
    this.#base = base;
  }

  /** The records of the entries that are whole now. */
  push(bytes: Uint8Array, atEnd: boolean): LogRecord[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const records: LogRecord[] = [];
    for (;;) {
      const fields = new Map<string, string>();
      const end = readEntry(this.#bytes, fields, atEnd);
      if (end === 0) break;
      this.#bytes = this.#bytes.subarray(end);
      if (fields.size > 0) this.#take(fields, records);
    }
    if (this.#bytes.length > entryBytesMax || (atEnd && this.#bytes.length > 0)) {
      this.bad++;
      this.#bytes = Buffer.alloc(0);
    }
    return records;
  }

  #take(fields: ReadonlyMap<string, string>, into: LogRecord[]): void {
    this.entries++;
    const micros = fields.get('_SOURCE_REALTIME_TIMESTAMP') ?? fields.get('__REALTIME_TIMESTAMP') ?? '';
    const line = fields.get('MESSAGE');
    if (!/^\d{1,18}$/.test(micros) || line === undefined) {
      this.bad++;
      return;
    }
    const severity = fields.get('PRIORITY');
    const level: LogLevel = severity === undefined ? 'unknown' : levelOfSeverity(Number(severity));
    into.push({ timeNs: BigInt(micros) * 1000n, labels: this.#labels(fields), line, level, fields: restOf(fields) });
  }

  #labels(fields: ReadonlyMap<string, string>): readonly string[] {
    const [unit, host, app] = [fields.get('_SYSTEMD_UNIT') ?? '', fields.get('_HOSTNAME') ?? '', fields.get('SYSLOG_IDENTIFIER') ?? ''];
    const key = `${unit}\n${host}\n${app}`;
    let labels = this.#shared.get(key);
    if (labels === undefined) {
      labels = labelsFrom([...this.#base, ['unit', unit], ['host', host], ['service_name', app]]);
      this.#shared.set(key, labels);
    }
    return labels;
  }
}

const fieldsMax = 32;
const valueCharsMax = 4096;

/** What else is worth keeping of an entry; journald's own bookkeeping is not. */
function restOf(fields: ReadonlyMap<string, string>): readonly string[] {
  const kept = [...fields].filter(
    ([key, value]) =>
      !key.startsWith('__') && !/^(?:MESSAGE|PRIORITY|_SYSTEMD_UNIT|_HOSTNAME|_BOOT_ID|_MACHINE_ID)$/.test(key) && value.length <= valueCharsMax,
  );
  return labelsFrom(kept.slice(0, fieldsMax));
}

/** Reads one entry from the beginning of `bytes`; where the next begins, 0 when it is not whole yet. */
function readEntry(bytes: Buffer, into: Map<string, string>, atEnd: boolean): number {
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) return 0;
    if (end === at) return at + 1;
    const equals = bytes.indexOf(0x3d, at);
    if (equals >= 0 && equals < end) {
      into.set(bytes.toString('latin1', at, equals), bytes.toString('utf8', equals + 1, end));
      at = end + 1;
      continue;
    }
    if (bytes.length < end + 9) return 0;
    const length = Number(bytes.readBigUInt64LE(end + 1));
    const to = end + 9 + length;
    if (length > entryBytesMax || to + 1 > bytes.length) return 0;
    into.set(bytes.toString('latin1', at, end), bytes.toString('utf8', end + 9, to));
    at = to + 1;
  }
  return atEnd && into.size > 0 ? at : 0;
}

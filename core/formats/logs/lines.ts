import { EngineError, labelPairs, logLevels, noLabels, type Labels, type LogRecord, type UnixMs } from '#core/model/index.ts';
import { continues, isCrash, isStackHead } from './continued.ts';
import { beginsAsJson, JsonLines } from './json.ts';
import { JsonRecords } from './json-records.ts';
import { JournalReader } from './journal.ts';
import { LogfmtLines } from './logfmt.ts';
import { levelOfText } from './level.ts';
import { LogBatch } from './log-batch.ts';
import { readOtlpLogsJson } from './otlp-logs.ts';
import { Reading, type LineFormat } from './reading.ts';
import { LogReport, type LogFileReport } from './report.ts';
import { StreamLabels } from './stream-labels.ts';
import { TableLines } from './table.ts';
import { access, composeHead, cri, dated, kernel, klog, syslogNew, syslogOld } from './text-formats.ts';
import { TimeReader } from './time.ts';
import { zoneOffset } from './zone.ts';

export interface LogSource {
  /** Labels of every record of the file, such as its name. What the format tells (host, service, stream) is added. */
  readonly labels: Labels;
  /** When the file was last written: the year of dates that have none, and the time of lines that have none. */
  readonly nowMs: UnixMs;
  /** Zone of times that name none: IANA name, `UTC`, or an offset such as `+02:00`. UTC when absent. */
  readonly zone?: string;
  /** Added to every time: how far the source's clock was behind. */
  readonly offsetMs?: number;
}

/** A longer line is cut (reliability: default limits). */
const lineBytesMax = 256 << 10;
/** Lines and bytes that are joined to one record. */
const joinedLinesMax = 1000;
const joinedCharsMax = 256 << 10;
/** Records before the first time of a file wait for it. */
const waitingMax = 1000;
const lineFeed = 0x0a;
/** What tells journald's format from lines. */
const headBytes = 32;
const nsPerSecond = 1e9;
const noBytes: Pick<Open, 'bytes' | 'from' | 'to'> = { bytes: undefined, from: 0, to: 0 };
const replacement = Buffer.from('\ufffd');

/** What a record is while further lines may join it. */
interface Open {
  seconds: number;
  nanos: number;
  line: string;
  /** The ASCII line is these bytes, as long as nothing was joined to it; `line` may be empty until somebody asks for it. */
  bytes: Buffer | undefined;
  from: number;
  to: number;
  lines: number;
  level: LogRecord['level'];
  labels: Labels;
  /** The next line of the stream is the rest of this one. */
  isPartial: boolean;
  format: string;
  /** Nothing in the line was understood. */
  isOrphan: boolean;
}

/**
 * Reads a log file of any known format, bytes in and records out. The format is found line by line, so one file may mix several; lines that
 * belong together become one record. Every line that was not understood is kept with the time before it, and told in the report.
 */
export class LogLines {
  readonly #source: LogSource;
  readonly #time: TimeReader;
  readonly #json = new JsonLines();
  readonly #records: JsonRecords;
  readonly #logfmt = new LogfmtLines();
  readonly #table = new TableLines();
  readonly #formats: { readonly name: string; readonly read: LineFormat }[];
  readonly #reading = new Reading();
  readonly #report = new LogReport();
  readonly #labels: StreamLabels;
  readonly #offsetNs: number;
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #journal: JournalReader | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  #skipping = false;
  #open: Open | undefined;
  #lastSeconds = Number.NaN;
  #lastNanos = 0;
  readonly #out = new LogBatch();
  /** Where the chunk lies in #out; below 0 until a line of it is taken as bytes. */
  #base = -1;
  /** Records before the first time. */
  #waiting: Open[] = [];
  #dated = false;
  #blanks = 0;
  /** The line that is being read, when its text is ASCII and so the same as its bytes. */
  #rawText = '';
  #raw = noBytes;

  /** Throws EngineError `invalid` for an unknown zone. */
  constructor(source: LogSource) {
    this.#source = source;
    this.#labels = new StreamLabels(source.labels);
    this.#time = new TimeReader({ zone: zoneOffset(source.zone ?? 'UTC'), nowSeconds: Math.floor(source.nowMs / 1000) });
    this.#records = new JsonRecords(this.#time);
    this.#offsetNs = Math.round((source.offsetMs ?? 0) * 1e6);
    const json: LineFormat = (line, into, time) => this.#json.read(line, into, time);
    const logfmt: LineFormat = (line, into, time) => this.#logfmt.read(line, into, time);
    const table: LineFormat = (line, into, time) => this.#table.read(line, into, time);
    this.#formats = Object.entries({ json, cri, klog, syslogNew, access, logfmt, syslogOld, table, kernel, dated }).map(([name, read]) => ({
      name,
      read,
    }));
  }

  /** Takes the next bytes of the file; the records that are whole now, until the next call. */
  push(bytes: Uint8Array): LogBatch {
    this.#out.clear();
    this.#take(this.#decoded(bytes, false), false);
    return this.#out;
  }

  /** The records that are left when the file has ended. */
  end(): LogBatch {
    this.#out.clear();
    this.#take(this.#decoded(new Uint8Array(0), true), true);
    if (this.#journal !== undefined) this.#addAll(this.#journal.push(new Uint8Array(0), true));
    if (this.#rest.length > 0 && !this.#skipping) this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
    this.#base = -1;
    this.#close();
    this.#release();
    return this.#out;
  }

  report(): LogFileReport {
    if (this.#journal !== undefined) this.#report.ofJournal(this.#journal.entries, this.#journal.bad);
    return this.#report.done();
  }

  #addAll(records: readonly LogRecord[]): void {
    for (const record of records) this.#out.addRecord(record);
  }

  /** UTF-8 of what may be UTF-16 with a byte order mark. */
  #decoded(bytes: Uint8Array, atEnd: boolean): Buffer {
    if (!this.#begun && bytes.length >= 2) {
      const mark = bytes[0]! * 256 + bytes[1]!;
      if (mark === 0xfffe || mark === 0xfeff) this.#decoder = new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be');
    }
    if (this.#decoder !== undefined) return Buffer.from(this.#decoder.decode(bytes, { stream: !atEnd }));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(bytes: Buffer, atEnd: boolean): void {
    let chunk = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    if (!this.#begun) {
      if (chunk.length < headBytes && !atEnd) {
        this.#rest = Buffer.from(chunk);
        return;
      }
      this.#begun = true;
      if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) chunk = chunk.subarray(3);
      const head = chunk.toString('latin1', 0, headBytes);
      if (/^__(?:CURSOR|REALTIME_TIMESTAMP)=/.test(head)) this.#journal = new JournalReader([...labelPairs(this.#source.labels)]);
    }
    if (this.#journal !== undefined) {
      this.#rest = Buffer.alloc(0);
      this.#addAll(this.#journal.push(chunk, false));
      return;
    }
    let at = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, at)) {
      if (this.#skipping) this.#skipping = false;
      else this.#line(chunk, at, end);
      at = end + 1;
    }
    this.#keepRest(chunk, at);
    // The bytes of the chunk are nobody's from here on.
    if (this.#open !== undefined) textOf(this.#open);
    this.#base = -1;
  }

  /** What is left of a chunk, unless it is longer than any line: then it is cut, and the rest of the line passed over. */
  #keepRest(chunk: Buffer, at: number): void {
    if (this.#skipping) {
      this.#rest = Buffer.alloc(0);
    } else if (chunk.length - at > lineBytesMax) {
      this.#line(chunk, at, chunk.length);
      this.#skipping = true;
      this.#rest = Buffer.alloc(0);
    } else this.#rest = Buffer.from(chunk.subarray(at));
  }

  #line(bytes: Buffer, from: number, end: number): void {
    this.#report.lines++;
    let to = end > from && bytes[end - 1] === 0x0d ? end - 1 : end;
    if (to - from > lineBytesMax) {
      to = from + lineBytesMax;
      this.#report.fault(`longer than ${lineBytesMax} bytes; the rest of the line was cut`, false);
    }
    if (this.#records.read(bytes, from, to)) return this.#taken(bytes, from, to);
    const text = bytes.toString('utf8', from, to);
    const isReplaced = text.includes('\ufffd');
    if (isReplaced && !bytes.subarray(from, to).includes(replacement)) this.#report.noteBadUtf8();
    const isAscii = !isReplaced && text.length === to - from;
    this.#rawText = isAscii ? text : '';
    this.#raw = isAscii ? { bytes, from, to } : noBytes;
    if (text === '' || (to - from < 64 && text.trim() === '')) {
      this.#report.blank++;
      this.#blanks++;
      return;
    }
    this.#text(text);
    this.#blanks = 0;
  }

  /** A line that was read as bytes. */
  #taken(bytes: Buffer, from: number, to: number): void {
    this.#report.understood('JSON');
    this.#close();
    const { seconds, nanos, level, stream } = this.#records;
    const labels = this.#labels.ofList(stream);
    this.#open = { seconds, nanos, line: '', bytes, from, to, lines: 1, level, labels, isPartial: false, format: 'JSON', isOrphan: false };
    this.#lastSeconds = seconds;
    this.#lastNanos = nanos;
    if (!this.#dated) this.#begin();
    this.#blanks = 0;
  }

  #text(text: string): void {
    if (text.charCodeAt(0) === 0x23 && this.#table.header(text)) {
      this.#report.understood('header');
      return;
    }
    if (text.startsWith('{"resourceLogs"')) return this.#batch(text);
    const reading = this.#reading;
    const head = text.charCodeAt(0) === 0x7b ? undefined : composeHead(text);
    const service = head === undefined ? noLabels : ['service_name', head.service];
    if (!this.#read(head === undefined ? text : text.slice(head.length))) return this.#undated(text, service);
    this.#understood(reading.stream.length === 0 ? service : reading.stream);
  }

  /** A line that is a whole batch in OTLP's JSON form, as collectors write them to files. */
  #batch(text: string): void {
    this.#close();
    try {
      const nowNs = BigInt(Math.floor(this.#source.nowMs)) * 1_000_000n;
      const { records, faultCount, firstFault } = readOtlpLogsJson(Buffer.from(text), nowNs);
      if (faultCount > 0) this.#report.fault(`${faultCount} records of the batch cannot be read; the first: ${firstFault}`, false);
      this.#report.understood('OTLP JSON');
      for (const record of records) {
        this.#out.addRecord({ ...record, labels: this.#labels.beside(record.labels), timeNs: record.timeNs + BigInt(this.#offsetNs) });
        this.#report.records++;
      }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#report.fault(error.message, true);
    }
  }

  /** Tries the format of the line before first. */
  #read(text: string): boolean {
    const formats = this.#formats;
    for (let i = 0; i < formats.length; i++) {
      const format = formats[i]!;
      this.#reading.begin(text);
      if (!format.read(text, this.#reading, this.#time)) continue;
      // A line of text that only holds a date somewhere must not keep stricter formats from being tried first.
      if (i > 0 && format.name !== 'dated' && format.name !== 'table') {
        formats.splice(i, 1);
        formats.unshift(format);
      }
      return true;
    }
    return false;
  }

  #understood(stream: readonly string[]): void {
    const reading = this.#reading;
    if (reading.format === 'text' && beginsAsJson(reading.line)) this.#report.fault('the JSON object is cut short or malformed; kept as text', true);
    else this.#report.understood(reading.format);
    const wrapped = reading.line;
    const open = this.#open;
    const isWrapper = reading.format === 'CRI' || reading.format.startsWith('Docker');
    const labels = this.#labels.of(stream);
    if (
      isWrapper &&
      open !== undefined &&
      open.labels === labels &&
      (open.isPartial || (continues(wrapped, textOf(open)) && this.#mayJoin(open, wrapped)))
    ) {
      open.line += open.isPartial ? wrapped : `\n${wrapped}`;
      open.lines += open.isPartial ? 0 : 1;
      open.isPartial = reading.isPartial;
      return;
    }
    this.#close();
    const level = reading.level === 'unknown' && isWrapper ? this.#levelInside(wrapped) : reading.level;
    this.#open = {
      seconds: reading.hasTime ? reading.seconds : this.#lastSeconds,
      nanos: reading.hasTime ? reading.nanos : this.#lastNanos,
      line: wrapped,
      bytes: wrapped === this.#rawText ? this.#raw.bytes : undefined,
      from: this.#raw.from,
      to: this.#raw.to,
      lines: 1,
      level,
      labels,
      isPartial: reading.isPartial,
      format: reading.format,
      isOrphan: false,
    };
    if (reading.hasTime) this.#noteTime(reading.seconds, reading.nanos);
    else this.#report.timeless++;
  }

  /** The level of a line inside a container's wrapper. */
  #levelInside(line: string): LogRecord['level'] {
    const { format, seconds, nanos, hasTime, stream, isPartial } = this.#reading;
    const inner = new Reading();
    inner.begin(line);
    const read = this.#formats.some(({ read: one, name }) => name !== 'cri' && one(line, inner, this.#time)) ? inner.level : levelOfText(line);
    Object.assign(this.#reading, { format, seconds, nanos, hasTime, stream, isPartial });
    return read;
  }

  /** A line without a time: part of the record before, or one of its own that was not understood. */
  #undated(text: string, stream: readonly string[]): void {
    const open = this.#open;
    if (open !== undefined && !(isCrash(text) && !open.isOrphan) && this.#mayJoin(open, text) && this.#belongs(open, text)) {
      open.line += `${'\n'.repeat(this.#blanks + 1)}${text}`;
      open.lines += this.#blanks + 1;
      if (open.level === 'unknown') open.level = levelOfText(text);
      this.#report.joined++;
      return;
    }
    this.#close();
    this.#report.fault(beginsAsJson(text) ? 'no whole JSON object, and no time' : 'no time was found in the line', true);
    this.#open = {
      seconds: this.#lastSeconds,
      nanos: this.#lastNanos,
      line: text,
      ...noBytes,
      lines: 1,
      level: isStackHead(text) ? 'error' : levelOfText(text),
      labels: this.#labels.of(stream),
      isPartial: false,
      format: '',
      isOrphan: true,
    };
  }

  #mayJoin(open: Open, text: string): boolean {
    return open.lines < joinedLinesMax && textOf(open).length + text.length <= joinedCharsMax;
  }

  /** Formats that begin every record with a time own what follows without one; of others only what is a stack trace or indented. */
  #belongs(open: Open, text: string): boolean {
    if (continues(text, textOf(open)) || (open.isOrphan && isStackHead(open.line) && !beginsAsJson(text))) return true;
    return !open.isOrphan && (open.format === 'text' || open.format.startsWith('syslog') || open.format === 'klog') && !beginsAsJson(text);
  }

  #noteTime(seconds: number, nanos: number): void {
    this.#lastSeconds = seconds;
    this.#lastNanos = nanos;
    if (this.#time.isPartial) this.#report.partialTimes++;
    if (!this.#dated) this.#begin();
  }

  /** A first time has been seen. */
  #begin(): void {
    this.#dated = true;
    this.#release();
  }

  /** Gives the records that waited for a time the first one, or the file's own. */
  #release(): void {
    const seconds = this.#dated ? this.#lastSeconds : this.#source.nowMs / 1000;
    for (const record of this.#waiting) this.#emit({ ...record, seconds: Math.floor(seconds), nanos: this.#dated ? this.#lastNanos : 0 });
    this.#waiting = [];
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    if (open.seconds === open.seconds) return this.#emit(open);
    this.#waiting.push(open);
    if (this.#waiting.length < waitingMax) return;
    this.#lastSeconds = Math.floor(this.#source.nowMs / 1000);
    this.#dated = true;
    this.#release();
  }

  #emit({ seconds, nanos, labels, line, level, bytes, from, to }: Open): void {
    const out = this.#out;
    let start: number;
    let end: number;
    if (bytes === undefined) {
      start = out.putText(line);
      end = out.size;
    } else {
      if (this.#base < 0) this.#base = out.put(bytes);
      start = this.#base + from;
      end = this.#base + to;
    }
    const ns = nanos + this.#offsetNs;
    const carried = ns >= 0 && ns < nsPerSecond ? 0 : Math.floor(ns / nsPerSecond);
    out.add(start, end, seconds + carried, ns - carried * nsPerSecond, logLevels.indexOf(level), labels);
    this.#report.records++;
  }
}

/** The text of an open record, made of its bytes when it is asked for first. */
function textOf(open: Open): string {
  if (open.bytes !== undefined) {
    if (open.line === '') open.line = open.bytes.toString('latin1', open.from, open.to);
    open.bytes = undefined;
  }
  return open.line;
}

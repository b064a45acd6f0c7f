import { EngineError, labelPairs, labelsFrom, noLabels, type Labels, type LogRecord, type UnixMs } from '#core/model/index.ts';
import { continues, isStackHead } from './continued.ts';
import { beginsAsJson, JsonLines } from './json.ts';
import { JournalReader } from './journal.ts';
import { levelOfText } from './level.ts';
import { readOtlpLogsJson } from './otlp-logs.ts';
import { Reading, type LineFormat } from './reading.ts';
import { LogReport, type LogFileReport } from './report.ts';
import { TableLines } from './table.ts';
import { access, composeHead, cri, dated, klog, logfmt, syslogNew, syslogOld } from './text-formats.ts';
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
/** Different sets of labels that a file's format may make; lines of further ones get the file's own labels only. */
const streamsMax = 1000;
/** Records before the first time of a file wait for it. */
const waitingMax = 1000;
const lineFeed = 0x0a;
/** What tells journald's format from lines. */
const headBytes = 32;

/** What a record is while further lines may join it. */
interface Open {
  seconds: number;
  nanos: number;
  line: string;
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
  readonly #table = new TableLines();
  readonly #formats: { readonly name: string; readonly read: LineFormat }[];
  readonly #reading = new Reading();
  readonly #report = new LogReport();
  readonly #labels = new Map<string, Labels>();
  readonly #offsetNs: bigint;
  /** The second that was emitted last, and its ns with the offset: most lines are of the same as the one before. */
  #emittedSeconds = Number.NaN;
  #emittedNs = 0n;
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  #journal: JournalReader | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;
  #skipping = false;
  #open: Open | undefined;
  #lastSeconds = Number.NaN;
  #lastNanos = 0;
  #out: LogRecord[] = [];
  /** Records before the first time. */
  #waiting: Open[] = [];
  #dated = false;
  #blanks = 0;

  /** Throws EngineError `invalid` for an unknown zone. */
  constructor(source: LogSource) {
    this.#source = source;
    this.#time = new TimeReader({ zone: zoneOffset(source.zone ?? 'UTC'), nowSeconds: Math.floor(source.nowMs / 1000) });
    this.#offsetNs = BigInt(Math.round((source.offsetMs ?? 0) * 1e6));
    const json: LineFormat = (line, into, time) => this.#json.read(line, into, time);
    const table: LineFormat = (line, into, time) => this.#table.read(line, into, time);
    this.#formats = Object.entries({ json, cri, klog, syslogNew, access, logfmt, syslogOld, table, dated }).map(([name, read]) => ({ name, read }));
  }

  /** Takes the next bytes of the file; the records that are whole now. */
  push(bytes: Uint8Array): LogRecord[] {
    this.#take(this.#decoded(bytes, false), false);
    return this.#taken();
  }

  /** The records that are left when the file has ended. */
  end(): LogRecord[] {
    this.#take(this.#decoded(new Uint8Array(0), true), true);
    if (this.#journal !== undefined) this.#out.push(...this.#journal.push(new Uint8Array(0), true));
    if (this.#rest.length > 0 && !this.#skipping) this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
    this.#close();
    this.#release();
    return this.#taken();
  }

  report(): LogFileReport {
    if (this.#journal !== undefined) this.#report.ofJournal(this.#journal.entries, this.#journal.bad);
    return this.#report.done();
  }

  #taken(): LogRecord[] {
    const out = this.#out;
    this.#out = [];
    return out;
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
      this.#out.push(...this.#journal.push(chunk, false));
      return;
    }
    let at = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, at)) {
      if (this.#skipping) this.#skipping = false;
      else this.#line(chunk, at, end);
      at = end + 1;
    }
    this.#keepRest(chunk, at);
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
    const text = bytes.toString('utf8', from, to);
    if (text.includes('\ufffd') && text.length !== to - from) this.#report.noteBadUtf8();
    if (text === '' || (to - from < 64 && text.trim() === '')) {
      this.#report.blank++;
      this.#blanks++;
      return;
    }
    this.#text(text);
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
        const labels = labelsFrom([...labelPairs(record.labels), ...labelPairs(this.#source.labels)]);
        this.#out.push({ ...record, labels: this.#shared(labels), timeNs: record.timeNs + this.#offsetNs });
        this.#report.records++;
      }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#report.fault(error.message, true);
    }
  }

  /** The same object for equal labels. */
  #shared(labels: Labels): Labels {
    const key = `\0${labels.join('\ud800')}`;
    const known = this.#labels.get(key) ?? labels;
    if (this.#labels.size < streamsMax) this.#labels.set(key, known);
    return known;
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
    const labels = this.#labelsOf(stream);
    if (
      isWrapper &&
      open !== undefined &&
      open.labels === labels &&
      (open.isPartial || (continues(wrapped, open.line) && this.#mayJoin(open, wrapped)))
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
    if (open !== undefined && this.#mayJoin(open, text) && this.#belongs(open, text)) {
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
      lines: 1,
      level: isStackHead(text) ? 'error' : levelOfText(text),
      labels: this.#labelsOf(stream),
      isPartial: false,
      format: '',
      isOrphan: true,
    };
  }

  #mayJoin(open: Open, text: string): boolean {
    return open.lines < joinedLinesMax && open.line.length + text.length <= joinedCharsMax;
  }

  /** Formats that begin every record with a time own what follows without one; of others only what is a stack trace or indented. */
  #belongs(open: Open, text: string): boolean {
    if (continues(text, open.line) || (open.isOrphan && isStackHead(open.line) && !beginsAsJson(text))) return true;
    return !open.isOrphan && (open.format === 'text' || open.format.startsWith('syslog') || open.format === 'klog') && !beginsAsJson(text);
  }

  #noteTime(seconds: number, nanos: number): void {
    this.#lastSeconds = seconds;
    this.#lastNanos = nanos;
    if (this.#time.isPartial) this.#report.partialTimes++;
    if (this.#dated) return;
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

  #emit({ seconds, nanos, labels, line, level }: Open): void {
    if (seconds !== this.#emittedSeconds) {
      this.#emittedSeconds = seconds;
      this.#emittedNs = BigInt(seconds) * 1_000_000_000n + this.#offsetNs;
    }
    this.#out.push({ timeNs: this.#emittedNs + BigInt(nanos), labels, line, level, fields: noLabels });
    this.#report.records++;
  }

  #labelsOf(stream: readonly string[]): Labels {
    const key = stream.length === 0 ? '' : stream.length === 2 ? `${stream[0]}\ud800${stream[1]}` : stream.join('\ud800');
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    if (this.#labels.size >= streamsMax && key !== '') return this.#labelsOf(noLabels);
    const labels = labelsFrom([...labelPairs(stream), ...labelPairs(this.#source.labels)]);
    this.#labels.set(key, labels);
    return labels;
  }
}

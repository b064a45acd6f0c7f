import { logLevels, type Labels, type LogRecord } from '#core/model/index.ts';

/** Parts the line from what was sent beside it, and the names and values of that from each other. */
const fieldsMark = '\u001e';
const fieldMark = '\u001f';
const nsPerSecond = 1_000_000_000n;

/** The columns of a batch, without what its label sets say: what is needed to pack it, and moves to another thread without a copy. */
export interface LogColumns {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly starts: Uint32Array;
  readonly lineEnds: Uint32Array;
  readonly ends: Uint32Array;
  readonly seconds: Float64Array;
  readonly nanos: Uint32Array;
  readonly levels: Uint8Array;
  readonly streams: Uint32Array;
}

/**
 * Log records as columns. Their texts lie in one run of bytes, so that an import makes no object and no text a line. The text of a record is
 * its line in UTF-8; when fields were sent beside it, U+001E and the names and values parted by U+001F follow.
 */
export class LogBatch implements LogColumns {
  /** The first `size` hold texts; what lies between the records' texts is nobody's. */
  bytes: Buffer;
  size = 0;
  count = 0;
  /** Of each record: where its text begins, where its line ends, and where its text ends in `bytes`. */
  starts: Uint32Array;
  lineEnds: Uint32Array;
  ends: Uint32Array;
  /** Unix seconds, and nanoseconds beyond them. */
  seconds: Float64Array;
  nanos: Uint32Array;
  /** Places in logLevels. */
  levels: Uint8Array;
  /** Places in `labelSets`. */
  streams: Uint32Array;
  labelSets: Labels[] = [];
  #places = new Map<Labels, number>();
  #last: Labels | undefined;
  #lastPlace = 0;

  constructor(bytesHint = 64 << 10, recordsHint = 1024) {
    this.bytes = Buffer.allocUnsafe(bytesHint);
    this.starts = new Uint32Array(recordsHint);
    this.lineEnds = new Uint32Array(recordsHint);
    this.ends = new Uint32Array(recordsHint);
    this.seconds = new Float64Array(recordsHint);
    this.nanos = new Uint32Array(recordsHint);
    this.levels = new Uint8Array(recordsHint);
    this.streams = new Uint32Array(recordsHint);
  }

  /** An empty batch in the memory of columns that nobody else uses any more. */
  static within(columns: LogColumns): LogBatch {
    const { bytes, starts, lineEnds, ends, seconds, nanos, levels, streams } = columns;
    const batch = new LogBatch(0, 0);
    batch.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Object.assign(batch, { starts, lineEnds, ends, seconds, nanos, levels, streams });
  }

  /** Its columns by themselves. */
  columns(): LogColumns {
    const { bytes, count, starts, lineEnds, ends, seconds, nanos, levels, streams } = this;
    return { bytes, count, starts, lineEnds, ends, seconds, nanos, levels, streams };
  }

  /** Empties it; its memory is used again. */
  clear(): void {
    this.size = 0;
    this.count = 0;
    this.labelSets = [];
    this.#places = new Map();
    this.#last = undefined;
  }

  /** Appends bytes that records may name; where they begin. */
  put(bytes: Uint8Array): number {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
    return this.size - bytes.length;
  }

  /** Appends a text; where it begins. */
  putText(text: string): number {
    const from = this.size;
    this.#reserve(text.length * 3);
    this.size += this.bytes.write(text, from, 'utf8');
    return from;
  }

  /** A record whose line lies in `bytes` already, nothing beside it. `level` is a place in logLevels. */
  add(from: number, to: number, seconds: number, nanos: number, level: number, labels: Labels): void {
    if (this.count === this.starts.length) this.#grow();
    const row = this.count++;
    this.starts[row] = from;
    this.lineEnds[row] = to;
    this.ends[row] = to;
    this.seconds[row] = seconds;
    this.nanos[row] = nanos;
    this.levels[row] = level;
    this.streams[row] = this.#placeOf(labels);
  }

  addRecord({ timeNs, labels, line, level, fields }: LogRecord): void {
    const from = this.putText(line);
    const to = this.size;
    this.putText(fields.length === 0 ? '' : fieldsMark + fields.join(fieldMark));
    const seconds = timeNs / nsPerSecond;
    this.add(from, to, Number(seconds), Number(timeNs - seconds * nsPerSecond), logLevels.indexOf(level), labels);
    this.ends[this.count - 1] = this.size;
  }

  /** Copies the records of another from `from` to `to`. */
  addFrom(other: LogBatch, from: number, to: number): void {
    let [low, high] = [Number.POSITIVE_INFINITY, 0];
    for (let i = from; i < to; i++) {
      if (other.starts[i]! < low) low = other.starts[i]!;
      if (other.ends[i]! > high) high = other.ends[i]!;
    }
    if (to <= from) return;
    const shift = this.put(other.bytes.subarray(low, high)) - low;
    for (let i = from; i < to; i++) {
      const { starts, lineEnds, ends, seconds, nanos, levels, streams, labelSets } = other;
      this.add(starts[i]! + shift, lineEnds[i]! + shift, seconds[i]!, nanos[i]!, levels[i]!, labelSets[streams[i]!]!);
      this.ends[this.count - 1] = ends[i]! + shift;
    }
  }

  labelsOf(row: number): Labels {
    return this.labelSets[this.streams[row]!]!;
  }

  timeNs(row: number): bigint {
    return BigInt(this.seconds[row]!) * nsPerSecond + BigInt(this.nanos[row]!);
  }

  record(row: number): LogRecord {
    const [start, lineEnd, end] = [this.starts[row]!, this.lineEnds[row]!, this.ends[row]!];
    const fields = end > lineEnd ? this.bytes.toString('utf8', lineEnd + 1, end).split(fieldMark) : [];
    const line = this.bytes.toString('utf8', start, lineEnd);
    return { timeNs: this.timeNs(row), labels: this.labelsOf(row), line, level: logLevels[this.levels[row]!]!, fields };
  }

  records(): LogRecord[] {
    return Array.from({ length: this.count }, (_, row) => this.record(row));
  }

  #placeOf(labels: Labels): number {
    if (labels === this.#last) return this.#lastPlace;
    let place = this.#places.get(labels);
    if (place === undefined) {
      place = this.labelSets.length;
      this.labelSets.push(labels);
      this.#places.set(labels, place);
    }
    this.#last = labels;
    this.#lastPlace = place;
    return place;
  }

  #reserve(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.size + more, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.size));
    this.bytes = grown;
  }

  #grow(): void {
    this.starts = grown(this.starts, Uint32Array);
    this.lineEnds = grown(this.lineEnds, Uint32Array);
    this.ends = grown(this.ends, Uint32Array);
    this.seconds = grown(this.seconds, Float64Array);
    this.nanos = grown(this.nanos, Uint32Array);
    this.levels = grown(this.levels, Uint8Array);
    this.streams = grown(this.streams, Uint32Array);
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(old: T, make: new (length: number) => T): T {
  const next = new make(old.length * 2);
  next.set(old);
  return next;
}

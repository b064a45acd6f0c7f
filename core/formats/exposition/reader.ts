import type { Exemplar, Histogram, Labels, MetricMetadata, MetricType } from '#core/model/index.ts';
import { normaliseBound } from './bound.ts';
import { byte, emptyNames, HeadReader, NumberReader, sortedPairs, TailReader, type ExpositionFormat } from './line.ts';
import { MetadataBook, readComment } from './metadata.ts';
import { LineCache } from '../line-cache.ts';

/**
 * Prometheus text 0.0.4 and OpenMetrics 1.0, read page after page from the same target.
 *
 * A page is nearly the last page with other numbers, so the bytes before a line's value (its head) are first compared
 * with the head that followed the same line last time, then looked up by hash; only heads never seen are parsed. Each
 * head has a slot, a small number that stays the same for as long as the head keeps coming.
 *
 * A line that cannot be read is counted and skipped; the good ones are kept.
 */
export interface ExpositionPage {
  /** Lines that could not be read. */
  readonly badLineCount: number;
  /** `line 3: reason` of the first bad line; empty when there is none. */
  readonly firstBadLine: string;
  /** False: an OpenMetrics page without its `# EOF`, cut short. Text 0.0.4 cannot tell. */
  readonly complete: boolean;
  /** The page holds more samples than asked for; reading stopped there. */
  readonly overLimit: boolean;
  readonly exemplars: readonly PageExemplar[];
  /** Native histograms, which stand in no row. */
  readonly histograms: readonly PageHistogram[];
  /** Metrics whose metadata is new or changed since the page before. */
  readonly metadata: readonly (readonly [metric: string, metadata: MetricMetadata])[];
}

export interface PageExemplar {
  /** Row of the columns that it belongs to. */
  readonly row: number;
  /** `timeMs` is NaN when the page gave none. */
  readonly exemplar: Exemplar;
}

export interface PageHistogram {
  readonly slot: number;
  /** NaN when the page gave no time. */
  readonly timeMs: number;
  readonly histogram: Histogram;
  readonly exemplars: readonly Exemplar[];
}

/** Reads pages of one format from one target. */
export interface PageReader {
  readonly format: PageFormat;
  /** Slots given out so far: every slot is below this. */
  readonly slotCount: number;
  /** Reads a page into the columns, which it empties first. Reading stops behind `samplesMax` samples. */
  read(body: Uint8Array, into: ExpositionColumns, samplesMax?: number): ExpositionPage;
  /** The label set of a slot, with `__name__`. */
  labels(slot: number): Labels;
  /** Names of a slot's labels that the page gives no value: not in its label set, but they can keep a target's own away. */
  emptied(slot: number): readonly string[];
  /** Forgets all but the slots wanted. The answer holds the new slot of each old one, -1 for those forgotten. */
  compact(keep: (slot: number) => boolean): Int32Array;
}

export type PageFormat = ExpositionFormat | 'protobuf';

/** The samples of a page, a row each, in the page's order. One object serves any number of readers, one page at a time. */
export class ExpositionColumns {
  rowCount = 0;
  slots = new Int32Array(1024);
  values = new Float64Array(1024);
  /** NaN where the line gave no time. */
  timesMs = new Float64Array(1024);

  push(slot: number, value: number, timeMs: number): void {
    const row = this.rowCount++;
    if (row === this.slots.length) this.#widen();
    this.slots[row] = slot;
    this.values[row] = value;
    this.timesMs[row] = timeMs;
  }

  #widen(): void {
    const [slots, values, timesMs] = [this.slots, this.values, this.timesMs];
    this.slots = new Int32Array(slots.length * 2);
    this.values = new Float64Array(slots.length * 2);
    this.timesMs = new Float64Array(slots.length * 2);
    this.slots.set(slots);
    this.values.set(values);
    this.timesMs.set(timesMs);
  }
}

/** Kinds of entries: lines of samples, by the type that the last `# TYPE` above them gave, then comments, by the type that they give. */
const kinds = { sample: 0, bucket: 1, quantile: 2, comment: 3, typeOther: 4, typeHistogram: 5, typeSummary: 6 } as const;
const firstComment = kinds.comment;
/** A head or comment this long is beyond every limit of intake. */
const lineBytesMax = 1 << 16;

interface Notes {
  badLineCount: number;
  firstBadLine: string;
  eof: boolean;
  exemplars: PageExemplar[];
}

export class ExpositionReader implements PageReader {
  readonly format: ExpositionFormat;
  readonly #numbers = new NumberReader();
  readonly #heads: HeadReader;
  readonly #tails: TailReader;
  readonly #metadata = new MetadataBook();
  #cache = new LineCache();
  /** The kind of the lines of samples that follow the last `# TYPE`. */
  #sampleKind: number = kinds.sample;

  constructor(format: ExpositionFormat) {
    this.format = format;
    this.#heads = new HeadReader(format);
    this.#tails = new TailReader(format);
  }

  get slotCount(): number {
    return this.#cache.slotCount;
  }

  read(body: Uint8Array, into: ExpositionColumns, samplesMax = Number.POSITIVE_INFINITY): ExpositionPage {
    const notes: Notes = { badLineCount: 0, firstBadLine: '', eof: false, exemplars: [] };
    const cache = this.#cache;
    const numbers = this.#numbers;
    into.rowCount = 0;
    this.#sampleKind = kinds.sample;
    cache.look(body);
    let slot = -1;
    let at = 0;
    for (let line = 1; at < body.length && into.rowCount <= samplesMax; line++) {
      const expected = cache.after(slot);
      const headEnd = expected < 0 ? -1 : cache.matchAt(expected, at);
      if (headEnd >= 0 && body[headEnd] === byte.space && cache.kind(expected) < firstComment) {
        const value = numbers.read(body, headEnd + 1);
        const end = numbers.end;
        if (end >= 0 && body[end] === byte.newline) {
          into.push(expected, value, Number.NaN);
          slot = expected;
          at = end + 1;
          continue;
        }
      } else if (headEnd >= 0 && body[headEnd] === byte.newline && cache.kind(expected) >= firstComment) {
        slot = expected;
        this.#under(cache.kind(slot));
        at = headEnd + 1;
        continue;
      }
      const found = body.indexOf(byte.newline, at);
      const to = found < 0 ? body.length : found;
      const next = this.#readLine(body, at, to, line, into, notes);
      if (next >= 0) {
        cache.setAfter(slot, next);
        slot = next;
      }
      at = to + 1;
    }
    cache.lookAway();
    const { badLineCount, firstBadLine, exemplars } = notes;
    const overLimit = into.rowCount > samplesMax;
    const complete = this.format === 'text' || notes.eof;
    return { badLineCount, firstBadLine, complete, overLimit, exemplars, histograms: [], metadata: this.#metadata.takeChanged() };
  }

  /**
   * Parsed anew, although `read` did it once: where labels of a page were kept until they are asked for, the runtime took all labels for
   * long-lived, and a first page left 40 MB to the next full collection.
   */
  labels(slot: number): Labels {
    const head = this.#cache.bytesOf(slot);
    this.#heads.read(head, 0, head.length);
    const { pairs } = this.#heads;
    const kind = this.#cache.kind(slot);
    if (kind === kinds.bucket) normaliseBound(pairs, 'le');
    else if (kind === kinds.quantile) normaliseBound(pairs, 'quantile');
    return sortedPairs(pairs);
  }

  emptied(slot: number): readonly string[] {
    const head = this.#cache.bytesOf(slot);
    this.#heads.read(head, 0, head.length);
    return emptyNames(this.#heads.pairs);
  }

  /** Takes note of a comment that says a type. */
  #under(kind: number): void {
    if (kind > kinds.comment) this.#sampleKind = kind - kinds.typeOther;
  }

  compact(keep: (slot: number) => boolean): Int32Array {
    const { cache, newSlots } = this.#cache.compacted((slot) => this.#cache.kind(slot) < firstComment && keep(slot));
    this.#cache = cache;
    return newSlots;
  }

  /** Reads a line that is not the expected one. Answers its slot, or -1 when it has none. */
  #readLine(body: Uint8Array, from: number, to: number, line: number, into: ExpositionColumns, notes: Notes): number {
    const bad = (reason: string): number => {
      notes.badLineCount++;
      if (notes.firstBadLine === '') notes.firstBadLine = `line ${line}: ${reason}`;
      return -1;
    };
    if (notes.eof) return bad('text follows # EOF');
    const first = this.#firstByte(body, from, to);
    if (first === byte.hash) return this.#readCommentLine(body, from, to, notes, bad);
    if (first < 0) return this.format === 'text' ? -1 : bad('the line is blank');
    const headEnd = headEndGuess(body, from, to);
    const known = this.#cache.find(from, headEnd);
    const reason = known >= 0 ? '' : this.#heads.read(body, from, to);
    if (reason !== '') return bad(reason);
    const end = known >= 0 ? headEnd : this.#heads.end;
    if (end - from > lineBytesMax) return bad(`the name and labels are over ${lineBytesMax} bytes`);
    const valueFrom = this.#valueFrom(body, end, to);
    const value = valueFrom < 0 ? Number.NaN : this.#numbers.read(body, valueFrom);
    const valueEnd = this.#numbers.end;
    if (valueFrom < 0 || valueEnd < 0 || valueEnd > to) return bad('a value is expected after the name and labels');
    const tailReason = this.#tails.read(body, valueEnd, to);
    if (tailReason !== '') return bad(tailReason);
    const slot = known >= 0 ? known : this.#cache.add(from, end, this.#sampleKind);
    if (this.#tails.exemplar !== undefined) notes.exemplars.push({ row: into.rowCount, exemplar: this.#tails.exemplar });
    into.push(slot, value, this.#tails.timeMs);
    return slot;
  }

  #readCommentLine(body: Uint8Array, from: number, to: number, notes: Notes, bad: (reason: string) => number): number {
    if (to - from > lineBytesMax) return bad(`the comment is over ${lineBytesMax} bytes`);
    const comment = readComment(body, from, to, this.format);
    if (comment.kind === 'bad') return bad(comment.reason);
    if (comment.kind === 'eof') {
      notes.eof = true;
      return -1;
    }
    this.#metadata.note(comment);
    const kind = comment.kind === 'type' ? kindOfType(comment.type) : kinds.comment;
    this.#under(kind);
    const known = this.#cache.find(from, to);
    return known >= 0 ? known : this.#cache.add(from, to, kind);
  }

  /** The first byte of the line that is not blank (OpenMetrics: the first byte); -1 when there is none. */
  #firstByte(body: Uint8Array, from: number, to: number): number {
    const at = this.format === 'text' ? skipBlanks(body, from, to) : from;
    return at < to ? body[at]! : -1;
  }

  /** Where the value begins after a head that ends at `end`; -1 when it cannot. */
  #valueFrom(body: Uint8Array, end: number, to: number): number {
    if (this.format === 'openmetrics') return body[end] === byte.space && end + 1 < to ? end + 1 : -1;
    const at = skipBlanks(body, end, to);
    return at < to && (at > end || body[end - 1] === byte.close) ? at : -1;
  }
}

function kindOfType(type: MetricType): number {
  if (type === 'histogram') return kinds.typeHistogram;
  return type === 'summary' ? kinds.typeSummary : kinds.typeOther;
}

function skipBlanks(body: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (body[at] === byte.space || body[at] === byte.tab)) at++;
  return at;
}

/** Where a head probably ends: after the closing brace, or before the first blank. Good enough to look a known head up. */
function headEndGuess(body: Uint8Array, from: number, to: number): number {
  let at = skipBlanks(body, from, to);
  while (at < to && body[at] !== byte.open && body[at] !== byte.space && body[at] !== byte.tab) at++;
  const nameEnd = at;
  at = skipBlanks(body, at, to);
  if (at === to || body[at] !== byte.open) return nameEnd;
  let quoted = false;
  for (; at < to; at++) {
    const b = body[at];
    if (quoted && b === byte.backslash) at++;
    else if (b === byte.quote) quoted = !quoted;
    else if (b === byte.close && !quoted) return at + 1;
  }
  return to;
}

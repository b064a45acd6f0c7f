import type { LogColumns } from '#core/formats/index.ts';
import { logLevels, type LogLevel } from '#core/model/index.ts';
import { DamageError, wrapBlob } from '#core/blocks/index.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readColumn } from './column.ts';
import type { Column } from './column-form.ts';
import { ColumnWriter } from './column-writer.ts';
import { Cutter } from './cut.ts';
import { packNumbers, unpackNumbers } from './numbers.ts';
import { writeDigest, type Bounds } from './digest.ts';
import { WordIndexer } from './word-index.ts';

/** Kinds of lines in one block; lines of further kinds are kept whole, as the only variable of a template without text. */
const templatesMax = 4096;
/** Columns are compressed together until they are this large: smaller frames cost more calls, larger ones more to read a few lines. */
const segmentBytes = 512 << 10;
/** Apart the line and what was sent beside it, and the names and values of that: as in a batch. */
const fieldsMark = '\u001e';
const fieldMark = '\u001f';
const stepRecords = 1024;
const noTemplates: OpenTemplate[] = [];
const nsPerSecond = 1e9;
/** Offsets from the first record stay exact, and small enough for packNumbers. */
export const blockRangeNs = 2n ** 51n;

/** One kind of line: the texts around its variables, the level, and whether fields follow the line. */
export interface Template {
  readonly texts: readonly string[];
  readonly level: LogLevel;
  readonly hasFields: boolean;
  /** Records of this kind in the block. */
  readonly rows: number;
  readonly segment: number;
  /** Where its columns begin in the segment. */
  readonly offset: number;
}

export interface BlockMeta {
  readonly records: number;
  readonly rawBytes: number;
  readonly minNs: bigint;
  readonly maxNs: bigint;
  /** Records by level, in the order of logLevels. */
  readonly levels: readonly number[];
  /** Numbers of the streams, as `stream` of the rows counts them. */
  readonly streams: readonly number[];
}

export interface EncodedBlock {
  readonly meta: BlockMeta;
  readonly parts: readonly (readonly [name: string, bytes: Uint8Array])[];
}

/** A kind of line while its block is filled. Its texts are what stands around the variables of its first row. */
interface OpenTemplate {
  readonly number: number;
  /** A place in logLevels. */
  readonly level: number;
  readonly hasFields: boolean;
  readonly start: number;
  readonly end: number;
  /** Variables a row. */
  readonly perRow: number;
  /** Begin and end of each variable in turn, row after row. */
  bounds: Int32Array;
  readonly rows: number[];
}

/** Records of a batch in order of time, the texts of all within the first 2^31 bytes. */
export interface Run {
  readonly columns: LogColumns;
  /** Places of the records in the columns, in order of time. */
  readonly order: Uint32Array;
}

/** Encodes a run that lies within `blockRangeNs`, pausing between steps. `streams` are the numbers of the batch's label sets. */
export function* encodeBlock(run: Run, streams: readonly number[]): Generator<undefined, EncodedBlock> {
  const builder = new BlockBuilder(run, streams);
  for (let from = 0; from < run.order.length; from += stepRecords) {
    builder.add(Math.min(run.order.length, from + stepRecords));
    yield;
  }
  return yield* builder.finish();
}

class BlockBuilder {
  readonly #run: Run;
  readonly #baseNs: bigint;
  readonly #offsets: Float64Array;
  readonly #kinds: Float64Array;
  readonly #streamRows: Float64Array;
  /** Numbers of streams, by the label set's place in the batch. */
  readonly #streamIds: readonly number[];
  readonly #cutter = new Cutter();
  readonly #byHash = new Map<number, OpenTemplate[]>();
  /** Of lines that are kept whole, by level and fields. */
  readonly #whole = new Map<number, OpenTemplate>();
  readonly #templates: OpenTemplate[] = [];
  /** Places in the block's list by the stream's number, and by the label set's place in the batch. */
  readonly #streams = new Map<number, number>();
  readonly #places: Int32Array;
  readonly #levels = logLevels.map(() => 0);
  readonly #index = new WordIndexer();
  #count = 0;
  #rawBytes = 0;

  constructor(run: Run, streamIds: readonly number[]) {
    const { columns, order } = run;
    this.#run = run;
    this.#streamIds = streamIds;
    this.#baseNs = BigInt(columns.seconds[order[0]!]!) * BigInt(nsPerSecond) + BigInt(columns.nanos[order[0]!]!);
    this.#places = new Int32Array(streamIds.length).fill(-1);
    this.#offsets = new Float64Array(order.length);
    this.#kinds = new Float64Array(order.length);
    this.#streamRows = new Float64Array(order.length);
  }

  /** Takes the rows up to `end`. */
  add(end: number): void {
    const { columns, order } = this.#run;
    const { starts, lineEnds, ends, seconds, nanos, levels, streams } = columns;
    const [seconds0, nanos0] = [seconds[order[0]!]!, nanos[order[0]!]!];
    for (let row = this.#count; row < end; row++) {
      const i = order[row]!;
      const template = this.#templateOf(starts[i]!, ends[i]!, levels[i]!, ends[i]! > lineEnds[i]!);
      template.rows.push(row);
      this.#kinds[row] = template.number;
      this.#offsets[row] = (seconds[i]! - seconds0) * nsPerSecond + nanos[i]! - nanos0;
      const place = this.#places[streams[i]!]!;
      this.#streamRows[row] = place >= 0 ? place : this.#placeOf(streams[i]!);
      this.#levels[levels[i]!]!++;
      this.#rawBytes += lineEnds[i]! - starts[i]! + 1;
    }
    this.#count = end;
  }

  #placeOf(labelSet: number): number {
    const stream = this.#streamIds[labelSet]!;
    let place = this.#streams.get(stream);
    if (place === undefined) this.#streams.set(stream, (place = this.#streams.size));
    this.#places[labelSet] = place;
    return place;
  }

  /** The template of a text, its variables already taken. */
  #templateOf(start: number, end: number, level: number, hasFields: boolean): OpenTemplate {
    const cutter = this.#cutter;
    const { bytes } = this.#run.columns;
    if (!cutter.cut(bytes, start, end, level * 2 + (hasFields ? 1 : 0))) return this.#wholeOf(start, end, level, hasFields);
    const { count, bounds, hash } = cutter;
    const candidates = this.#byHash.get(hash) ?? noTemplates;
    let template: OpenTemplate | undefined;
    for (let i = 0; i < candidates.length && template === undefined; i++) {
      const one = candidates[i]!;
      if (one.level === level && one.hasFields === hasFields && one.perRow === count && fits(one, bytes, start, end, bounds)) template = one;
    }
    if (template === undefined) {
      if (this.#templates.length >= templatesMax) return this.#wholeOf(start, end, level, hasFields);
      template = this.#open(start, end, level, hasFields, count);
      if (candidates === noTemplates) this.#byHash.set(hash, [template]);
      else candidates.push(template);
    }
    takeBounds(template, bounds);
    return template;
  }

  #open(start: number, end: number, level: number, hasFields: boolean, perRow: number): OpenTemplate {
    const template = { number: this.#templates.length, level, hasFields, start, end, perRow, bounds: new Int32Array(perRow * 2), rows: [] };
    this.#templates.push(template);
    return template;
  }

  #wholeOf(start: number, end: number, level: number, hasFields: boolean): OpenTemplate {
    const key = level * 2 + (hasFields ? 1 : 0);
    let template = this.#whole.get(key);
    if (template === undefined) this.#whole.set(key, (template = this.#open(start, end, level, hasFields, 1)));
    this.#cutter.bounds[0] = start;
    this.#cutter.bounds[1] = end;
    takeBounds(template, this.#cutter.bounds);
    return template;
  }

  *finish(): Generator<undefined, EncodedBlock> {
    const { bytes } = this.#run.columns;
    const parts: [string, Buffer][] = [];
    const described = new ByteWriter().count(this.#templates.length);
    const writer = new ColumnWriter(bytes, this.#baseNs, this.#index);
    let segment = new ByteWriter(segmentBytes + (64 << 10));
    let number = 0;
    const close = (): void => {
      parts.push([`s${number++}`, wrapBlob(segment.done())]);
      segment = new ByteWriter(segmentBytes + (64 << 10));
    };
    const columnBounds: Bounds[][] = [];
    for (const template of this.#templates) {
      describe(template, bytes, number, segment.length, described);
      const { rows, perRow, bounds } = template;
      const offsetOf = (rank: number): number => this.#offsets[rows[rank]!]!;
      const own: Bounds[] = [];
      columnBounds.push(own);
      for (let variable = 0; variable < perRow; variable++) {
        own[variable] = writer.write({ bounds, perRow, rows: rows.length }, variable, segment, offsetOf);
        if (rows.length >= stepRecords) yield;
      }
      if (segment.length >= segmentBytes) {
        close();
        yield;
      }
    }
    // Templates without variables name a segment too.
    close();
    yield;
    const maxNs = this.#baseNs + BigInt(this.#offsets[this.#count - 1]!);
    parts.push(['templates', wrapBlob(described.done())], ['rows', wrapBlob(this.#rows())], ['index', wrapBlob(this.#index.done())]);
    parts.push(['digest', wrapBlob(writeDigest({ pairs: this.#index.pairs(), bounds: columnBounds }))]);
    const meta = {
      records: this.#count,
      rawBytes: this.#rawBytes,
      minNs: this.#baseNs,
      maxNs,
      levels: this.#levels,
      streams: [...this.#streams.keys()],
    };
    return { meta, parts };
  }

  #rows(): Buffer {
    const scale = scaleOf(this.#offsets);
    if (scale > 1) for (let i = 0; i < this.#count; i++) this.#offsets[i]! /= scale;
    return new ByteWriter().count(scale).part(packNumbers(this.#offsets)).part(packNumbers(this.#kinds)).part(packNumbers(this.#streamRows)).done();
  }
}

function takeBounds(template: OpenTemplate, bounds: Int32Array): void {
  const { perRow, rows } = template;
  let at = rows.length * perRow * 2;
  if (at + perRow * 2 > template.bounds.length) {
    const grown = new Int32Array(template.bounds.length * 2);
    grown.set(template.bounds);
    template.bounds = grown;
  }
  const own = template.bounds;
  for (let i = 0; i < perRow * 2; i++) own[at++] = bounds[i]!;
}

function describe(
  { level, hasFields, rows, perRow, bounds, start, end }: OpenTemplate,
  bytes: Uint8Array,
  segment: number,
  offset: number,
  out: ByteWriter,
): void {
  out
    .byte(level)
    .byte(hasFields ? 1 : 0)
    .count(rows.length)
    .count(segment)
    .count(offset)
    .count(perRow + 1);
  let at = start;
  for (let i = 0; i < perRow; i++) {
    out.range(bytes, at, bounds[i * 2]!);
    at = bounds[i * 2 + 1]!;
  }
  out.range(bytes, at, end);
}

/** Whether what stands around the variables of a text is the same as in the template's first row. */
function fits(template: OpenTemplate, bytes: Uint8Array, start: number, end: number, bounds: Int32Array): boolean {
  const own = template.bounds;
  const count = template.perRow;
  let at = start;
  let ownAt = template.start;
  for (let i = 0; i <= count; i++) {
    const to = i < count ? bounds[i * 2]! : end;
    const ownTo = i < count ? own[i * 2]! : template.end;
    if (to - at !== ownTo - ownAt) return false;
    while (at < to) if (bytes[at++] !== bytes[ownAt++]) return false;
    if (i === count) break;
    at = bounds[i * 2 + 1]!;
    ownAt = own[i * 2 + 1]!;
  }
  return true;
}

/** The largest of 1, 10^3, 10^6 and 10^9 that divides all. */
function scaleOf(offsets: Float64Array): number {
  let scale = 1e9;
  for (let i = 0; i < offsets.length && scale > 1; i++) while (scale > 1 && offsets[i]! % scale !== 0) scale /= 1000;
  return scale;
}

/** Reads the parts of a block by name. */
export interface PartSource {
  load(name: string): Uint8Array;
}

/** What a template says of itself. Throws DamageError. */
export function readTemplates(bytes: Uint8Array): Template[] {
  const reader = new ByteReader(bytes);
  return Array.from({ length: reader.count() }, () => {
    const level = logLevels[reader.byte()];
    if (level === undefined) throw new DamageError('a template of an unknown level');
    const hasFields = reader.byte() === 1;
    const [rows, segment, offset] = [reader.count(), reader.count(), reader.count()];
    const texts = Array.from({ length: reader.count() }, () => reader.text());
    return { texts, level, hasFields, rows, segment, offset };
  });
}

/** The rows of a block in order of time. */
export interface Rows {
  /** ns from the block's first. */
  readonly offsets: Float64Array;
  readonly kinds: Float64Array;
  /** Places in the block's list of streams. */
  readonly streams: Float64Array;
  /** How many rows of the same kind come before. */
  readonly ranks: Uint32Array;
}

export function readRows(bytes: Uint8Array, templates: number): Rows {
  const reader = new ByteReader(bytes);
  const scale = reader.count();
  const offsets = unpackNumbers(reader.part());
  const kinds = unpackNumbers(reader.part());
  const streams = unpackNumbers(reader.part());
  if (kinds.length !== offsets.length || streams.length !== offsets.length) throw new DamageError('the rows are of different lengths');
  if (scale > 1) for (let i = 0; i < offsets.length; i++) offsets[i]! *= scale;
  const seen = new Uint32Array(templates);
  const ranks = new Uint32Array(offsets.length);
  for (let i = 0; i < kinds.length; i++) ranks[i] = seen[kinds[i]!]!++;
  return { offsets, kinds, streams, ranks };
}

/** The lines of one template, out of the columns of its segment. */
export class TemplateLines {
  readonly #texts: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly #hasFields: boolean;

  constructor({ texts, rows, offset, hasFields }: Template, segment: Uint8Array, offsetOf: (rank: number) => number, baseNs: bigint) {
    const reader = new ByteReader(segment.subarray(offset));
    this.#texts = texts;
    this.#hasFields = hasFields;
    this.rows = rows;
    this.columns = texts.slice(1).map(() => readColumn(reader, rows, offsetOf, baseNs));
  }

  /** The line, and the fields that were sent beside it. */
  at(rank: number): { readonly line: string; readonly fields: readonly string[] } {
    const texts = this.#texts;
    let text = texts[0]!;
    for (let i = 0; i < this.columns.length; i++) text += this.columns[i]!.at(rank) + texts[i + 1]!;
    if (!this.#hasFields) return { line: text, fields: [] };
    const mark = text.lastIndexOf(fieldsMark);
    return { line: text.slice(0, mark), fields: text.slice(mark + 1).split(fieldMark) };
  }
}

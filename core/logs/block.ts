import { logLevels, type LogLevel, type LogRecord } from '#core/model/index.ts';
import { DamageError, wrapBlob } from '#core/blocks/index.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readColumn, writeColumn, type Column } from './column.ts';
import { Cutter } from './cut.ts';
import { packNumbers, unpackNumbers } from './numbers.ts';
import { Values } from './values.ts';
import { WordIndexer } from './word-index.ts';

/** Kinds of lines in one block; lines of further kinds are kept whole, as the only variable of a template without text. */
const templatesMax = 4096;
/** Columns are compressed together until they are this large: smaller frames cost more calls, larger ones more to read a few lines. */
const segmentBytes = 512 << 10;
/** Apart the line and what was sent beside it, and the names and values of that. */
const fieldsMark = '\u001e';
const fieldMark = '\u001f';
const stepRecords = 1024;
const noTemplates: OpenTemplate[] = [];
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
  readonly parts: readonly (readonly [name: string, bytes: Buffer])[];
}

interface OpenTemplate {
  readonly texts: readonly string[];
  readonly level: LogLevel;
  /** Of the level in logLevels, and of the template in its block. */
  readonly levelNumber: number;
  readonly number: number;
  readonly hasFields: boolean;
  readonly rows: number[];
  readonly columns: Values[];
}

/** The text that is cut and kept of a record. */
function textOf({ line, fields }: LogRecord): string {
  return fields.length === 0 ? line : line + fieldsMark + fields.join(fieldMark);
}

/** Encodes records that lie within `blockRangeNs`, in order of time, pausing between steps. `streamOf` numbers label sets. */
export function* encodeBlock(records: readonly LogRecord[], streamOf: (record: LogRecord) => number): Generator<undefined, EncodedBlock> {
  const builder = new BlockBuilder(records[0]!.timeNs, records.length);
  for (let i = 0; i < records.length; i++) {
    builder.add(records[i]!, streamOf(records[i]!));
    if (i % stepRecords === stepRecords - 1) yield;
  }
  return yield* builder.finish();
}

class BlockBuilder {
  readonly #baseNs: bigint;
  readonly #offsets: Float64Array;
  readonly #kinds: Float64Array;
  readonly #streamRows: Float64Array;
  readonly #cutter = new Cutter();
  readonly #byHash = new Map<number, OpenTemplate[]>();
  readonly #templates: OpenTemplate[] = [];
  readonly #streams = new Map<number, number>();
  readonly #levels = logLevels.map(() => 0);
  readonly #index = new WordIndexer();
  #count = 0;
  #rawBytes = 0;
  #maxNs: bigint;

  constructor(baseNs: bigint, count: number) {
    this.#baseNs = baseNs;
    this.#maxNs = baseNs;
    this.#offsets = new Float64Array(count);
    this.#kinds = new Float64Array(count);
    this.#streamRows = new Float64Array(count);
  }

  add(record: LogRecord, stream: number): void {
    const row = this.#count++;
    const text = textOf(record);
    const template = this.#templateOf(text, record.level, record.fields.length > 0);
    template.rows.push(row);
    this.#kinds[row] = template.number;
    this.#offsets[row] = Number(record.timeNs - this.#baseNs);
    this.#maxNs = record.timeNs;
    let number = this.#streams.get(stream);
    if (number === undefined) this.#streams.set(stream, (number = this.#streams.size));
    this.#streamRows[row] = number;
    this.#levels[template.levelNumber]!++;
    this.#rawBytes += Buffer.byteLength(record.line) + 1;
  }

  /** The template of a text, its variables already taken into the columns. */
  #templateOf(text: string, level: LogLevel, hasFields: boolean): OpenTemplate {
    const cutter = this.#cutter;
    const levelNumber = logLevels.indexOf(level);
    const seed = levelNumber * 2 + (hasFields ? 1 : 0);
    if (!cutter.cut(text, seed)) return this.#whole(text, level, hasFields);
    const { count, bounds, hash } = cutter;
    const candidates = this.#byHash.get(hash) ?? noTemplates;
    let template: OpenTemplate | undefined;
    for (let i = 0; i < candidates.length && template === undefined; i++) {
      const one = candidates[i]!;
      if (one.levelNumber === levelNumber && one.hasFields === hasFields && fits(one.texts, text, bounds, count)) template = one;
    }
    if (template === undefined) {
      if (this.#templates.length >= templatesMax) return this.#whole(text, level, hasFields);
      template = this.#open(textsBetween(text, bounds, count), level, hasFields);
      if (candidates === noTemplates) this.#byHash.set(hash, [template]);
      else candidates.push(template);
    }
    const { columns } = template;
    for (let i = 0; i < count; i++) columns[i]!.add(text, bounds[i * 2]!, bounds[i * 2 + 1]!);
    return template;
  }

  #open(texts: readonly string[], level: LogLevel, hasFields: boolean): OpenTemplate {
    const columns = texts.slice(1).map(() => new Values());
    const template = { texts, level, levelNumber: logLevels.indexOf(level), number: this.#templates.length, hasFields, rows: [], columns };
    this.#templates.push(template);
    return template;
  }

  #whole(text: string, level: LogLevel, hasFields: boolean): OpenTemplate {
    const known = this.#templates.find(
      (one) => one.texts.length === 2 && one.texts[0] === '' && one.texts[1] === '' && one.level === level && one.hasFields === hasFields,
    );
    const template = known ?? this.#open(['', ''], level, hasFields);
    template.columns[0]!.add(text, 0, text.length);
    return template;
  }

  *finish(): Generator<undefined, EncodedBlock> {
    const parts: [string, Buffer][] = [];
    const described = new ByteWriter().count(this.#templates.length);
    let segment = new ByteWriter(segmentBytes + (64 << 10));
    let number = 0;
    const close = (): void => {
      parts.push([`s${number++}`, wrapBlob(segment.done())]);
      segment = new ByteWriter(segmentBytes + (64 << 10));
    };
    for (const template of this.#templates) {
      describe(template, number, segment.length, described);
      for (const values of template.columns) {
        writeColumn(
          values,
          segment,
          (row) => this.#offsets[template.rows[row]!]!,
          this.#baseNs,
          (text) => this.#index.add(text),
        );
        if (values.count >= stepRecords) yield;
      }
      if (segment.length >= segmentBytes) {
        close();
        yield;
      }
    }
    // Templates without variables name a segment too.
    close();
    const scale = scaleOf(this.#offsets);
    const rows = new ByteWriter().count(scale);
    if (scale > 1) for (let i = 0; i < this.#count; i++) this.#offsets[i]! /= scale;
    rows.part(packNumbers(this.#offsets)).part(packNumbers(this.#kinds)).part(packNumbers(this.#streamRows));
    yield;
    parts.push(['templates', wrapBlob(described.done())], ['rows', wrapBlob(rows.done())], ['index', wrapBlob(this.#index.done())]);
    const { minNs, maxNs } = { minNs: this.#baseNs, maxNs: this.#maxNs };
    const meta = { records: this.#count, rawBytes: this.#rawBytes, minNs, maxNs, levels: this.#levels, streams: [...this.#streams.keys()] };
    return { meta, parts };
  }
}

function describe({ texts, level, hasFields, rows }: OpenTemplate, segment: number, offset: number, out: ByteWriter): void {
  out
    .byte(logLevels.indexOf(level))
    .byte(hasFields ? 1 : 0)
    .count(rows.length)
    .count(segment)
    .count(offset)
    .count(texts.length);
  for (const text of texts) out.text(text);
}

function textsBetween(text: string, bounds: Int32Array, count: number): string[] {
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    texts.push(text.slice(at, bounds[i * 2]));
    at = bounds[i * 2 + 1]!;
  }
  texts.push(text.slice(at));
  return texts;
}

/** Whether the texts are those around the variables. */
function fits(texts: readonly string[], text: string, bounds: Int32Array, count: number): boolean {
  if (texts.length !== count + 1) return false;
  let at = 0;
  for (let i = 0; i <= count; i++) {
    const part = texts[i]!;
    const end = i < count ? bounds[i * 2]! : text.length;
    if (end - at !== part.length || !text.startsWith(part, at)) return false;
    at = bounds[i * 2 + 1]!;
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
  readonly #columns: Column[];
  readonly #hasFields: boolean;
  readonly #rows: number;

  constructor({ texts, rows, offset, hasFields }: Template, segment: Uint8Array, offsetOf: (rank: number) => number, baseNs: bigint) {
    const reader = new ByteReader(segment.subarray(offset));
    this.#texts = texts;
    this.#hasFields = hasFields;
    this.#rows = rows;
    this.#columns = texts.slice(1).map(() => readColumn(reader, rows, offsetOf, baseNs));
  }

  /** The ranks of the lines in whose variables a run of letters and digits may be. */
  holding(run: string): Uint8Array {
    const marks = new Uint8Array(this.#rows);
    for (const column of this.#columns) column.mark(run, marks);
    return marks;
  }

  /** The line, and the fields that were sent beside it. */
  at(rank: number): { readonly line: string; readonly fields: readonly string[] } {
    const texts = this.#texts;
    let text = texts[0]!;
    for (let i = 0; i < this.#columns.length; i++) text += this.#columns[i]!.at(rank) + texts[i + 1]!;
    if (!this.#hasFields) return { line: text, fields: [] };
    const mark = text.lastIndexOf(fieldsMark);
    return { line: text.slice(0, mark), fields: text.slice(mark + 1).split(fieldMark) };
  }
}

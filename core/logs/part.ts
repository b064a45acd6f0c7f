import type { Labels, LogLevel, LogRecord } from '#core/model/index.ts';
import { readRows, readTemplates, TemplateLines, type BlockMeta, type Rows, type Template } from './block.ts';
import type { ColumnCache } from '#core/blocks/index.ts';
import type { Column } from './column-form.ts';
import { readDigest, type Digest } from './digest.ts';

/** A kind of lines, as searches look at it. */
export interface LineKind {
  readonly level: LogLevel;
  /** All text that is the same in each of its lines, in lower case, a NUL where variables are; and whether there are any. */
  readonly text: string;
  readonly hasVariables: boolean;
  /** The texts around the variables; undefined when they are not known, or are not all of the line. */
  readonly texts: readonly string[] | undefined;
}

/** Records that lie together, in order of time: a block, or what is in no block yet. */
export interface Part {
  readonly id: number;
  readonly records: number;
  readonly minNs: bigint;
  readonly maxNs: bigint;
  /** Records by level, in the order of logLevels. */
  readonly levels: readonly number[];
  readonly streams: readonly Labels[];
  /** Undefined for records that are in no block. */
  readonly kinds: () => readonly LineKind[];
  /** The index of words in variables. */
  readonly index: () => Uint8Array;
  /** Undefined for blocks of versions that wrote none. */
  readonly digest: () => Digest | undefined;
  /** Its records, ready to be read. */
  readonly open: () => OpenPart;
}

export interface OpenPart {
  readonly kinds: readonly LineKind[];
  readonly rows: Rows;
  /** The record in a row. */
  record(row: number): LogRecord;
  /** The variables of a kind's lines, by rank of the row; undefined when they are not known. */
  lines(kind: number): { readonly rows: number; readonly columns: readonly Column[] } | undefined;
}

export interface PartLoader {
  /** A block's part of a name. Throws DamageError. */
  readonly load: (name: string) => Uint8Array;
  /** The same; undefined when the block has none. */
  readonly loadIfThere: (name: string) => Uint8Array | undefined;
}

/** What a row's numbers take. */
const rowBytes = 28;

class Kind implements LineKind {
  readonly template: Template;
  #text: string | undefined;

  constructor(template: Template) {
    this.template = template;
  }

  get level(): LogLevel {
    return this.template.level;
  }

  get hasVariables(): boolean {
    return this.template.texts.length > 1;
  }

  get text(): string {
    return (this.#text ??= this.template.texts.join('\0').toLowerCase());
  }

  get texts(): readonly string[] | undefined {
    const { texts, hasFields } = this.template;
    return hasFields || (texts.length === 2 && texts[0] === '' && texts[1] === '') ? undefined : texts;
  }
}

/** A sealed block; its pieces are loaded when they are needed first and kept while there is room. */
export class Block implements Part {
  readonly id: number;
  readonly bytes: number;
  readonly meta: BlockMeta;
  readonly streams: readonly Labels[];
  readonly #parts: PartLoader;
  readonly #cache: ColumnCache;

  constructor(id: number, bytes: number, meta: BlockMeta, streams: readonly Labels[], parts: PartLoader, cache: ColumnCache) {
    this.id = id;
    this.bytes = bytes;
    this.meta = meta;
    this.streams = streams;
    this.#parts = parts;
    this.#cache = cache;
  }

  get records(): number {
    return this.meta.records;
  }
  get minNs(): bigint {
    return this.meta.minNs;
  }
  get maxNs(): bigint {
    return this.meta.maxNs;
  }
  get levels(): readonly number[] {
    return this.meta.levels;
  }

  readonly kinds = (): readonly Kind[] =>
    this.#cache.take(`${this.id} kinds`, () => {
      const bytes = this.load('templates');
      return { value: readTemplates(bytes).map((template) => new Kind(template)), bytes: bytes.length * 4 };
    });

  readonly index = (): Uint8Array =>
    this.#cache.take(`${this.id} index`, () => {
      const value = this.load('index');
      return { value, bytes: value.length };
    });

  readonly digest = (): Digest | undefined =>
    this.#cache.take(`${this.id} digest`, () => {
      const bytes = this.#parts.loadIfThere('digest');
      return { value: bytes && readDigest(bytes), bytes: (bytes?.length ?? 0) * 4 };
    });

  load(name: string): Uint8Array {
    return this.#parts.load(name);
  }

  readonly open = (): OpenPart =>
    this.#cache.take(`${this.id} open`, () => ({ value: new OpenBlock(this), bytes: this.records * rowBytes + this.meta.rawBytes }));
}

/** The rows of a block, and the lines of the kinds that were asked for. */
class OpenBlock implements OpenPart {
  readonly kinds: readonly Kind[];
  readonly #block: Block;
  #rows: Rows | undefined;
  readonly #lines: (TemplateLines | undefined)[] = [];
  readonly #segments: (Uint8Array | undefined)[] = [];

  constructor(block: Block) {
    this.#block = block;
    this.kinds = block.kinds();
  }

  get rows(): Rows {
    return (this.#rows ??= readRows(this.#block.load('rows'), this.kinds.length));
  }

  record(row: number): LogRecord {
    const { offsets, kinds, streams, ranks } = this.rows;
    const kind = kinds[row]!;
    const { line, fields } = this.#linesOf(kind).at(ranks[row]!);
    const timeNs = this.#block.minNs + BigInt(offsets[row]!);
    return { timeNs, labels: this.#block.streams[streams[row]!]!, line, level: this.kinds[kind]!.level, fields };
  }

  lines(kind: number): TemplateLines {
    return this.#linesOf(kind);
  }

  #linesOf(kind: number): TemplateLines {
    const known = this.#lines[kind];
    if (known !== undefined) return known;
    const { template } = this.kinds[kind]!;
    const segment = (this.#segments[template.segment] ??= this.#block.load(`s${template.segment}`));
    let own: Float64Array | undefined;
    const offsetOf = (rank: number): number => (own ??= this.#offsetsOf(kind, template.rows))[rank]!;
    return (this.#lines[kind] = new TemplateLines(template, segment, offsetOf, this.#block.minNs));
  }

  #offsetsOf(kind: number, count: number): Float64Array {
    const { offsets, kinds } = this.rows;
    const own = new Float64Array(count);
    for (let row = 0, rank = 0; row < kinds.length; row++) if (kinds[row] === kind) own[rank++] = offsets[row]!;
    return own;
  }
}

import type { Labels, LogLevel, LogRecord } from '#core/model/index.ts';
import { readRows, readTemplates, TemplateLines, type BlockMeta, type Rows, type Template } from './block.ts';
import type { ColumnCache } from './cache.ts';

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
  readonly rows: () => Rows;
  /** The record in a row. */
  readonly record: (row: number) => LogRecord;
}

/** Loads a block's parts. Throws DamageError. */
export type PartLoader = (name: string) => Uint8Array;

/** Decoded bytes of a template's lines are not known before they are asked for; this is what a value costs about. */
const valueBytes = 24;

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
  readonly load: PartLoader;
  readonly #cache: ColumnCache;

  constructor(id: number, bytes: number, meta: BlockMeta, streams: readonly Labels[], load: PartLoader, cache: ColumnCache) {
    this.id = id;
    this.bytes = bytes;
    this.meta = meta;
    this.streams = streams;
    this.load = load;
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

  readonly rows = (): Rows =>
    this.#cache.take(`${this.id} rows`, () => ({ value: readRows(this.load('rows'), this.kinds().length), bytes: this.records * 28 }));

  readonly record = (row: number): LogRecord => {
    const { offsets, kinds, streams, ranks } = this.rows();
    const kind = kinds[row]!;
    const { line, fields } = this.#lines(kind).at(ranks[row]!);
    const timeNs = this.minNs + BigInt(offsets[row]!);
    return { timeNs, labels: this.streams[streams[row]!]!, line, level: this.kinds()[kind]!.level, fields };
  };

  #lines(kind: number): TemplateLines {
    return this.#cache.take(`${this.id} lines ${kind}`, () => {
      const { template } = this.kinds()[kind]!;
      const offsets = (): Float64Array => this.#offsetsOf(kind, template.rows);
      let own: Float64Array | undefined;
      const segment = this.#segment(template.segment);
      const value = new TemplateLines(template, segment, (rank) => (own ??= offsets())[rank]!, this.minNs);
      return { value, bytes: template.rows * template.texts.length * valueBytes };
    });
  }

  #segment(number: number): Uint8Array {
    return this.#cache.take(`${this.id} s${number}`, () => {
      const value = this.load(`s${number}`);
      return { value, bytes: value.length };
    });
  }

  #offsetsOf(kind: number, count: number): Float64Array {
    const { offsets, kinds } = this.rows();
    const own = new Float64Array(count);
    for (let row = 0, rank = 0; row < kinds.length; row++) if (kinds[row] === kind) own[rank++] = offsets[row]!;
    return own;
  }
}

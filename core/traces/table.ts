import { attributeTypes, resourceOf, spanKinds, spanStatuses } from '#core/model/index.ts';
import type { Attribute, Resource, Scope, Span } from '#core/model/index.ts';
import { type ColumnCache, DamageError } from '#core/blocks/index.ts';
import { decodeCodes, decodeIntegers, decodeTexts, type Codes } from './columns.ts';
import { attributesFrom, detailsFrom, noDetails, type DetailRow, type Details } from './details.ts';
import { decodeDigest, type Digest } from './digest.ts';
import type { EncodedTable } from './encode.ts';
import { fingerprintOf, fingerprintOfBytes, hexAt } from './ids.ts';
import { eachValue, lowerBound, textsOf, ValueColumn } from './values-column.ts';

/** What is known of a table without reading its columns. */
export interface TableMeta {
  /** Names the table among all of a store. */
  readonly key: string;
  readonly spanCount: number;
  readonly traceCount: number;
  readonly minNs: bigint;
  readonly maxNs: bigint;
  readonly maxDurationNs: number;
}

/** What a block has tallies of. */
const digestNames = ['red', 'edges', 'peers'] as const;
export type DigestName = (typeof digestNames)[number];

/** Where the payloads of a table's columns come from. */
export interface ColumnSource {
  load(name: string): Uint8Array | undefined;
  names(): readonly string[];
}

export const noParent = -1;
/** The parent is not in this table; parentId tells its id. */
export const strayParent = -2;

/** Spans as columns, decoded when they are asked for. Rows are in order of trace, then of start. */
export class SpanTable {
  readonly meta: TableMeta;
  readonly #source: ColumnSource;
  readonly #cache: ColumnCache;

  constructor(meta: TableMeta, source: ColumnSource, cache: ColumnCache) {
    this.meta = meta;
    this.#source = source;
    this.#cache = cache;
  }

  /** Trace i has the rows [starts[i], starts[i + 1]). */
  traceStarts(): Uint32Array {
    return this.#column('trace.rows', (bytes) => {
      const counts = decodeIntegers(bytes);
      const starts = new Uint32Array(counts.length + 1);
      for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i]! + counts[i]!;
      if (starts.at(-1) !== this.meta.spanCount) throw new DamageError('the traces do not add up to the spans');
      return starts;
    });
  }

  /** 16 bytes a trace. */
  traceIds(): Uint8Array {
    return this.#column('trace.id', (bytes) => bytes);
  }

  /** 8 bytes a row. */
  spanIds(): Uint8Array {
    return this.#column('span.id', (bytes) => bytes);
  }

  /** From `meta.minNs`. */
  startNs(): Float64Array {
    return this.#column('start', decodeIntegers);
  }

  durationNs(): Float64Array {
    return this.#column('duration', decodeIntegers);
  }

  /** The kind's number in the low three bits, the status' above. */
  kinds(): Uint8Array {
    return this.#column('kind', (bytes) => bytes);
  }

  /** Rows, or `noParent`, or `strayParent`. */
  parents(): Int32Array {
    return this.#column('parent', decodeParents);
  }

  names(): Codes {
    return this.#column('name', decodeCodes);
  }

  nameTexts(): readonly string[] {
    return this.#column('name.texts', decodeTexts);
  }

  resources(): Codes {
    return this.#column('resource', decodeCodes);
  }

  resourceList(): readonly Resource[] {
    return this.#column('resource.texts', (bytes) =>
      decodeTexts(bytes).map((text) => resourceOf(attributesFrom(JSON.parse(text) as (string | number)[]))),
    );
  }

  scopes(): Codes {
    return this.#column('scope', decodeCodes);
  }

  scopeList(): readonly Scope[] {
    return this.#column('scope.texts', (bytes) =>
      decodeTexts(bytes).map((text) => {
        const [name, version, attributes] = JSON.parse(text) as [string, string, (string | number)[]];
        return { name, version, attributes: attributesFrom(attributes) };
      }),
    );
  }

  /** `a:KEY` of spans, `e:KEY` of their events, `l:KEY` of their links, `event.name`, `status.text`, `trace.state`. */
  values(name: string): ValueColumn | undefined {
    return this.#optional(name, (bytes) => new ValueColumn(bytes));
  }

  /** What its spans add to a question's tallies; undefined of tables that are not sealed, or were sealed before there were digests. */
  digest(name: DigestName): Digest | undefined {
    return this.#optional(`digest:${name}`, decodeDigest);
  }

  /** The filter over the texts of a column of many values. */
  filter(name: string): Uint8Array | undefined {
    return this.#optional(`bloom:${name}`, (bytes) => bytes);
  }

  /** Reads every column. Throws DamageError when one is damaged. */
  verify(): void {
    for (const name of this.#source.names()) this.#source.load(name);
    for (const name of digestNames) this.digest(name);
    this.spans(0, this.meta.spanCount);
  }

  /** Keys of the spans' own attributes. */
  attributeKeys(): string[] {
    return this.#source.names().flatMap((name) => (name.startsWith('a:') ? [name.slice(2)] : []));
  }

  /** Every name that `values` knows. */
  valueNames(): string[] {
    return this.#source.names().filter((name) => /^[ael]:|^event\.name$|^status\.text$|^trace\.state$/.test(name));
  }

  traceId(trace: number): string {
    return hexAt(this.traceIds(), trace, 16);
  }

  spanId(row: number): string {
    return hexAt(this.spanIds(), row, 8);
  }

  /** Of the rows [from, to); empty for spans that have none. */
  parentIds(from: number, to: number): string[] {
    const [parents, ids] = [this.parents(), this.spanIds()];
    return Array.from({ length: to - from }, (_, i) => {
      const parent = parents[from + i]!;
      if (parent === noParent) return '';
      return parent === strayParent ? hexAt(this.strayIds(), this.#strays().get(from + i)!, 8) : hexAt(ids, parent, 8);
    });
  }

  /** Of the traces that hold the rows [from, to), for each row. */
  traceIdsOf(from: number, to: number): string[] {
    const starts = this.traceStarts();
    let trace = this.traceOf(from);
    let traceId = this.traceId(trace);
    return Array.from({ length: to - from }, (_, i) => {
      if (from + i === starts[trace + 1]) traceId = this.traceId(++trace);
      return traceId;
    });
  }

  /** 8 bytes for every row whose parent is elsewhere. */
  strayIds(): Uint8Array {
    return this.#column('parent.id', (bytes) => bytes);
  }

  /** The trace's place in the table, -1 when it is not there. */
  findTrace(traceId: string): number {
    const { sorted, traces } = this.#traceIndex();
    const wanted = fingerprintOf(traceId);
    for (let i = lowerBound(sorted, wanted); sorted[i] === wanted; i++) if (this.traceId(traces[i]!) === traceId) return traces[i]!;
    return -1;
  }

  /** Fingerprints of the trace ids, ascending, and which trace each is of. */
  #traceIndex(): { readonly sorted: Uint32Array; readonly traces: Uint32Array } {
    return this.#column(
      'trace.id',
      (ids) => {
        // A fingerprint and its trace in one number, which a typed array sorts fast.
        const keys = Float64Array.from({ length: this.meta.traceCount }, (_, trace) => fingerprintOfBytes(ids, trace) * 2 ** 20 + trace).sort();
        return { sorted: Uint32Array.from(keys, (key) => Math.floor(key / 2 ** 20)), traces: Uint32Array.from(keys, (key) => key % 2 ** 20) };
      },
      'trace.index',
    );
  }

  /** The trace that holds `row`. */
  traceOf(row: number): number {
    const starts = this.traceStarts();
    let low = 0;
    let high = starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The spans of the rows [from, to), whole. */
  spans(from: number, to: number): Span[] {
    const attributes = this.#attributesOf(from, to);
    const statusTexts = textsOf(this.values('status.text'), from, to);
    const traceStates = textsOf(this.values('trace.state'), from, to);
    const flags = this.#column('flags', decodeIntegers);
    const details = this.#details(from, to);
    const [traceIds, spanIds, parentIds] = [this.traceIdsOf(from, to), this.spanIds(), this.parentIds(from, to)];
    const [kinds, starts, durations] = [this.kinds(), this.startNs(), this.durationNs()];
    const [names, nameTexts, resources, resourceList] = [this.names(), this.nameTexts(), this.resources(), this.resourceList()];
    const [scopes, scopeList] = [this.scopes(), this.scopeList()];
    return Array.from({ length: to - from }, (_, i) => {
      const row = from + i;
      const startNs = this.meta.minNs + BigInt(starts[row]!);
      return {
        traceId: traceIds[i]!,
        spanId: hexAt(spanIds, row, 8),
        parentId: parentIds[i]!,
        name: nameTexts[names[row]!]!,
        kind: spanKinds[kinds[row]! & 7]!,
        startNs,
        endNs: startNs + BigInt(durations[row]!),
        status: spanStatuses[kinds[row]! >> 3]!,
        statusText: statusTexts.get(row) ?? '',
        attributes: attributes[i]!,
        resource: resourceList[resources[row]!]!,
        scope: scopeList[scopes[row]!]!,
        traceState: traceStates.get(row) ?? '',
        flags: flags[row]!,
        ...(details.get(row) ?? noDetails),
      };
    });
  }

  #attributesOf(from: number, to: number): Attribute[][] {
    const attributes: Attribute[][] = Array.from({ length: to - from }, () => []);
    for (const key of this.attributeKeys()) {
      const column = this.values(`a:${key}`)!;
      eachValue(column, from, to, (row, value) => {
        attributes[row - from]!.push({ key, type: attributeTypes[column.types[value]!]!, text: column.texts[value]! });
      });
    }
    return attributes;
  }

  /** When the events of the rows [from, to) were, by row; rows without events are left out. */
  eventTimes(from: number, to: number): Map<number, readonly bigint[]> {
    const found = new Map<number, readonly bigint[]>();
    for (const [row, { events }] of this.#details(from, to))
      if (events.length > 0)
        found.set(
          row,
          events.map(({ timeNs }) => timeNs),
        );
    return found;
  }

  #details(from: number, to: number): Map<number, Details> {
    const firsts = this.#column('details', decodeIntegers);
    const found = new Map<number, Details>();
    firsts.forEach((first, piece) => {
      if (first >= to || (firsts[piece + 1] ?? this.meta.spanCount) <= from) return;
      const rows = this.#column(`details.${piece}`, (bytes) => JSON.parse(decodeTexts(bytes)[0]!) as DetailRow[]);
      for (const row of rows) if (row[0] >= from && row[0] < to) found.set(row[0], detailsFrom(row));
    });
    return found;
  }

  /** Which of `strayIds` belongs to a row. */
  #strays(): ReadonlyMap<number, number> {
    return this.#column(
      'parent',
      () => {
        const strays = new Map<number, number>();
        this.parents().forEach((parent, row) => {
          if (parent === strayParent) strays.set(row, strays.size);
        });
        return strays;
      },
      'strays',
    );
  }

  #column<T>(name: string, decode: (bytes: Uint8Array) => T, as = name): T {
    const value = this.#optional(name, decode, as);
    if (value === undefined) throw new DamageError(`the column ${name} is missing`);
    return value;
  }

  #optional<T>(name: string, decode: (bytes: Uint8Array) => T, as = name): T | undefined {
    return this.#cache.take(`${this.meta.key} ${as}`, () => {
      const bytes = this.#source.load(name);
      // A decoded column takes about twice its payload: doubles for planes, strings for bytes.
      return bytes === undefined ? { value: undefined, bytes: 64 } : { value: decode(bytes), bytes: 64 + bytes.length * 2 };
    });
  }
}

/** A table that lives in memory only. */
export function tableOf(encoded: EncodedTable, key: string, cache: ColumnCache): SpanTable {
  const { columns, ...meta } = encoded;
  const source: ColumnSource = { load: (name) => columns.get(name), names: () => [...columns.keys()] };
  return new SpanTable({ ...meta, key }, source, cache);
}

function decodeParents(bytes: Uint8Array): Int32Array {
  const codes = decodeIntegers(bytes);
  const parents = new Int32Array(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const zigzag = codes[row]! - 2;
    if (zigzag < 0) parents[row] = zigzag === -2 ? noParent : strayParent;
    else parents[row] = row - ((zigzag >>> 1) ^ -(zigzag & 1));
  }
  return parents;
}

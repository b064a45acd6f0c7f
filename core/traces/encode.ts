import { attributeTypes, spanKinds, spanStatuses, type Attribute, type Resource, type Scope, type Span } from '#core/model/index.ts';
import { bloomOf } from './bloom.ts';
import { encodeCodes, encodeIntegers, encodeTexts, joinParts } from './columns.ts';
import { elementsOf, jsonType } from './elements.ts';
import { bytesOfHex } from './ids.ts';
import { atOnce } from '#core/blocks/index.ts';

/** Spans as columns, each a payload under its name. Names and layouts: FORMAT.md, "Columns of a block". */
export interface EncodedTable {
  readonly spanCount: number;
  readonly traceCount: number;
  /** The first and the last start; offsets count from `minNs`. */
  readonly minNs: bigint;
  readonly maxNs: bigint;
  readonly maxDurationNs: number;
  readonly columns: ReadonlyMap<string, Uint8Array>;
}

/** Starts of one table lie within this of each other, so that differences of offsets are exact (26 days). */
export const tableRangeNs = 2n ** 51n;
/** A dictionary with more texts than this has a filter beside it. */
const filterFrom = 256;
/** Rows between two pauses, about a millisecond's work. */
const rowsPerSlice = 512;
/** Characters of events and links that are compressed together; one trace's details cost about one such piece to read. */
const detailChars = 1 << 18;

/** Encodes in one go. */
export function encodeSpans(spans: readonly Span[]): EncodedTable {
  return atOnce(encodeInSteps(spans));
}

/** Encodes a table of at least one span, pausing every millisecond or so for others to run. */
export function* encodeInSteps(spans: readonly Span[]): Generator<undefined, EncodedTable> {
  const minNs = spans.reduce((min, { startNs }) => (startNs < min ? startNs : min), spans[0]!.startNs);
  const maxNs = spans.reduce((max, { startNs }) => (startNs > max ? startNs : max), minNs);
  const { rows, starts, traceIds, traceRows } = byTrace(spans, minNs);
  yield;
  const columns = new Map<string, Uint8Array>();
  columns.set('trace.id', bytesOfHex(traceIds, 16));
  columns.set('trace.rows', encodeIntegers(Float64Array.from(traceRows), false));
  const ids = rows.map(({ spanId }) => spanId);
  columns.set('span.id', bytesOfHex(ids, 8));
  columns.set('start', encodeIntegers(starts, true));
  const durations = numbersOf(rows, ({ startNs, endNs }) => Number(endNs - startNs));
  columns.set('duration', encodeIntegers(durations, false));
  yield;
  encodeParents(rows, traceRows, columns);
  const kinds = numbersOf(rows, ({ kind, status }) => spanKinds.indexOf(kind) | (spanStatuses.indexOf(status) << 3));
  columns.set('kind', Uint8Array.from(kinds));
  const flags = numbersOf(rows, (span) => span.flags);
  columns.set('flags', encodeIntegers(flags, false));
  yield;
  encodeShared(rows, columns);
  yield;
  yield* encodeAttributes(rows, columns);
  encodeDetails(rows, columns);
  const maxDurationNs = durations.reduce((max, duration) => Math.max(max, duration), 0);
  return { spanCount: rows.length, traceCount: traceIds.length, minNs, maxNs, maxDurationNs, columns };
}

function numbersOf(rows: readonly Span[], of: (span: Span) => number): Float64Array {
  const numbers = new Float64Array(rows.length);
  for (let row = 0; row < rows.length; row++) numbers[row] = of(rows[row]!);
  return numbers;
}

/** The spans in order of the first start of their trace, and within a trace of their own; and their starts from `minNs`. */
function byTrace(spans: readonly Span[], minNs: bigint): { rows: Span[]; starts: Float64Array; traceIds: string[]; traceRows: number[] } {
  const groups = new Map<string, { offset: number; span: Span }[]>();
  for (const span of spans) {
    const group = groups.get(span.traceId);
    const one = { offset: Number(span.startNs - minNs), span };
    if (group === undefined) groups.set(span.traceId, [one]);
    else group.push(one);
  }
  const traces = [...groups].map(([traceId, group]) => ({ traceId, group: group.sort((a, b) => a.offset - b.offset) }));
  traces.sort((a, b) => a.group[0]!.offset - b.group[0]!.offset);
  const rows: Span[] = [];
  const starts = new Float64Array(spans.length);
  for (const { group } of traces) {
    for (const { offset, span } of group) {
      starts[rows.length] = offset;
      rows.push(span);
    }
  }
  return {
    rows,
    starts,
    traceIds: traces.map(({ traceId }) => traceId),
    traceRows: traces.map(({ group }) => group.length),
  };
}

/** A parent in the same table is told by how far away its row is, any other by its id. */
function encodeParents(rows: readonly Span[], traceRows: readonly number[], columns: Map<string, Uint8Array>): void {
  const codes = new Float64Array(rows.length);
  const strays: string[] = [];
  let from = 0;
  for (const count of traceRows) {
    const rowOf = rowsById(rows, from, count);
    for (let row = from; row < from + count; row++) {
      const { parentId } = rows[row]!;
      if (parentId === '') continue;
      const parent = rowOf(parentId);
      if (parent === undefined) strays.push(parentId);
      const away = parent === undefined ? 0 : row - parent;
      codes[row] = parent === undefined ? 1 : 2 + (away < 0 ? away * -2 - 1 : away * 2);
    }
    from += count;
  }
  columns.set('parent', encodeIntegers(codes, false));
  columns.set('parent.id', bytesOfHex(strays, 8));
}

/** A trace of fewer spans is looked through faster than an index of it is made. */
const indexedFrom = 16;

/** Finds the first row of a trace with an id. */
function rowsById(rows: readonly Span[], from: number, count: number): (spanId: string) => number | undefined {
  if (count < indexedFrom) {
    return (spanId) => {
      for (let row = from; row < from + count; row++) if (rows[row]!.spanId === spanId) return row;
      return undefined;
    };
  }
  const rowOf = new Map<string, number>();
  for (let row = from + count - 1; row >= from; row--) rowOf.set(rows[row]!.spanId, row);
  return (spanId) => rowOf.get(spanId);
}

/** Gives equal texts equal codes, in order of first sight. */
export class Dictionary {
  readonly texts: string[] = [];
  readonly #codes = new Map<string, number>();

  code(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      this.#codes.set(text, (code = this.texts.length));
      this.texts.push(text);
    }
    return code;
  }
}

/** What many spans have in common: names, resources, scopes. Objects that are the same are looked at once. */
function encodeShared(rows: readonly Span[], columns: Map<string, Uint8Array>): void {
  const put = <T>(name: string, of: (span: Span) => T, text: (one: T) => string): void => {
    const dictionary = new Dictionary();
    const seen = new Map<T, number>();
    const codes = new Uint32Array(rows.length);
    rows.forEach((span, row) => {
      const one = of(span);
      let code = seen.get(one);
      if (code === undefined) seen.set(one, (code = dictionary.code(text(one))));
      codes[row] = code;
    });
    columns.set(name, encodeCodes(codes, dictionary.texts.length));
    columns.set(`${name}.texts`, encodeTexts(dictionary.texts));
  };
  put('name', ({ name }) => name, String);
  put<Resource>(
    'resource',
    ({ resource }) => resource,
    ({ attributes }) => attributesJson(attributes),
  );
  put<Scope>(
    'scope',
    ({ scope }) => scope,
    ({ name, version, attributes }) => JSON.stringify([name, version, flat(attributes)]),
  );
}

/** Key, number of the type, text; one behind the other. */
export function flat(attributes: readonly Attribute[]): (string | number)[] {
  return attributes.flatMap(({ key, type, text }) => [key, attributeTypes.indexOf(type), text]);
}

const attributesJson = (attributes: readonly Attribute[]): string => JSON.stringify(flat(attributes));

/** Values of one key: which row has which; a row may have several. */
class ValueColumn {
  readonly rows: number[] = [];
  readonly codes: number[] = [];
  /** Of each different value, in order of first sight. */
  readonly texts: string[] = [];
  readonly #types: number[] = [];
  /** Codes by text, for each type. */
  readonly #codes: Map<string, number>[] = attributeTypes.map(() => new Map());

  add(row: number, type: number, text: string): void {
    const codes = this.#codes[type]!;
    let code = codes.get(text);
    if (code === undefined) {
      codes.set(text, (code = this.texts.length));
      this.texts.push(text);
      this.#types.push(type);
    }
    this.rows.push(row);
    this.codes.push(code);
  }

  /** The texts of what lists hold, so that one can be looked for. */
  elements(): string[] {
    return this.texts.flatMap((text, code) => (this.#types[code] === jsonType ? elementsOf(text).map((one) => one.text) : []));
  }

  /** Dense (a code for every row, 0 for none) when at least a quarter of the rows have one value each, else pairs. */
  payload(rowCount: number): Uint8Array {
    const types = Uint8Array.from(this.#types);
    const texts = encodeTexts(this.texts);
    const single = this.rows.every((row, i) => i === 0 || row > this.rows[i - 1]!);
    if (!single || this.rows.length * 4 < rowCount) {
      const rows = encodeIntegers(Float64Array.from(this.rows), true);
      return joinParts([types, texts, encodeCodes(Uint32Array.from(this.codes), types.length), rows]);
    }
    const dense = new Uint32Array(rowCount);
    this.rows.forEach((row, i) => (dense[row] = this.codes[i]! + 1));
    return joinParts([types, texts, encodeCodes(dense, types.length + 1)]);
  }
}

/** Columns of values by the first part of their name and the rest, so that no name is put together for each value. */
class ValueColumns {
  readonly #groups = {
    'a:': new Map<string, ValueColumn>(),
    'e:': new Map<string, ValueColumn>(),
    'l:': new Map<string, ValueColumn>(),
    '': new Map<string, ValueColumn>(),
  };

  addAll(group: 'a:' | 'e:' | 'l:', row: number, attributes: readonly Attribute[]): void {
    for (const { key, type, text } of attributes) this.add(group, key, row, attributeTypes.indexOf(type), text);
  }

  add(group: 'a:' | 'e:' | 'l:' | '', key: string, row: number, type: number, text: string): void {
    const columns = this.#groups[group];
    let column = columns.get(key);
    if (column === undefined) columns.set(key, (column = new ValueColumn()));
    column.add(row, type, text);
  }

  *all(): Generator<readonly [name: string, column: ValueColumn]> {
    for (const [group, columns] of Object.entries(this.#groups)) for (const [key, column] of columns) yield [group + key, column];
  }
}

function* encodeAttributes(rows: readonly Span[], columns: Map<string, Uint8Array>): Generator<undefined, void> {
  const values = new ValueColumns();
  for (const [row, span] of rows.entries()) {
    if (row % rowsPerSlice === rowsPerSlice - 1) yield;
    values.addAll('a:', row, span.attributes);
    for (const event of span.events) {
      if (event.name !== '') values.add('', 'event.name', row, 0, event.name);
      values.addAll('e:', row, event.attributes);
    }
    for (const link of span.links) values.addAll('l:', row, link.attributes);
    if (span.statusText !== '') values.add('', 'status.text', row, 0, span.statusText);
    if (span.traceState !== '') values.add('', 'trace.state', row, 0, span.traceState);
  }
  for (const [name, column] of values.all()) {
    const { texts } = column;
    columns.set(name, column.payload(rows.length));
    if (texts.length > filterFrom) columns.set(`bloom:${name}`, bloomOf([...texts, ...column.elements()]));
    yield;
  }
}

/** Events, links and counts of what was dropped, as JSON in pieces. `details` holds the first row of each piece. */
function encodeDetails(rows: readonly Span[], columns: Map<string, Uint8Array>): void {
  const firsts: number[] = [];
  let piece: string[] = [];
  let chars = 0;
  const cut = (): void => {
    if (piece.length > 0) columns.set(`details.${firsts.length - 1}`, encodeTexts([`[${piece.join(',')}]`]));
    piece = [];
    chars = 0;
  };
  rows.forEach((span, row) => {
    const text = detailsJson(span, row);
    if (text === '') return;
    if (piece.length === 0) firsts.push(row);
    piece.push(text);
    chars += text.length;
    if (chars >= detailChars) cut();
  });
  cut();
  columns.set('details', encodeIntegers(Float64Array.from(firsts), true));
}

function detailsJson(span: Span, row: number): string {
  const { events, links, droppedAttributes, droppedEvents, droppedLinks } = span;
  if (events.length + links.length + droppedAttributes + droppedEvents + droppedLinks === 0) return '';
  return JSON.stringify([
    row,
    events.map(({ timeNs, name, attributes, droppedCount }) => [String(timeNs), name, flat(attributes), droppedCount]),
    links.map(({ traceId, spanId, traceState, attributes, droppedCount }) => [traceId, spanId, traceState, flat(attributes), droppedCount]),
    [droppedAttributes, droppedEvents, droppedLinks],
  ]);
}

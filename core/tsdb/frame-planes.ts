import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { messageOf, type Histogram } from '#core/model/index.ts';
import { ByteReader, ByteWriter, DamageError } from './bytes.ts';
import { ColumnEncoder, decodeValues, decodeWhole, isNumbers, placeColumn, type ColumnPlace } from './column.ts';
import { mergeColumns, type Columns } from './columns.ts';
import type { Frame, FrameForm, Member } from './frame.ts';
import { columnsOfHistograms, getLayout, histogramsOf, layoutColumns, layoutRuns, putLayout, type Layout } from './histogram-layout.ts';
import { columnSamplesMax } from './numbers.ts';

const floatKind = 0;
const histogramKind = 1;
/** Beyond 6 zstd takes twice the time for a hundredth of the size. */
const zstdLevel = 6;
/** What a frame may claim to unpack to: 64 series of 2 h at one sample a millisecond would not fit memory either. */
const codedBytesMax = 256 << 20;

/** One stretch of a member: float samples, or histograms of one layout. */
interface Stretch {
  readonly slot: number;
  readonly times: Float64Array;
  readonly layout: Layout | undefined;
  readonly columns: readonly Float64Array[];
}

/** Columns of numbers split in byte planes, the regular ones compressed together. What a window is recoded into. Layout: FORMAT.md, "Form 2". */
export const planesForm: FrameForm = {
  id: 2,

  encode(writer: ByteWriter, windowStartMs: number, members: readonly Member[]): void {
    const coded = new ByteWriter(65536);
    const plain = new ByteWriter(65536);
    const encoder = new ColumnEncoder({ coded, plain });
    const stretches = members.flatMap(stretchesOf);
    const lines = timelines(stretches);
    coded.varint(lines.columns.length);
    for (const times of lines.columns) {
      encoder.separate();
      coded.varint(times.length);
      encoder.put(times.map((timeMs) => timeMs - windowStartMs));
    }
    coded.varint(stretches.length);
    stretches.forEach((stretch, i) => {
      coded.u8(stretch.slot);
      coded.u8(stretch.layout === undefined ? floatKind : histogramKind);
      coded.varint(lines.indexes[i]!);
      if (stretch.layout !== undefined) putLayout(coded, stretch.layout);
      if (i === 0 || stretch.layout !== undefined || lines.indexes[i] !== lines.indexes[i - 1]) encoder.separate();
      for (const column of stretch.columns) encoder.put(column);
    });
    putParts(writer, windowStartMs, coded, plain);
  },

  open(payload: ByteReader): Frame {
    return new PlanesFrame(payload);
  },
};

function putParts(writer: ByteWriter, windowStartMs: number, coded: ByteWriter, plain: ByteWriter): void {
  const raw = coded.bytes.subarray(0, coded.at);
  const packed = zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } });
  writer.zigzag(windowStartMs);
  writer.varint(raw.length);
  writer.varint(packed.length);
  writer.raw(packed);
  writer.raw(plain.bytes.subarray(0, plain.at));
}

function stretchesOf({ slot, columns }: Member): Stretch[] {
  const { times, values, histograms } = columns;
  const runs = histograms === undefined ? [{ from: 0, to: times.length, layout: undefined }] : layoutRuns(histograms);
  const stretches: Stretch[] = [];
  for (const { from, to, layout } of runs) {
    for (let at = from; at < to; at += columnSamplesMax) {
      const end = Math.min(to, at + columnSamplesMax);
      const part = layout === undefined ? [values.subarray(at, end)] : columnsOfHistograms(layout, histograms!.slice(at, end) as Histogram[]);
      stretches.push({ slot, times: times.subarray(at, end), layout, columns: part });
    }
  }
  return stretches;
}

/** The distinct time columns, and which of them each stretch has. Series of one target share theirs. */
function timelines(stretches: readonly Stretch[]): { columns: Float64Array[]; indexes: number[] } {
  const columns: Float64Array[] = [];
  const indexes: number[] = [];
  for (const { times } of stretches) {
    let index = columns.findLastIndex((known) => sameTimes(known, times));
    if (index < 0) index = columns.push(times) - 1;
    indexes.push(index);
  }
  return { columns, indexes };
}

function sameTimes(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Scratch for whole numbers, and which column of which frame it holds: neighbours that build on one another are read in a row. */
const scratch = [new Float64Array(columnSamplesMax), new Float64Array(columnSamplesMax)] as const;
let scratchOf: object | undefined;
let scratchColumn = -1;
let scratchTurn = 0;

interface PlacedStretch {
  readonly timeline: number;
  readonly layout: Layout | undefined;
  /** Its columns are `#places[column]` and the ones after. */
  readonly column: number;
}

class PlanesFrame implements Frame {
  readonly #windowStartMs: number;
  readonly #coded: Uint8Array;
  readonly #plain: Uint8Array;
  readonly #places: ColumnPlace[] = [];
  readonly #timelines: (Float64Array | undefined)[] = [];
  readonly #stretches = new Map<number, PlacedStretch[]>();

  constructor(payload: ByteReader) {
    this.#windowStartMs = payload.zigzag();
    const length = payload.varint();
    this.#coded = unpack(payload.raw(payload.count(1)), length);
    this.#plain = payload.raw(payload.end - payload.at);
    const coded = new ByteReader(this.#coded);
    const plain = new ByteReader(this.#plain);
    for (let left = coded.count(3); left > 0; left--) {
      this.#place(coded, plain, coded.varint());
      this.#timelines.push(undefined);
    }
    for (let left = coded.count(4); left > 0; left--) this.#placeStretch(coded, plain);
  }

  columns(slot: number): Columns | undefined {
    const pieces = this.#stretches.get(slot)?.map((stretch) => this.#read(stretch));
    return pieces === undefined || pieces.length === 1 ? pieces?.[0] : mergeColumns(pieces);
  }

  #place(coded: ByteReader, plain: ByteReader, count: number): void {
    if (count === 0 || count > columnSamplesMax) throw new DamageError(`a column of ${count} samples`);
    const place = placeColumn(coded, plain, count);
    if (place.kin && !(this.#places.length > 0 && isNumbers(this.#places.at(-1)!))) throw new DamageError('a column builds on nothing');
    this.#places.push(place);
  }

  #placeStretch(coded: ByteReader, plain: ByteReader): void {
    const slot = coded.u8();
    const kind = coded.u8();
    const timeline = coded.varint();
    if (kind > histogramKind || timeline >= this.#timelines.length) throw new DamageError('a stretch names what is not there');
    const layout = kind === histogramKind ? getLayout(coded) : undefined;
    const stretch = { timeline, layout, column: this.#places.length };
    for (let left = layout === undefined ? 1 : layoutColumns(layout); left > 0; left--) this.#place(coded, plain, this.#places[timeline]!.count);
    const known = this.#stretches.get(slot);
    if (known === undefined) this.#stretches.set(slot, [stretch]);
    else known.push(stretch);
  }

  #read({ timeline, layout, column }: PlacedStretch): Columns {
    const times = this.#times(timeline);
    if (layout === undefined) return { times, values: this.#values(column) };
    const columns = Array.from({ length: layoutColumns(layout) }, (_, i) => this.#values(column + i));
    return { times, values: new Float64Array(times.length), histograms: histogramsOf(layout, columns) };
  }

  #times(timeline: number): Float64Array {
    let times = this.#timelines[timeline];
    if (times === undefined) {
      times = this.#values(timeline);
      for (let i = 0; i < times.length; i++) times[i]! += this.#windowStartMs;
      this.#timelines[timeline] = times;
    }
    return times;
  }

  #values(column: number): Float64Array {
    const place = this.#places[column]!;
    const values = new Float64Array(place.count);
    decodeValues(place, this.#coded, this.#plain, isNumbers(place) ? this.#whole(column) : undefined, values, 0);
    return values;
  }

  /** The whole numbers of a column, decoded from the nearest column it builds on that is at hand. */
  #whole(column: number): Float64Array {
    const atHand = scratchOf === this.#places ? scratchColumn : -1;
    if (atHand !== column) {
      let from = column;
      while (this.#places[from]!.kin && from - 1 !== atHand) from--;
      for (let at = from; at <= column; at++) this.#decode(at);
    }
    return scratch[scratchTurn]!;
  }

  #decode(column: number): void {
    const before = scratch[scratchTurn]!;
    scratchTurn = 1 - scratchTurn;
    decodeWhole(this.#places[column]!, this.#coded, this.#plain, before, scratch[scratchTurn]!);
    scratchOf = this.#places;
    scratchColumn = column;
  }
}

function unpack(packed: Uint8Array, length: number): Uint8Array {
  if (length > codedBytesMax) throw new DamageError(`a frame that unpacks to ${length} bytes`);
  try {
    const raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, length) });
    if (raw.length === length) return raw;
  } catch (error) {
    throw new DamageError(messageOf(error));
  }
  throw new DamageError('a frame does not unpack to its length');
}

import type { Histogram } from '#core/model/index.ts';
import { ByteReader, ByteWriter, DamageError } from '../bytes/bytes.ts';
import { ColumnEncoder, decodeValues, decodeWhole, isNumbers, mayBeOdd, placeColumn, type ColumnPlace } from './column.ts';
import { equalTimes } from './columns.ts';
import { decodedRoom, type Decoded } from './decoded.ts';
import type { Frame, FrameForm, Member, Stretch } from './frame-form.ts';
import { columnsOfHistograms, getLayout, histogramsOf, layoutColumns, layoutRuns, putLayout, type Layout } from './histogram-layout.ts';
import { columnSamplesMax } from '../bytes/numbers.ts';
import { sharedTimes } from './timelines.ts';
import { getPacked, putPacked, type Effort } from '../bytes/packed.ts';

const floatKind = 0;
const histogramKind = 1;

/** One run of a member's samples: floats, or histograms of one layout. */
interface Run {
  readonly slot: number;
  readonly times: Float64Array;
  readonly layout: Layout | undefined;
  readonly columns: readonly Float64Array[];
}

/** Room for the frame being encoded: one at a time. */
const coded = new ByteWriter(65536);
const plain = new ByteWriter(65536);

/** Columns of numbers split in byte planes, the regular ones compressed together. What a window is recoded into. Layout: FORMAT.md, "Form 2". */
export const planesForm: FrameForm = planesAt(6);
/** The same, written in less time. */
export const quickPlanesForm: FrameForm = planesAt(1);

function planesAt(effort: Effort): FrameForm {
  return {
    id: 2,
    encode: (writer, windowStartMs, members) => {
      codeMembers(windowStartMs, members);
      writer.zigzag(windowStartMs);
      putPacked(writer, coded, effort);
      writer.raw(plain.bytes.subarray(0, plain.at));
    },
    open: (payload) => new PlanesFrame(payload),
  };
}

/** Leaves the two parts of a frame in `coded` and `plain`. */
function codeMembers(windowStartMs: number, members: readonly Member[]): void {
  coded.at = 0;
  plain.at = 0;
  const encoder = new ColumnEncoder({ coded, plain });
  const runs = members.flatMap(runsOf);
  const lines = timelines(runs);
  coded.varint(lines.columns.length);
  for (const times of lines.columns) {
    encoder.separate();
    coded.varint(times.length);
    encoder.put(times.map((timeMs) => timeMs - windowStartMs));
  }
  coded.varint(runs.length);
  runs.forEach(({ slot, layout, columns }, i) => {
    coded.u8(slot);
    coded.u8(layout === undefined ? floatKind : histogramKind);
    coded.varint(lines.indexes[i]!);
    if (layout !== undefined) putLayout(coded, layout);
    if (layout !== undefined || lines.indexes[i] !== lines.indexes[i - 1]) encoder.separate();
    for (const column of columns) encoder.put(column);
  });
}

function runsOf({ slot, columns }: Member): Run[] {
  const { times, values, histograms } = columns;
  const whole = histograms === undefined ? [{ from: 0, to: times.length, layout: undefined }] : layoutRuns(histograms);
  const runs: Run[] = [];
  for (const { from, to, layout } of whole) {
    for (let at = from; at < to; at += columnSamplesMax) {
      const end = Math.min(to, at + columnSamplesMax);
      const part = layout === undefined ? [values.subarray(at, end)] : columnsOfHistograms(layout, histograms!.slice(at, end) as Histogram[]);
      runs.push({ slot, times: times.subarray(at, end), layout, columns: part });
    }
  }
  return runs;
}

/** The distinct time columns, and which of them each run has. Series of one target share theirs. */
function timelines(runs: readonly Run[]): { columns: Float64Array[]; indexes: number[] } {
  const columns: Float64Array[] = [];
  const indexes: number[] = [];
  for (const { times } of runs) {
    let index = columns.findLastIndex((known) => equalTimes(known, times));
    if (index < 0) index = columns.push(times) - 1;
    indexes.push(index);
  }
  return { columns, indexes };
}

/**
 * Whole numbers of the column that a frame decoded last, for the next that builds on it. Frames read by turns, as those of one series are,
 * keep theirs: a week has 84.
 */
interface Scratch {
  owner: object | undefined;
  column: number;
  whole: Float64Array;
  other: Float64Array;
}
/** A window of a series that is scraped every 15 s. */
const scratchSamples = 480;
const scratchMax = 96;
const scratches: Scratch[] = [];
let scratchNext = 0;

/** The scratch that was least recently taken, with room for so many samples. */
function takeScratch(owner: object, count: number): Scratch {
  const known = scratches[scratchNext];
  const room = Math.max(count, known?.whole.length ?? scratchSamples);
  const isLarge = known !== undefined && room === known.whole.length;
  const scratch = isLarge ? known : { owner, column: -1, whole: new Float64Array(room), other: new Float64Array(room) };
  scratches[scratchNext] = scratch;
  scratchNext = (scratchNext + 1) % scratchMax;
  scratch.owner = owner;
  scratch.column = -1;
  return scratch;
}

const partial = new Float64Array(columnSamplesMax);
const noStretches: readonly Stretch[] = [];
/** Memory of what is known of one column. */
const placeBytes = 300;

class PlanesFrame implements Frame {
  readonly bytes: number;
  readonly #windowStartMs: number;
  readonly #coded: Uint8Array;
  readonly #plain: Uint8Array;
  readonly #places: ColumnPlace[] = [];
  readonly #timelines: (Float64Array | undefined)[] = [];
  readonly #stretches = new Map<number, PlanesStretch[]>();
  /** Where each column's values begin among those of all columns. */
  readonly #begins: number[] = [];
  #samples = 0;
  #decoded: Decoded | undefined;
  /** The column read last: what is no later begins another pass over the frame. */
  #lastRead = -1;
  #scratch: Scratch | undefined;

  constructor(payload: ByteReader) {
    this.#windowStartMs = payload.zigzag();
    this.#coded = getPacked(payload);
    this.#plain = payload.raw(payload.end - payload.at);
    const coded = new ByteReader(this.#coded);
    const plain = new ByteReader(this.#plain);
    for (let left = coded.count(3); left > 0; left--) {
      this.#place(coded, plain, coded.varint());
      this.#timelines.push(undefined);
    }
    for (let left = coded.count(4); left > 0; left--) this.#placeStretch(coded, plain);
    this.bytes = this.#coded.length + this.#plain.length + this.#places.length * placeBytes;
  }

  stretches(slot: number): readonly Stretch[] {
    return this.#stretches.get(slot) ?? noStretches;
  }

  #place(coded: ByteReader, plain: ByteReader, count: number): void {
    if (count === 0 || count > columnSamplesMax) throw new DamageError(`a column of ${count} samples`);
    const place = placeColumn(coded, plain, count);
    if (place.kin && !(this.#places.length > 0 && isNumbers(this.#places.at(-1)!))) throw new DamageError('a column builds on nothing');
    this.#places.push(place);
    this.#begins.push(this.#samples);
    this.#samples += count;
  }

  #placeStretch(coded: ByteReader, plain: ByteReader): void {
    const slot = coded.u8();
    const kind = coded.u8();
    const timeline = coded.varint();
    if (kind > histogramKind || timeline >= this.#timelines.length) throw new DamageError('a stretch names what is not there');
    const layout = kind === histogramKind ? getLayout(coded) : undefined;
    const column = this.#places.length;
    for (let left = layout === undefined ? 1 : layoutColumns(layout); left > 0; left--) this.#place(coded, plain, this.#places[timeline]!.count);
    const stretch = new PlanesStretch(this, timeline, column, layout, layout !== undefined || mayBeOdd(this.#places[column]!));
    const known = this.#stretches.get(slot);
    if (known === undefined) this.#stretches.set(slot, [stretch]);
    else known.push(stretch);
  }

  times(timeline: number): Float64Array {
    let times = this.#timelines[timeline];
    if (times === undefined) {
      times = new Float64Array(this.#places[timeline]!.count);
      this.readColumn(timeline, 0, times.length, times, 0);
      for (let i = 0; i < times.length; i++) times[i]! += this.#windowStartMs;
      this.#timelines[timeline] = times = sharedTimes(times);
    }
    return times;
  }

  readColumn(column: number, from: number, to: number, out: Float64Array, at: number): void {
    const values = this.#room(column);
    if (values !== undefined) {
      const begin = this.#begins[column]!;
      const { has } = this.#decoded!;
      if (has[column] === 0) {
        this.#decodeTo(column, values, begin);
        has[column] = 1;
      }
      out.set(values.subarray(begin + from, begin + to), at);
    } else if (from === 0 && to === this.#places[column]!.count) this.#decodeTo(column, out, at);
    else {
      this.#decodeTo(column, partial, 0);
      out.set(partial.subarray(from, to), at);
    }
  }

  /** Where decoded values are kept; asked for once a pass over the frame's columns, and not by the first, which may be the only one. */
  #room(column: number): Float64Array | undefined {
    if (this.#decoded?.values === undefined) this.#decoded = undefined;
    if (this.#decoded === undefined && column <= this.#lastRead) this.#decoded = decodedRoom.take(this.#samples, this.#places.length);
    else if (this.#decoded !== undefined) this.#decoded.isUsed = true;
    this.#lastRead = column;
    return this.#decoded?.values;
  }

  #decodeTo(column: number, out: Float64Array, at: number): void {
    const place = this.#places[column]!;
    decodeValues(place, this.#coded, this.#plain, isNumbers(place) ? this.#whole(column) : undefined, out, at);
  }

  /** The whole numbers of a column, decoded from the nearest column it builds on that is at hand. */
  #whole(column: number): Float64Array {
    const { count } = this.#places[column]!;
    if (this.#scratch?.owner !== this || this.#scratch.whole.length < count) this.#scratch = takeScratch(this, count);
    const scratch = this.#scratch;
    if (scratch.column !== column) {
      let from = column;
      while (this.#places[from]!.kin && from - 1 !== scratch.column) from--;
      for (let at = from; at <= column; at++) this.#decode(at, scratch);
    }
    return scratch.whole;
  }

  #decode(column: number, scratch: Scratch): void {
    const { whole, other } = scratch;
    decodeWhole(this.#places[column]!, this.#coded, this.#plain, whole, other);
    scratch.whole = other;
    scratch.other = whole;
    scratch.column = column;
  }
}

class PlanesStretch implements Stretch {
  readonly #frame: PlanesFrame;
  readonly #timeline: number;
  /** Its columns are this one and, for histograms, the ones after. */
  readonly #column: number;
  readonly #layout: Layout | undefined;
  readonly mayHoldOdd: boolean;

  constructor(frame: PlanesFrame, timeline: number, column: number, layout: Layout | undefined, mayHoldOdd: boolean) {
    this.#frame = frame;
    this.#timeline = timeline;
    this.#column = column;
    this.#layout = layout;
    this.mayHoldOdd = mayHoldOdd;
  }

  get times(): Float64Array {
    return this.#frame.times(this.#timeline);
  }

  get isHistogram(): boolean {
    return this.#layout !== undefined;
  }

  read(from: number, to: number, out: Float64Array, at: number): void {
    if (this.#layout === undefined) this.#frame.readColumn(this.#column, from, to, out, at);
    else out.fill(0, at, at + to - from);
  }

  histograms(): readonly Histogram[] | undefined {
    const layout = this.#layout;
    if (layout === undefined) return undefined;
    const count = this.times.length;
    const columns = Array.from({ length: layoutColumns(layout) }, (_, i) => {
      const column = new Float64Array(count);
      this.#frame.readColumn(this.#column + i, 0, count, column, 0);
      return column;
    });
    return histogramsOf(layout, columns);
  }
}

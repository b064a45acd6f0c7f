import type { Histogram } from '#core/model/index.ts';
import { ByteWriter, DamageError, type ByteReader } from '../bytes/bytes.ts';
import type { Columns } from './columns.ts';
import type { Frame, FrameForm, Member, Stretch } from './frame-form.ts';
import { gorillaDecode, gorillaEncode, gorillaRun } from './gorilla.ts';
import { getHistogram, putHistogram } from './histogram-row.ts';
import { sharedTimes } from './timelines.ts';

const floatKind = 0;
const histogramKind = 1;
/** Memory of one stream's object and its decoded columns, of 30 samples as a rule. */
const streamBytes = 1024;

/** One Gorilla stream a series; histograms as rows. What the head is sealed into. Layout: FORMAT.md, "Form 1". */
export const gorillaForm: FrameForm = {
  id: 1,

  encode(writer: ByteWriter, windowStartMs: number, members: readonly Member[]): void {
    writer.zigzag(windowStartMs);
    for (const { slot, columns } of members) {
      if (columns.histograms === undefined) putFloats(writer, windowStartMs, slot, columns, 0, columns.times.length);
      else putMixed(writer, windowStartMs, slot, columns, columns.histograms);
    }
  },

  open(payload: ByteReader): Frame {
    const windowStartMs = payload.zigzag();
    const streams = new Map<number, Stream[]>();
    while (payload.at < payload.end) {
      const slot = payload.u8();
      const stream = new Stream(payload, windowStartMs);
      const known = streams.get(slot);
      if (known === undefined) streams.set(slot, [stream]);
      else known.push(stream);
    }
    return { stretches: (slot) => streams.get(slot) ?? [], bytes: payload.end + streams.size * streamBytes };
  },
};

function putFloats(writer: ByteWriter, windowStartMs: number, slot: number, { times, values }: Columns, from: number, to: number): void {
  for (let at = from; at < to;) {
    const count = gorillaRun(times, at, to, windowStartMs);
    const stream = gorillaEncode(times, values, at, at + count, windowStartMs);
    putStream(writer, slot, floatKind, count, stream.length);
    writer.raw(stream);
    at += count;
  }
}

function putStream(writer: ByteWriter, slot: number, kind: number, count: number, length: number): void {
  writer.u8(slot);
  writer.u8(kind);
  writer.varint(count);
  writer.varint(length);
}

/** Runs of floats and runs of histograms, a stream each. */
function putMixed(writer: ByteWriter, windowStartMs: number, slot: number, columns: Columns, histograms: readonly (Histogram | undefined)[]): void {
  const count = columns.times.length;
  for (let from = 0; from < count;) {
    const isHistogram = histograms[from] !== undefined;
    let to = from + 1;
    while (to < count && (histograms[to] !== undefined) === isHistogram) to++;
    if (isHistogram) putHistograms(writer, slot, columns.times, histograms, from, to);
    else putFloats(writer, windowStartMs, slot, columns, from, to);
    from = to;
  }
}

function putHistograms(
  writer: ByteWriter,
  slot: number,
  times: Float64Array,
  histograms: readonly (Histogram | undefined)[],
  from: number,
  to: number,
): void {
  const rows = new ByteWriter();
  for (let i = from; i < to; i++) {
    rows.f64(times[i]!);
    putHistogram(rows, histograms[i]!);
  }
  putStream(writer, slot, histogramKind, to - from, rows.at);
  writer.raw(rows.bytes.subarray(0, rows.at));
}

/** One stream of the frame, decoded when first read and kept. */
class Stream implements Stretch {
  readonly #payload: ByteReader;
  readonly #windowStartMs: number;
  readonly #kind: number;
  readonly #count: number;
  readonly #from: number;
  #columns: Columns | undefined;

  /** Reads the stream's head and steps over it. Throws DamageError. */
  constructor(payload: ByteReader, windowStartMs: number) {
    this.#payload = payload;
    this.#windowStartMs = windowStartMs;
    this.#kind = payload.u8();
    this.#count = payload.varint();
    const length = payload.count(1);
    if (this.#count === 0 || this.#count > length * 8) throw new DamageError(`${this.#count} samples in ${length} bytes`);
    if (this.#kind > histogramKind) throw new DamageError(`stream kind ${this.#kind} is not known`);
    this.#from = payload.skip(length);
  }

  get times(): Float64Array {
    return this.#decoded().times;
  }

  get isHistogram(): boolean {
    return this.#kind === histogramKind;
  }

  get mayHoldOdd(): boolean {
    return this.isHistogram || this.#decoded().values.some(Number.isNaN);
  }

  read(from: number, to: number, out: Float64Array, at: number): void {
    out.set(this.#decoded().values.subarray(from, to), at);
  }

  histograms(): Columns['histograms'] {
    return this.#decoded().histograms;
  }

  #decoded(): Columns {
    return (this.#columns ??= this.#decode());
  }

  #decode(): Columns {
    const count = this.#count;
    const times = new Float64Array(count);
    const values = new Float64Array(count);
    if (this.#kind === floatKind) {
      gorillaDecode(this.#payload.bytes, this.#from, this.#payload.end, this.#windowStartMs, times, values, count);
      return { times: sharedTimes(times), values };
    }
    const reader = this.#payload.part(this.#from, this.#payload.end);
    const histograms: Histogram[] = [];
    for (let i = 0; i < count; i++) {
      times[i] = reader.f64();
      histograms.push(getHistogram(reader));
    }
    return { times, values, histograms };
  }
}

import type { Histogram } from '#core/model/index.ts';
import { ByteWriter, DamageError, type ByteReader } from './bytes.ts';
import { mergeColumns, type Columns } from './columns.ts';
import type { Frame, FrameForm, Member } from './frame.ts';
import { gorillaDecode, gorillaEncode, gorillaRun } from './gorilla.ts';
import { getHistogram, putHistogram } from './histogram-row.ts';

const floatKind = 0;
const histogramKind = 1;

interface Stream {
  readonly kind: number;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

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
      const kind = payload.u8();
      const count = payload.varint();
      const length = payload.count(1);
      if (count === 0 || count > length * 8) throw new DamageError(`${count} samples in ${length} bytes`);
      const from = payload.skip(length);
      const stream = { kind, count, from, to: from + length };
      const known = streams.get(slot);
      if (known === undefined) streams.set(slot, [stream]);
      else known.push(stream);
    }
    return {
      columns(slot: number): Columns | undefined {
        const pieces = streams.get(slot)?.map((stream) => readStream(payload, windowStartMs, stream));
        return pieces === undefined || pieces.length === 1 ? pieces?.[0] : mergeColumns(pieces);
      },
    };
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

function readStream(payload: ByteReader, windowStartMs: number, { kind, count, from, to }: Stream): Columns {
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  if (kind === floatKind) {
    gorillaDecode(payload.bytes, from, to, windowStartMs, times, values, 0, count);
    return { times, values };
  }
  if (kind !== histogramKind) throw new DamageError(`stream kind ${kind} is not known`);
  const reader = payload.part(from, to);
  const histograms: Histogram[] = [];
  for (let i = 0; i < count; i++) {
    times[i] = reader.f64();
    histograms.push(getHistogram(reader));
  }
  return { times, values, histograms };
}

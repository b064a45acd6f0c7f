import type { Histogram, Labels } from '#core/model/index.ts';
import { DamageError, ByteReader, type ByteWriter } from '../bytes/bytes.ts';
import { getHistogram, putHistogram } from '../codec/histogram-row.ts';
import type { RefExemplar } from './notes.ts';
import { walHeaderBytes } from './wal-frame.ts';

/** What a commit says of series. Comes first in it, so that a restart can read it without the samples. */
export interface CommitNotes {
  /** Series whose first durable sample is in this commit. */
  readonly series: readonly { readonly ref: number; readonly labels: Labels }[];
  readonly exemplars: readonly RefExemplar[];
}

/** The samples of a commit. Layout: FORMAT.md, "Commit". */
export interface CommitSamples {
  readonly floats: { readonly refs: Uint32Array; readonly times: Float64Array; readonly values: Float64Array };
  readonly histograms: readonly { readonly ref: number; readonly timeMs: number; readonly histogram: Histogram }[];
}

/** Leaves room for the frame's header at the front. */
export function putCommit(writer: ByteWriter, record: CommitNotes & CommitSamples): void {
  writer.at = 0;
  writer.reserve(walHeaderBytes);
  writer.at = walHeaderBytes;
  writer.varint(record.series.length);
  for (const { ref, labels } of record.series) {
    writer.varint(ref);
    putLabels(writer, labels);
  }
  writer.varint(record.exemplars.length);
  for (const { ref, exemplar } of record.exemplars) {
    writer.varint(ref);
    writer.f64(exemplar.timeMs);
    writer.f64(exemplar.value);
    putLabels(writer, exemplar.labels);
  }
  putFloats(writer, record.floats);
  writer.varint(record.histograms.length);
  for (const { ref, timeMs, histogram } of record.histograms) {
    writer.varint(ref);
    writer.f64(timeMs);
    putHistogram(writer, histogram);
  }
}

/** Throws DamageError. */
export function getNotes(payload: Uint8Array): CommitNotes {
  return readNotes(new ByteReader(payload));
}

/** Throws DamageError. */
export function getSamples(payload: Uint8Array): CommitSamples {
  const reader = new ByteReader(payload);
  readNotes(reader);
  const floats = getFloats(reader);
  const histograms = Array.from({ length: reader.count(40) }, () => ({
    ref: reader.varint(),
    timeMs: reader.f64(),
    histogram: getHistogram(reader),
  }));
  return { floats, histograms };
}

function readNotes(reader: ByteReader): CommitNotes {
  const series = Array.from({ length: reader.count(2) }, () => ({ ref: reader.varint(), labels: getLabels(reader) }));
  const exemplars = Array.from({ length: reader.count(18) }, () => ({
    ref: reader.varint(),
    exemplar: { timeMs: reader.f64(), value: reader.f64(), labels: getLabels(reader) },
  }));
  return { series, exemplars };
}

/** Count; refs as zigzag steps; one time when all are equal (mode 0) or all of them (mode 1); the values as they lie in memory. */
function putFloats(writer: ByteWriter, { refs, times, values }: CommitSamples['floats']): void {
  const count = refs.length;
  writer.varint(count);
  writer.reserve(count * 5 + 16);
  const bytes = writer.bytes;
  let at = writer.at;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const step = (refs[i]! - before) | 0;
    before = refs[i]!;
    let zigzag = ((step << 1) ^ (step >> 31)) >>> 0;
    while (zigzag > 127) {
      bytes[at++] = (zigzag & 127) | 128;
      zigzag >>>= 7;
    }
    bytes[at++] = zigzag;
  }
  writer.at = at;
  if (count === 0) return;
  const one = times.every((timeMs) => timeMs === times[0]);
  writer.u8(one ? 0 : 1);
  if (one) writer.f64(times[0]!);
  else writer.raw(new Uint8Array(times.buffer, times.byteOffset, count * 8));
  writer.raw(new Uint8Array(values.buffer, values.byteOffset, count * 8));
}

function getFloats(reader: ByteReader): CommitSamples['floats'] {
  const count = reader.count(1);
  const refs = new Uint32Array(count);
  let ref = 0;
  for (let i = 0; i < count; i++) refs[i] = ref += reader.zigzag();
  if (count === 0) return { refs, times: new Float64Array(0), values: new Float64Array(0) };
  const mode = reader.u8();
  if (mode > 1) throw new DamageError('a commit has an unknown time mode');
  const times = mode === 0 ? new Float64Array(count).fill(reader.f64()) : doubles(reader, count);
  return { refs, times, values: doubles(reader, count) };
}

function doubles(reader: ByteReader, count: number): Float64Array {
  return new Float64Array(new Uint8Array(reader.raw(count * 8)).buffer);
}

export function putLabels(writer: ByteWriter, labels: Labels): void {
  writer.varint(labels.length);
  for (const text of labels) writer.text(text);
}

export function getLabels(reader: ByteReader): Labels {
  return Array.from({ length: reader.count(1) }, () => reader.text());
}

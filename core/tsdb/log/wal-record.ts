import type { Histogram, Labels } from '#core/model/index.ts';
import { DamageError, ByteReader, type ByteWriter } from '../bytes/bytes.ts';
import { getHistogram, putHistogram } from '../codec/histogram-row.ts';
import type { RefExemplar } from './notes.ts';
import { walHeaderBytes, type WalFrame } from './wal-frame.ts';

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

/** A commit to be written. Labels are asked for one series at a time: a first scrape may bring 100,000. */
export interface Commit extends CommitSamples, Pick<CommitNotes, 'exemplars'> {
  readonly series: Uint32Array | readonly number[];
  readonly labelsOf: (ref: number) => Labels;
}

/** Leaves room for the frame's header at the front. */
export function putCommit(writer: ByteWriter, record: Commit): void {
  writer.at = 0;
  writer.reserve(walHeaderBytes);
  writer.at = walHeaderBytes;
  writer.varint(record.series.length);
  for (const ref of record.series) {
    writer.varint(ref);
    putLabels(writer, record.labelsOf(ref));
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
export function getSamples({ version, payload }: Pick<WalFrame, 'version' | 'payload'>): CommitSamples {
  const reader = new ByteReader(payload);
  readNotes(reader);
  const floats = version === 1 ? getFloats1(reader) : getFloats(reader);
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

/** A step between times that a zigzag can hold, and a double exactly. */
const stepMax = 2 ** 51;

/**
 * Count, runs, values. A run is the samples of one series: a varint of twice the zigzag step from the run's ref before, plus 1 when its
 * times follow: how many, the first, and the zigzag steps between them. Other runs have the times of the run before.
 */
function putFloats(writer: ByteWriter, floats: CommitSamples['floats']): void {
  const count = floats.refs.length;
  writer.varint(count);
  const runs = new RunWriter(writer, floats);
  while (runs.at < count) runs.next();
  const { values } = floats;
  writer.raw(new Uint8Array(values.buffer, values.byteOffset, count * 8));
}

class RunWriter {
  /** Where the next run begins. */
  at = 0;
  readonly #writer: ByteWriter;
  readonly #floats: CommitSamples['floats'];
  /** The run before: its ref, and where the times that it has were written. */
  #ref = 0;
  #timesFrom = 0;
  #timesTo = 0;

  constructor(writer: ByteWriter, floats: CommitSamples['floats']) {
    this.#writer = writer;
    this.#floats = floats;
  }

  next(): void {
    const { refs, times } = this.#floats;
    const from = this.at;
    const ref = refs[from]!;
    let to = from + 1;
    while (to < refs.length && refs[to] === ref && Math.abs(times[to]! - times[to - 1]!) < stepMax) to++;
    const step = ref - this.#ref;
    const zigzag = step < 0 ? -step * 2 - 1 : step * 2;
    const follows = !sameTimes(times, this.#timesFrom, this.#timesTo, from, to);
    this.#writer.varint(zigzag * 2 + (follows ? 1 : 0));
    if (follows) {
      putTimes(this.#writer, times, from, to);
      this.#timesFrom = from;
      this.#timesTo = to;
    }
    this.#ref = ref;
    this.at = to;
  }
}

function sameTimes(times: Float64Array, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = from, k = otherFrom; i < to; i++, k++) if (times[i] !== times[k]) return false;
  return true;
}

function putTimes(writer: ByteWriter, times: Float64Array, from: number, to: number): void {
  writer.varint(to - from);
  writer.f64(times[from]!);
  for (let i = from + 1; i < to; i++) writer.zigzag(times[i]! - times[i - 1]!);
}

function getFloats(reader: ByteReader): CommitSamples['floats'] {
  const count = reader.count(8);
  const refs = new Uint32Array(count);
  const times = new Float64Array(count);
  let ref = 0;
  let timeline = 0;
  let length = 0;
  for (let at = 0; at < count; at += length) {
    const head = reader.varint();
    const follows = head % 2;
    const zigzag = (head - follows) / 2;
    ref += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    if (follows === 1) {
      length = reader.varint();
      if (length > count - at) throw new DamageError('a commit has more times than samples');
      times[at] = reader.f64();
      for (let i = at + 1; i < at + length; i++) times[i] = times[i - 1]! + reader.zigzag();
      timeline = at;
    }
    if (length === 0 || length > count - at) throw new DamageError('a run of a commit has no samples, or too many');
    for (let i = 0; i < length; i++) {
      refs[at + i] = ref;
      times[at + i] = times[timeline + i]!;
    }
  }
  return { refs, times, values: doubles(reader, count) };
}

/** As frames of version 1 have them: count; refs as zigzag steps; one time when all are equal (mode 0) or all of them (mode 1); values. */
function getFloats1(reader: ByteReader): CommitSamples['floats'] {
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

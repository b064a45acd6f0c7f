/** Columns of samples as remote write requests, the way a sender splits them. */
import { snappyEncode } from '../../support/snappy.ts';

/** Series after series: the samples of series `i` are `values[i * steps .. (i + 1) * steps)`, the first of them `offsetsMs[i]` after `startMs`. */
export interface Columns {
  readonly labels: readonly Readonly<Record<string, string>>[];
  readonly offsetsMs: readonly number[];
  readonly values: Float64Array;
  readonly steps: number;
  readonly stepMs: number;
  readonly startMs: number;
}

/** How many series and steps one request carries. */
export interface Split {
  readonly seriesMax: number;
  readonly stepsMax: number;
}

interface WriteRequest {
  readonly body: Uint8Array;
  readonly samples: number;
}

/** The samples of series [seriesFrom, seriesTo) in order of time, as snappy-compressed `prometheus.WriteRequest`s. */
export function* writeRequests(columns: Columns, { seriesMax, stepsMax }: Split, seriesFrom: number, seriesTo: number): Generator<WriteRequest> {
  const { labels, steps } = columns;
  const encoded = labels.map(encodeLabels);
  const writer = new Writer();
  for (let step = 0; step < steps; step += stepsMax) {
    const stepTo = Math.min(steps, step + stepsMax);
    for (let from = seriesFrom; from < seriesTo; from += seriesMax) {
      const to = Math.min(seriesTo, from + seriesMax);
      writer.at = 0;
      for (let i = from; i < to; i++) putSeries(writer, encoded[i]!, columns, i, step, stepTo);
      yield { body: snappyEncode(writer.bytes.subarray(0, writer.at)), samples: (to - from) * (stepTo - step) };
    }
  }
}

/** A time of our days takes six bytes as a varint; a value of 0 is left out, as senders do. */
const timeBytes = 6;

function putSeries(writer: Writer, labels: Uint8Array, columns: Columns, series: number, from: number, to: number): void {
  const { values, steps, stepMs, startMs, offsetsMs } = columns;
  const base = series * steps;
  let length = labels.length;
  for (let k = from; k < to; k++) length += 3 + timeBytes + (Object.is(values[base + k], 0) ? 0 : 9);
  writer.reserve(length + 16);
  writer.bytes[writer.at++] = 0x0a;
  writer.varint(length);
  writer.bytes.set(labels, writer.at);
  writer.at += labels.length;
  for (let k = from; k < to; k++) writer.sample(startMs + offsetsMs[series]! + k * stepMs, values, base + k);
}

function encodeLabels(labels: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = (tag: number, value: string): Uint8Array => tagged(tag, Buffer.from(value));
  return Buffer.concat(pairs.map(([name, value]) => tagged(0x0a, Buffer.concat([text(0x0a, name), text(0x12, value)]))));
}

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const head = [tag];
  let rest = bytes.length;
  for (; rest >= 0x80; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  return Buffer.concat([Uint8Array.from(head), bytes]);
}

class Writer {
  bytes = Buffer.alloc(1 << 20);
  at = 0;

  reserve(count: number): void {
    if (this.at + count > this.bytes.length) this.bytes = Buffer.concat([this.bytes], Math.max(this.bytes.length * 2, this.at + count));
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.bytes[this.at++] = (rest % 128) | 0x80;
    this.bytes[this.at++] = rest;
  }

  sample(timeMs: number, values: Float64Array, index: number): void {
    const isZero = Object.is(values[index], 0);
    this.bytes[this.at++] = 0x12;
    this.bytes[this.at++] = 1 + timeBytes + (isZero ? 0 : 9);
    if (!isZero) {
      this.bytes[this.at++] = 0x09;
      this.at = this.bytes.writeDoubleLE(values[index]!, this.at);
    }
    this.bytes[this.at++] = 0x10;
    this.varint(timeMs);
  }
}

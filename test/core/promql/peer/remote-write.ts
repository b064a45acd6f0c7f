import { labelPairs, type Histogram, type HistogramSpan, type Labels, type SeriesColumns } from '#core/model/index.ts';

const encoder = new TextEncoder();

/** Protobuf as far as remote write 1.0 needs it. */
class Message {
  readonly #parts: number[] = [];

  varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.#parts.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#parts.push(Number(rest));
    return this;
  }

  bytes(field: number, bytes: Uint8Array): this {
    this.varint((field << 3) | 2).varint(bytes.length);
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  double(field: number, values: Float64Array, index: number): this {
    this.varint((field << 3) | 1);
    for (const byte of new Uint8Array(values.buffer, values.byteOffset + index * 8, 8)) this.#parts.push(byte);
    return this;
  }

  number(field: number, value: number): this {
    return this.double(field, Float64Array.of(value), 0);
  }

  int(field: number, value: number): this {
    return this.varint(field << 3).varint(value);
  }

  signed(field: number, value: number): this {
    return this.int(field, value >= 0 ? value * 2 : -value * 2 - 1);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

function labelMessages(message: Message, labels: Labels): void {
  for (const [name, value] of labelPairs(labels)) {
    message.bytes(1, new Message().bytes(1, encoder.encode(name)).bytes(2, encoder.encode(value)).finish());
  }
}

function packedDoubles(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

function spans(message: Message, field: number, list: readonly HistogramSpan[]): void {
  for (const { gap, length } of list) message.bytes(field, new Message().signed(1, gap).int(2, length).finish());
}

const hints: Readonly<Record<Histogram['resetHint'], number>> = { unknown: 0, reset: 1, none: 2, gauge: 3 };

function histogramMessage(h: Histogram, timeMs: number): Uint8Array {
  const message = new Message().number(2, h.count).number(3, h.sum).signed(4, h.schema).number(5, h.zeroThreshold).number(7, h.zeroCount);
  spans(message, 8, h.negativeSpans);
  if (h.negative.length > 0) message.bytes(10, packedDoubles(h.negative));
  spans(message, 11, h.positiveSpans);
  if (h.positive.length > 0) message.bytes(13, packedDoubles(h.positive));
  message.int(14, h.resetHint === 'gauge' ? hints.gauge : 0).int(15, timeMs);
  if (h.bounds.length > 0) message.bytes(16, packedDoubles(h.bounds));
  return message.finish();
}

/** One write request with all samples of the series. */
export function writeRequest(series: readonly SeriesColumns[]): Uint8Array {
  const request = new Message();
  for (const { labels, timesMs, values, histograms } of series) {
    const message = new Message();
    labelMessages(message, labels);
    for (const [i, timeMs] of timesMs.entries()) {
      const histogram = histograms?.[i];
      if (histogram === undefined) message.bytes(2, new Message().double(1, values, i).int(2, timeMs).finish());
      else message.bytes(4, histogramMessage(histogram, timeMs));
    }
    request.bytes(1, message.finish());
  }
  return request.finish();
}

/** Snappy's block format, literals only. */
export function snappyLiterals(bytes: Uint8Array): Uint8Array {
  const out: number[] = [...new Message().varint(bytes.length).finish()];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const part = bytes.subarray(at, at + 65_536);
    out.push(61 << 2, (part.length - 1) & 255, (part.length - 1) >> 8);
    for (const byte of part) out.push(byte);
  }
  return Uint8Array.from(out);
}

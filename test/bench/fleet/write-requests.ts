import { hostSeries, hostValues, scrapeOffsetMs } from './hosts.ts';

export const intervalMs = 15_000;
/** Of one series in a request: what a sender with a queue of some minutes puts together. */
const samplesPerRequest = 20;

export interface Fleet {
  readonly hosts: number;
  readonly steps: number;
  readonly startMs: number;
}

const encoder = new TextEncoder();

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function labelBytes(labels: Readonly<Record<string, string>>): Uint8Array {
  const bytes = new Uint8Array(4096);
  let at = 0;
  for (const name of Object.keys(labels).sort()) {
    const [key, value] = [encoder.encode(name), encoder.encode(labels[name])];
    bytes[at] = 0x0a;
    at = putVarint(bytes, at + 1, key.length + value.length + 4);
    for (const [tag, text] of [
      [0x0a, key],
      [0x12, value],
    ] as const) {
      bytes[at] = tag;
      at = putVarint(bytes, at + 1, text.length);
      bytes.set(text, at);
      at += text.length;
    }
  }
  return bytes.slice(0, at);
}

/** A sample as the second field of a TimeSeries: a double, and a time of 2004 to 2039, whose varint takes six bytes. */
const sampleBytes = 18;

/** Writes samples [from, to) of a series and returns where they end. Remote write 1.0, "Protocol". */
function putSeries(bytes: Buffer, at: number, labels: Uint8Array, firstMs: number, values: Float64Array, from: number, to: number): number {
  bytes[at] = 0x0a;
  at = putVarint(bytes, at + 1, labels.length + (to - from) * sampleBytes);
  bytes.set(labels, at);
  at += labels.length;
  for (let k = from; k < to; k++) {
    bytes[at] = 0x12;
    bytes[at + 1] = sampleBytes - 2;
    bytes[at + 2] = 0x09;
    bytes.writeDoubleLE(values[k]!, at + 3);
    bytes[at + 11] = 0x10;
    at = putVarint(bytes, at + 12, firstMs + k * intervalMs);
  }
  return at;
}

/** Snappy's block format with literals only: senders compress better, receivers read it the same. */
function inSnappy(bytes: Buffer): Buffer {
  const blocks = Math.ceil(bytes.length / 65_536);
  const out = Buffer.allocUnsafe(bytes.length + blocks * 3 + 8);
  let at = putVarint(out, 0, bytes.length);
  for (let from = 0; from < bytes.length; from += 65_536) {
    const part = bytes.subarray(from, from + 65_536);
    out[at] = 61 << 2;
    out.writeUInt16LE(part.length - 1, at + 1);
    out.set(part, at + 3);
    at += part.length + 3;
  }
  return out.subarray(0, at);
}

/** Every sample of the fleet in order of time, as bodies of remote write requests. */
export function* writeRequests({ hosts, steps, startMs }: Fleet): Generator<{ readonly body: Buffer; readonly endMs: number }> {
  const all = Array.from({ length: hosts }, (_, index) => {
    const series = hostSeries(index);
    return {
      labels: series.map(({ labels }) => labelBytes(labels)),
      values: hostValues(index, series, steps),
      firstMs: startMs + scrapeOffsetMs(index),
    };
  });
  const room = Buffer.allocUnsafe(
    all.reduce((sum, { labels }) => sum + labels.reduce((bytes, { length }) => bytes + length + 16, 0), 0) +
      hosts * 500 * samplesPerRequest * sampleBytes,
  );
  for (let from = 0; from < steps; from += samplesPerRequest) {
    const to = Math.min(steps, from + samplesPerRequest);
    let at = 0;
    for (const { labels, values, firstMs } of all) {
      for (let s = 0; s < labels.length; s++) {
        const own = values.subarray(s * steps, (s + 1) * steps);
        at = putSeries(room, at, labels[s]!, firstMs, own, from, to);
      }
    }
    yield { body: inSnappy(room.subarray(0, at)), endMs: startMs + to * intervalMs };
  }
}

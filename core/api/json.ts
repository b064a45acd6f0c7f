/**
 * JSON written straight into bytes. A range answer has millions of numbers: built as one string it would be
 * flattened, copied and encoded again; this way each number is formatted once and copied once.
 */
import { digitsIn, numberBytesMax, putDigits, putNumber, putText } from './numbers.ts';

const bytesAtStart = 4096;
const encoder = new TextEncoder();
const sampleBytesMax = numberBytesMax + 32;
/** Seconds, brackets, quotes and a number of some digits. */
const sampleBytesUsual = 34;
const ascii = (character: string): number => character.charCodeAt(0);
const [openBracket, closeBracket, comma, quote, dot] = [ascii('['), ascii(']'), ascii(','), ascii('"'), ascii('.')];

export class JsonBytes {
  #bytes = new Uint8Array(bytesAtStart);
  #length = 0;
  readonly #starts = new SampleStarts();

  /** Raw text known to be ASCII: punctuation, keys, formatted numbers. */
  ascii(text: string): this {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
    return this;
  }

  /** Any value as JSON.stringify writes it. */
  json(value: unknown): this {
    const text = JSON.stringify(value);
    this.#reserve(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    return this;
  }

  /** A sample as Prometheus writes it: `[1700000000.123,"0.5"]`. */
  sample(timeMs: number, value: number): this {
    return this.ascii(`[${formatSeconds(timeMs)},"`)
      .number(value)
      .ascii('"]');
  }

  /** The samples of a series as a list. */
  samples(timesMs: Float64Array, values: Float64Array): this {
    this.ascii('[');
    let bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < timesMs.length; i++) {
      if (at + sampleBytesMax > bytes.length) {
        this.#length = at;
        this.#reserve(sampleBytesMax);
        bytes = this.#bytes;
      }
      if (i > 0) bytes[at++] = comma;
      at = this.#starts.put(bytes, at, timesMs[i]!);
      at = putNumber(bytes, at, values[i]!);
      bytes[at++] = quote;
      bytes[at++] = closeBracket;
    }
    this.#length = at;
    return this.ascii(']');
  }

  /** Makes room for so many samples at once, which saves growing. */
  expect(samples: number): this {
    this.#reserve(samples * sampleBytesUsual);
    return this;
  }

  /** A sample value, without quotes. */
  number(value: number): this {
    this.#reserve(numberBytesMax);
    this.#length = putNumber(this.#bytes, this.#length, value);
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const tenThousand = 10_000;

/** What stands before the value of a sample, `[1700000000.123,"`. Times that follow each other mostly differ in the last digits only. */
class SampleStarts {
  /** Of the sample before: its seconds without the last four digits, and what is written of them. */
  #above = 0;
  readonly #bytes = new Uint8Array(16);
  #length = 0;

  put(bytes: Uint8Array, from: number, timeMs: number): number {
    let at = from;
    const seconds = Math.floor(timeMs / 1000);
    const above = Math.floor(seconds / tenThousand);
    const ms = timeMs - seconds * 1000;
    if (above > 0 && above < tenThousand ** 2 && Number.isInteger(ms)) {
      if (above !== this.#above) this.#begin(above);
      for (let i = 0; i < this.#length; i++) bytes[at++] = this.#bytes[i]!;
      at = putDigits(bytes, at, seconds - above * tenThousand, 4);
      if (ms > 0) {
        bytes[at++] = dot;
        at = putDigits(bytes, at, ms, 3);
      }
    } else {
      bytes[at++] = openBracket;
      at = putText(bytes, at, formatSeconds(timeMs));
    }
    bytes[at++] = comma;
    bytes[at++] = quote;
    return at;
  }

  #begin(above: number): void {
    this.#above = above;
    this.#bytes[0] = openBracket;
    this.#length = putDigits(this.#bytes, 1, above, digitsIn(above));
  }
}

/** Unix seconds, to the millisecond where there are any, as Prometheus writes times. */
export function formatSeconds(timeMs: number): string {
  const ms = Math.abs(timeMs % 1000);
  const seconds = `${timeMs < 0 ? '-' : ''}${Math.floor(Math.abs(timeMs) / 1000)}`;
  return ms === 0 ? seconds : `${seconds}.${String(ms).padStart(3, '0')}`;
}

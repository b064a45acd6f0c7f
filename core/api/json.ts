/**
 * JSON written straight into bytes. A range answer has millions of numbers: built as one string it would be
 * flattened, copied and encoded again; this way each number is formatted once and copied once.
 */
const bytesAtStart = 4096;
const encoder = new TextEncoder();
/** The longest number is one like -2.2250738585072014e-308. */
const numberBytesMax = 32;
const sampleBytesMax = numberBytesMax + 32;
const ascii = (character: string): number => character.charCodeAt(0);
const [openBracket, closeBracket, comma, quote] = [ascii('['), ascii(']'), ascii(','), ascii('"')];
const [minus, zero] = [ascii('-'), ascii('0')];

export class JsonBytes {
  #bytes = new Uint8Array(bytesAtStart);
  #length = 0;
  readonly #times = new SampleStarts();

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

  /** The samples of a series as a list. Series of one answer mostly share their times: each is formatted once. */
  samples(timesMs: Float64Array, values: Float64Array): this {
    this.#reserve(2 + timesMs.length * sampleBytesMax);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = openBracket;
    for (let i = 0; i < timesMs.length; i++) {
      if (i > 0) bytes[at++] = comma;
      const start = this.#times.at(i, timesMs[i]!);
      for (let k = 0; k < start.length; k++) bytes[at++] = start[k]!;
      at = putNumber(bytes, at, values[i]!);
      bytes[at++] = quote;
      bytes[at++] = closeBracket;
    }
    bytes[at++] = closeBracket;
    this.#length = at;
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

/** Writes a number at `at`, where there is room for the longest, and returns where it ends. */
function putNumber(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value && value !== 0) return putInteger(bytes, at, value);
  const text = formatNumber(value);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** A whole number of 32 bits other than 0. */
function putInteger(bytes: Uint8Array, at: number, value: number): number {
  let end = at;
  if (value < 0) bytes[end++] = minus;
  let rest = Math.abs(value);
  for (let left = rest; left >= 1; left = Math.floor(left / 10)) end++;
  for (let i = end - 1; rest > 0; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** What stands before the value of a sample, `[1700000000.123,"`, by the sample's place in its series. */
class SampleStarts {
  readonly #timesMs: number[] = [];
  readonly #texts: Uint8Array[] = [];

  at(index: number, timeMs: number): Uint8Array {
    if (this.#timesMs[index] !== timeMs) {
      this.#timesMs[index] = timeMs;
      this.#texts[index] = encoder.encode(`[${formatSeconds(timeMs)},"`);
    }
    return this.#texts[index]!;
  }
}

/** Prometheus' form of a number in JSON: the shortest digits, an exponent of at least two digits below 1e-6 and from 1e21 on. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  return text.includes('e') ? text.replace(/e([+-])(\d)$/, 'e$10$2') : text;
}

/** Unix seconds, to the millisecond where there are any, as Prometheus writes times. */
export function formatSeconds(timeMs: number): string {
  const ms = Math.abs(timeMs % 1000);
  const seconds = `${timeMs < 0 ? '-' : ''}${Math.floor(Math.abs(timeMs) / 1000)}`;
  return ms === 0 ? seconds : `${seconds}.${String(ms).padStart(3, '0')}`;
}

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
const [minus, point, zero] = [ascii('-'), ascii('.'), ascii('0')];
/** Below it, every digit of the scaled number is exact. */
const wholeMax = 1e15;
const decimalsMax = 6;
const scales = [1, 10, 100, 1e3, 1e4, 1e5, 1e6];
const reversed = new Uint8Array(numberBytesMax);

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
    this.#bytes[this.#length++] = openBracket;
    for (let i = 0; i < timesMs.length; i++) {
      if (i > 0) this.#bytes[this.#length++] = comma;
      this.#copy(this.#times.at(i, timesMs[i]!));
      this.#number(values[i]!);
      this.#bytes[this.#length++] = quote;
      this.#bytes[this.#length++] = closeBracket;
    }
    this.#bytes[this.#length++] = closeBracket;
    return this;
  }

  /** A sample value, without quotes. */
  number(value: number): this {
    this.#reserve(numberBytesMax);
    this.#number(value);
    return this;
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #copy(text: Uint8Array): void {
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text[i]!;
    this.#length += text.length;
  }

  /**
   * Most values have few digits: up to 15 the shortest text that reads back as a number is the only one of that length, so that
   * `whole / scale === value` says that its digits are those of `whole`.
   */
  #number(value: number): void {
    for (let decimals = 0; decimals <= decimalsMax; decimals += 3) {
      const scale = scales[decimals]!;
      const whole = Math.round(Math.abs(value) * scale);
      if (!(whole < wholeMax)) break;
      if (whole / scale !== Math.abs(value) || whole === 0) continue;
      if (value < 0) this.#bytes[this.#length++] = minus;
      return this.#decimal(whole, decimals);
    }
    const text = formatNumber(value);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length + i] = text.charCodeAt(i);
    this.#length += text.length;
  }

  /** `whole` shifted by `decimals` places, without zeros at the end of its fraction. */
  #decimal(whole: number, decimals: number): void {
    let rest = whole;
    let places = decimals;
    while (places > 0 && rest % 10 === 0) {
      rest /= 10;
      places--;
    }
    const digitsMin = places > 0 ? places + 2 : 1;
    let digits = 0;
    do {
      const tenth = Math.floor(rest / 10);
      reversed[digits++] = zero + (rest - tenth * 10);
      if (digits === places) reversed[digits++] = point;
      rest = tenth;
    } while (rest > 0 || digits < digitsMin);
    while (digits > 0) this.#bytes[this.#length++] = reversed[--digits]!;
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
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

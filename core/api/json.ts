/**
 * JSON written straight into bytes. A range answer has millions of numbers: built as one string it would be
 * flattened, copied and encoded again; this way each number is formatted once and copied once.
 */
const bytesAtStart = 4096;
const encoder = new TextEncoder();
/** The longest number is one like -2.2250738585072014e-308. */
const numberBytesMax = 32;
const sampleBytesMax = numberBytesMax + 32;
/** Seconds, brackets, quotes and a number of some digits. */
const sampleBytesUsual = 34;
const ascii = (character: string): number => character.charCodeAt(0);
const [openBracket, closeBracket, comma, quote] = [ascii('['), ascii(']'), ascii(','), ascii('"')];
const [minus, zero, dot] = [ascii('-'), ascii('0'), ascii('.')];

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

/** Writes a number at `at`, where there is room for the longest, and returns where it ends. */
function putNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value === 0 && 1 / value > 0) {
    bytes[at] = zero;
    return at + 1;
  }
  const decimals = decimalsOf(value);
  if (decimals >= 0) return putDecimal(bytes, at, Math.round(value * powersOf10[decimals]!), decimals);
  const text = formatNumber(value);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

const decimalsMax = 6;
const powersOf10 = Float64Array.from({ length: decimalsMax + 1 }, (_, k) => 10 ** k);
/** No two decimals of fifteen digits are the same double, so such a decimal is the shortest that reads back as it. */
const wholeMax = 1e15;
/** Numbers of one series mostly have as many decimals as the one before. */
let decimalsBefore = 0;

/** The least `k` up to six for which the value is a whole number of 10^-k, of fifteen digits at most; -1 when there is none. */
function decimalsOf(value: number): number {
  if (isDecimal(value, decimalsBefore)) {
    while (decimalsBefore > 0 && isDecimal(value, decimalsBefore - 1)) decimalsBefore--;
    return decimalsBefore;
  }
  for (let k = 0; k <= decimalsMax; k++) if (k !== decimalsBefore && isDecimal(value, k)) return (decimalsBefore = k);
  return -1;
}

function isDecimal(value: number, decimals: number): boolean {
  const power = powersOf10[decimals]!;
  const whole = Math.round(value * power);
  return whole / power === value && whole < wholeMax && whole > -wholeMax && whole !== 0;
}

/** `whole` / 10^decimals; `whole` is not 0 and has fifteen digits at most. */
function putDecimal(bytes: Uint8Array, at: number, whole: number, decimals: number): number {
  let from = at;
  if (whole < 0) bytes[from++] = minus;
  const digits = Math.abs(whole);
  const length = Math.max(digitsIn(digits), decimals + 1);
  const point = from + length - decimals;
  const end = from + length + (decimals > 0 ? 1 : 0);
  const high = Math.floor(digits / 1e8);
  let rest = digits - high * 1e8;
  let turn = 0;
  for (let i = end - 1; i >= from; i--) {
    if (decimals > 0 && i === point) {
      bytes[i] = dot;
      continue;
    }
    if (turn++ === 8) rest = high;
    const tenth = (rest / 10) | 0;
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function digitsIn(whole: number): number {
  let digits = 1;
  for (let bound = 10; whole >= bound; bound *= 10) digits++;
  return digits;
}

/** What stands before the value of a sample, `[1700000000.123,"`, by the sample's place in its series. */
class SampleStarts {
  readonly #timesMs: number[] = [];
  readonly #texts: Uint8Array[] = [];

  at(index: number, timeMs: number): Uint8Array {
    if (this.#timesMs[index] !== timeMs) {
      this.#timesMs[index] = timeMs;
      this.#texts[index] = bytesOf(`[${formatSeconds(timeMs)},"`);
    }
    return this.#texts[index]!;
  }
}

/** Of ASCII text; for a few characters faster than an encoder. */
function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
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

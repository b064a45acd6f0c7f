/**
 * JSON written straight into bytes. A range answer has millions of numbers: built as one string it would be
 * flattened, copied and encoded again; this way each number is formatted once and copied once.
 */
const bytesAtStart = 4096;
const encoder = new TextEncoder();
/** The longest number is one like -2.2250738585072014e-308. */
const numberBytesMax = 32;
const sampleBytesMax = numberBytesMax + 32;
/** A bracket, seconds as far as a date of the language reaches, a comma and a quote. */
const startBytesMax = 32;
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
      at = this.#times.put(bytes, at, i, timesMs[i]!);
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
  let decimals = decimalsBefore;
  let whole = wholeOf(value, decimals);
  if (whole === 0) {
    decimals = decimalsOf(value);
    if (decimals < 0) return putText(bytes, at, formatNumber(value));
    decimalsBefore = decimals;
    whole = wholeOf(value, decimals);
  }
  // A decimal that ends in zeros is written with fewer digits.
  for (; decimals > 0; decimals--) {
    const tenth = Math.round(whole * 0.1);
    if (tenth * 10 !== whole) break;
    whole = tenth;
  }
  if (decimals === 0) decimalsBefore = 0;
  return putDecimal(bytes, at, whole, decimals);
}

const decimalsMax = 6;
const powersOf10 = Float64Array.from({ length: decimalsMax + 1 }, (_, k) => 10 ** k);
/** No two decimals of fifteen digits are the same double, so such a decimal is the shortest that reads back as it. */
const wholeMax = 1e15;
/** Numbers of one series mostly have as many decimals as the one before. */
let decimalsBefore = 0;

/** The least `k` up to six for which the value is a whole number of 10^-k, of fifteen digits at most; -1 when there is none. */
function decimalsOf(value: number): number {
  for (let k = 0; k <= decimalsMax; k++) if (wholeOf(value, k) !== 0) return k;
  return -1;
}

/** The value in units of 10^-decimals, when it is a whole number of them of fifteen digits at most; else 0. */
function wholeOf(value: number, decimals: number): number {
  const power = powersOf10[decimals]!;
  const whole = Math.round(value * power);
  return whole / power === value && whole < wholeMax && whole > -wholeMax ? whole : 0;
}

/** `whole` / 10^decimals; `whole` is not 0 and has fifteen digits at most. */
function putDecimal(bytes: Uint8Array, at: number, whole: number, decimals: number): number {
  let from = at;
  if (whole < 0) bytes[from++] = minus;
  const digits = Math.abs(whole);
  if (decimals === 0) return putDigits(bytes, from, digits, digitsIn(digits));
  const power = powersOf10[decimals]!;
  const units = Math.floor(digits / power);
  const point = putDigits(bytes, from, units, digitsIn(units));
  bytes[point] = dot;
  return putDigits(bytes, point + 1, digits - units * power, decimals);
}

/** The digits of 0 to 9999, four bytes each. */
const fours = Uint8Array.from({ length: 40_000 }, (_, i) => zero + (Math.floor(i / 4 / 10 ** (3 - (i % 4))) % 10));

/** Writes a whole number of fifteen digits at most with so many digits, zeros in front. */
function putDigits(bytes: Uint8Array, at: number, whole: number, digits: number): number {
  const end = at + digits;
  if (digits <= 8) {
    putSmall(bytes, at, end, whole);
    return end;
  }
  const high = Math.floor(whole / 1e8);
  putSmall(bytes, at, end - 8, high);
  putSmall(bytes, end - 8, end, whole - high * 1e8);
  return end;
}

/** Fills `[from, to)` with the digits of a whole number below 10^8. */
function putSmall(bytes: Uint8Array, from: number, to: number, whole: number): void {
  let rest = whole | 0;
  let at = to;
  for (; at - from >= 4; at -= 4) {
    const above = (rest / 10_000) | 0;
    const four = (rest - above * 10_000) * 4;
    bytes[at - 4] = fours[four]!;
    bytes[at - 3] = fours[four + 1]!;
    bytes[at - 2] = fours[four + 2]!;
    bytes[at - 1] = fours[four + 3]!;
    rest = above;
  }
  const four = rest * 4 + 4;
  for (let back = 1; at > from; back++) bytes[--at] = fours[four - back]!;
}

function digitsIn(whole: number): number {
  if (whole >= 1e8) return 8 + digitsIn(Math.floor(whole / 1e8));
  if (whole >= 1e4) return whole >= 1e6 ? (whole >= 1e7 ? 8 : 7) : whole >= 1e5 ? 6 : 5;
  return whole >= 100 ? (whole >= 1000 ? 4 : 3) : whole >= 10 ? 2 : 1;
}

function putText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** What stands before the value of a sample, `[1700000000.123,"`, by the sample's place in its series. */
class SampleStarts {
  #timesMs = new Float64Array(64).fill(NaN);
  #lengths = new Uint8Array(64);
  #bytes = new Uint8Array(64 * startBytesMax);

  put(bytes: Uint8Array, at: number, index: number, timeMs: number): number {
    if (index >= this.#timesMs.length) this.#grow(index);
    if (this.#timesMs[index] !== timeMs) this.#format(index, timeMs);
    const from = index * startBytesMax;
    const length = this.#lengths[index]!;
    const own = this.#bytes;
    for (let i = 0; i < length; i++) bytes[at + i] = own[from + i]!;
    return at + length;
  }

  #format(index: number, timeMs: number): void {
    const from = index * startBytesMax;
    this.#timesMs[index] = timeMs;
    this.#bytes[from] = openBracket;
    let at = from + 1;
    const seconds = timeMs / 1000;
    if (Number.isInteger(seconds) && seconds > 0 && seconds < wholeMax) at = putDigits(this.#bytes, at, seconds, digitsIn(seconds));
    else at = putText(this.#bytes, at, formatSeconds(timeMs));
    this.#bytes[at++] = comma;
    this.#bytes[at++] = quote;
    this.#lengths[index] = at - from;
  }

  #grow(index: number): void {
    const room = Math.max(index + 1, this.#timesMs.length * 2);
    const [timesMs, lengths, bytes] = [new Float64Array(room).fill(NaN), new Uint8Array(room), new Uint8Array(room * startBytesMax)];
    timesMs.set(this.#timesMs);
    lengths.set(this.#lengths);
    bytes.set(this.#bytes);
    this.#timesMs = timesMs;
    this.#lengths = lengths;
    this.#bytes = bytes;
  }
}

/** Prometheus' form of a number in JSON: the shortest digits, an exponent of at least two digits below 1e-6 and from 1e21 on. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e-6 && size < 1e21) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Unix seconds, to the millisecond where there are any, as Prometheus writes times. */
export function formatSeconds(timeMs: number): string {
  const ms = Math.abs(timeMs % 1000);
  const seconds = `${timeMs < 0 ? '-' : ''}${Math.floor(Math.abs(timeMs) / 1000)}`;
  return ms === 0 ? seconds : `${seconds}.${String(ms).padStart(3, '0')}`;
}

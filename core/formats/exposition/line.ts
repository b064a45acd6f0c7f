import { METRIC_NAME, type Exemplar } from '#core/model/index.ts';

/**
 * The grammar of one sample line, over bytes: `head value [time] [# exemplar]`, head = name and labels.
 * Text 0.0.4 allows blanks anywhere and gives times in ms; OpenMetrics wants exactly one space and gives seconds.
 * Source: Prometheus' exposition formats page; OpenMetrics 1.0, section "Text format" (ABNF). Both also take the quoted
 * names of Prometheus 3, `{"a.b", "c.d"="e"} 1`.
 *
 * Readers report by a reason text, empty when all is well: junk must not cost an exception a line.
 */
export type ExpositionFormat = 'text' | 'openmetrics';

/** Bytes that the grammar knows. */
export const byte = {
  tab: 9,
  newline: 10,
  space: 32,
  quote: 34,
  hash: 35,
  comma: 44,
  equals: 61,
  backslash: 92,
  open: 123,
  close: 125,
} as const;

/** More labels than any exporter sends; the guards of intake refuse far fewer. */
const headLabelsMax = 512;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');

/** Bit 1: may begin a label name; bit 2: may continue one. `:` is for metric names only. */
const nameBits = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const text = String.fromCharCode(c);
  nameBits[c] = /[a-zA-Z_]/.test(text) ? 3 : /[0-9]/.test(text) ? 2 : 0;
}
const colon = 58;

/** Where a metric name that begins at `at` ends; `at` itself when none begins there. */
export function metricNameEnd(bytes: Uint8Array, at: number, to: number): number {
  let end = at;
  while (end < to && (bytes[end] === colon || (nameBits[bytes[end]!]! & (end === at ? 1 : 2)) !== 0)) end++;
  return end;
}

/** Reads a head, or the braces of an exemplar, into label pairs. */
export class HeadReader {
  /** Where the head ended. Meaningful when `read` gave no reason. */
  end = 0;
  /** `name, value, ...` in the order of the text, the metric's name first under `__name__`. */
  pairs: string[] = [];

  readonly #blanks: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The line a byte a character: parts of it that are ASCII are cut out of it, which costs far less than decoding each. */
  #line = '';
  #lineFrom = 0;
  #to = 0;
  #at = 0;

  constructor(format: ExpositionFormat) {
    this.#blanks = format === 'text';
  }

  /** Reads `[name][{labels}]` between `from` and `to`. */
  read(bytes: Uint8Array, from: number, to: number): string {
    this.#begin(bytes, from, to);
    this.#skip();
    const nameEnd = metricNameEnd(bytes, this.#at, to);
    if (nameEnd > this.#at) this.pairs.push(METRIC_NAME, this.#cut(this.#at, nameEnd));
    this.#at = this.end = nameEnd;
    this.#skip();
    if (bytes[this.#at] === byte.open && this.#at < to) {
      const reason = this.#braces();
      if (reason !== '') return reason;
    }
    return this.pairs[0] === METRIC_NAME ? '' : 'a metric name is expected';
  }

  /** Reads `{labels}` between `from` and `to`. */
  readBraces(bytes: Uint8Array, from: number, to: number): string {
    this.#begin(bytes, from, to);
    return bytes[from] === byte.open && from < to ? this.#braces() : '"{" is expected';
  }

  #begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.#line = latin1(bytes, from, to);
    this.#lineFrom = from;
    this.#at = this.end = from;
    this.#to = to;
    this.pairs = [];
  }

  #skip(): void {
    if (!this.#blanks) return;
    while (this.#at < this.#to && (this.#bytes[this.#at] === byte.space || this.#bytes[this.#at] === byte.tab)) this.#at++;
  }

  /** The byte under the cursor; -1 at the end of the line. */
  #peek(): number {
    return this.#at < this.#to ? this.#bytes[this.#at]! : -1;
  }

  #braces(): string {
    this.#at++;
    this.#skip();
    for (let first = true; this.#peek() !== byte.close; first = false) {
      if (!first) {
        if (this.#peek() !== byte.comma) return '"," or "}" is expected between labels';
        this.#at++;
        this.#skip();
        if (this.#blanks && this.#peek() === byte.close) break; // Text 0.0.4 allows a last comma.
      }
      const reason = this.#pair();
      if (reason !== '') return reason;
      this.#skip();
    }
    this.end = ++this.#at;
    return this.#repeatedName();
  }

  #pair(): string {
    const quoted = this.#peek() === byte.quote;
    const name = quoted ? this.#quoted() : this.#labelName();
    if (name === undefined) return quoted ? 'a quoted name is not closed, not UTF-8, or has a bad escape' : 'a label name is expected';
    this.#skip();
    if (quoted && this.#peek() !== byte.equals) {
      if (this.pairs.length > 0 || name === '') return 'a quoted metric name must come first and only once';
      this.pairs.push(METRIC_NAME, name);
      return '';
    }
    if (this.#peek() !== byte.equals) return `"=" is expected after the label name ${name}`;
    this.#at++;
    this.#skip();
    if (this.#peek() !== byte.quote) return `the value of label ${name} must stand in double quotes`;
    const value = this.#quoted();
    if (value === undefined) return `the value of label ${name} is not closed, not UTF-8, or has a bad escape`;
    this.pairs.push(name, value);
    return this.pairs.length > headLabelsMax * 2 ? `more than ${headLabelsMax} labels` : '';
  }

  #labelName(): string | undefined {
    const from = this.#at;
    let end = from;
    while (end < this.#to && (nameBits[this.#bytes[end]!]! & (end === from ? 1 : 2)) !== 0) end++;
    this.#at = end;
    return end === from ? undefined : this.#cut(from, end);
  }

  /** The text between quotes, unescaped; undefined when it is not closed or not UTF-8. The cursor ends after it. */
  #quoted(): string | undefined {
    const from = this.#at + 1;
    let escaped = false;
    let high = 0;
    for (let at = from; at < this.#to; at++) {
      const b = this.#bytes[at]!;
      high |= b;
      if (b === byte.backslash) {
        escaped = true;
        at++;
      } else if (b === byte.quote) {
        this.#at = at + 1;
        return high < 0x80 && !escaped ? this.#cut(from, at) : decodeText(this.#bytes, from, at, escaped);
      }
    }
    return undefined;
  }

  #cut(from: number, to: number): string {
    return this.#line.slice(from - this.#lineFrom, to - this.#lineFrom);
  }

  #repeatedName(): string {
    for (let i = 2; i < this.pairs.length; i += 2) {
      for (let j = 0; j < i; j += 2) if (this.pairs[i] === this.pairs[j]) return `the label ${this.pairs[i]} stands twice`;
    }
    return '';
  }
}

/** UTF-8 bytes as text with `\\`, `\"` and `\n` undone (other escapes stay as written); undefined when not UTF-8. */
export function decodeText(bytes: Uint8Array, from: number, to: number, escaped: boolean): string | undefined {
  let text: string;
  try {
    text = utf8.decode(bytes.subarray(from, to));
  } catch {
    return undefined;
  }
  return escaped ? text.replace(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c)) : text;
}

const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Reads numbers. One object is kept so that a number costs no allocation. */
export class NumberReader {
  /** Where the number ended; -1 when there was none. */
  end = 0;

  /**
   * A decimal that begins at `at`. Exact: a mantissa below 2^53 times or over a power of ten up to 10^22 is one
   * correctly rounded operation (Clinger 1990); everything else goes through the text.
   */
  read(bytes: Uint8Array, at: number): number {
    let p = at;
    let b = bytes[p]!;
    const negative = b === 45;
    if (negative) b = bytes[++p]!;
    let mantissa = 0;
    let exponent = 0;
    const digitsFrom = p;
    while (b >= 48 && b <= 57) {
      mantissa = mantissa * 10 + (b - 48);
      b = bytes[++p]!;
    }
    let digitCount = p - digitsFrom;
    if (b === 46) {
      const fractionFrom = ++p;
      b = bytes[p]!;
      while (b >= 48 && b <= 57) {
        mantissa = mantissa * 10 + (b - 48);
        b = bytes[++p]!;
      }
      exponent = fractionFrom - p;
      digitCount -= exponent;
    }
    const plainEnd = b === byte.newline || b === byte.space || p >= bytes.length;
    if (digitCount === 0 || !plainEnd || mantissa > Number.MAX_SAFE_INTEGER || exponent < -22) return this.#readSlow(bytes, at);
    this.end = p;
    const size = exponent < 0 ? mantissa / powersOfTen[-exponent]! : mantissa;
    return negative ? -size : size;
  }

  /** Any form that Prometheus takes: signs, exponents, Inf, Infinity and NaN in any case; no hex, no underscores. */
  #readSlow(bytes: Uint8Array, at: number): number {
    let end = at;
    while (end < bytes.length && bytes[end]! > byte.space) end++;
    const text = end - at > numberCharsMax ? '' : latin1(bytes, at, end);
    this.end = end;
    if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
    if (/^\+?inf(?:inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
    if (/^-inf(?:inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY;
    if (!/^nan$/i.test(text)) this.end = -1;
    return Number.NaN;
  }
}

/** The longest exact decimal of a double has 767 significant digits; nobody writes more. */
const numberCharsMax = 1100;

/** What may follow the value: a time, and in OpenMetrics an exemplar. */
export class TailReader {
  /** NaN when the line gives none. */
  timeMs = Number.NaN;
  /** The time as an OpenMetrics line gives it; NaN when it gives none. */
  seconds = Number.NaN;
  /** Its `timeMs` is NaN when the line gives none. */
  exemplar: Exemplar | undefined;

  readonly #format: ExpositionFormat;
  readonly #numbers = new NumberReader();
  readonly #braces = new HeadReader('openmetrics');

  constructor(format: ExpositionFormat) {
    this.#format = format;
  }

  /** Reads from the end of the value to the end of the line. */
  read(bytes: Uint8Array, from: number, to: number): string {
    this.timeMs = this.seconds = Number.NaN;
    this.exemplar = undefined;
    return this.#format === 'text' ? this.#readText(bytes, from, to) : this.#readOpenMetrics(bytes, from, to);
  }

  #readText(bytes: Uint8Array, from: number, to: number): string {
    const text = latin1(bytes, from, to).replaceAll('\t', ' ').trim();
    if (text === '') return '';
    const timeMs = /^-?\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
    if (!(Math.abs(timeMs) <= timeMsMax)) return 'a time in whole milliseconds is expected after the value';
    this.timeMs = timeMs;
    return '';
  }

  #readOpenMetrics(bytes: Uint8Array, from: number, to: number): string {
    let at = from;
    if (bytes[at] === byte.space && at < to && bytes[at + 1] !== byte.hash) {
      this.seconds = this.#readSeconds(bytes, at + 1);
      at = this.#numbers.end;
      if (Number.isNaN(this.seconds)) return 'a time in seconds is expected after the value';
      this.timeMs = Math.round(this.seconds * 1000);
    }
    if (at === to) return '';
    if (to - at < 3 || bytes[at] !== byte.space || bytes[at + 1] !== byte.hash || bytes[at + 2] !== byte.space)
      return 'the end of the line or " # " is expected';
    return this.#readExemplar(bytes, at + 3, to);
  }

  #readExemplar(bytes: Uint8Array, from: number, to: number): string {
    const reason = this.#braces.readBraces(bytes, from, to);
    if (reason !== '') return `in the exemplar, ${reason}`;
    const valueFrom = this.#braces.end + 1;
    if (bytes[valueFrom - 1] !== byte.space || valueFrom >= to) return 'the exemplar has no value';
    const value = this.#numbers.read(bytes, valueFrom);
    const valueEnd = this.#numbers.end;
    if (valueEnd < 0 || valueEnd > to) return "the exemplar's value is not a number";
    let seconds = Number.NaN;
    if (valueEnd < to) {
      seconds = this.#readSeconds(bytes, valueEnd + 1);
      if (Number.isNaN(seconds) || this.#numbers.end !== to) return "the exemplar's time is not a number of seconds";
    }
    this.exemplar = { labels: sortedPairs(this.#braces.pairs), value, timeMs: Math.round(seconds * 1000) };
    return '';
  }

  /** NaN when there is no number at `at`, or none that a time in ms can hold. */
  #readSeconds(bytes: Uint8Array, at: number): number {
    const seconds = this.#numbers.read(bytes, at);
    return this.#numbers.end >= 0 && Math.abs(seconds * 1000) <= Number.MAX_VALUE ? seconds : Number.NaN;
  }
}

/** Times are doubles holding whole ms; beyond 2^53 they could not be told apart. */
const timeMsMax = Number.MAX_SAFE_INTEGER;

/** Names of the pairs without a value, which no label set holds. */
export function emptyNames(pairs: readonly string[]): readonly string[] {
  return pairs.filter((_, i) => i % 2 === 0 && pairs[i + 1] === '');
}

/** Pairs in any order as a label set; the names are known to differ. */
export function sortedPairs(pairs: readonly string[]): readonly string[] {
  const sorted: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    if (pairs[i + 1] === '') continue;
    let at = sorted.length;
    sorted.push(name, pairs[i + 1]!);
    for (; at > 0 && sorted[at - 2]! > name; at -= 2) {
      sorted[at] = sorted[at - 2]!;
      sorted[at + 1] = sorted[at - 1]!;
    }
    sorted[at] = name;
    sorted[at + 1] = pairs[i + 1]!;
  }
  return sorted;
}

import type { TimeReader } from './time.ts';

/** `2026-11-21T14:05:`: all times of a minute begin alike. */
const minuteBytes = 17;
const secondsEnd = 19;
const fractionDigitsMax = 9;
const isoForm = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:(\d\d)(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/;
const [c0, dot, comma] = '0.,'.split('').map((c) => c.charCodeAt(0)) as [number, number, number];

/** Reads times out of bytes. Most lines are of the same minute as the one before, written in the same way: of those only the rest is read. */
export class TimeBytes {
  seconds = 0;
  nanos = 0;
  readonly #time: TimeReader;
  readonly #minute = new Uint8Array(minuteBytes);
  #minuteSeconds = Number.NaN;
  /** What follows the fraction. */
  #suffix: Uint8Array = new Uint8Array(0);

  constructor(time: TimeReader) {
    this.#time = time;
  }

  /** Reads the time that the ASCII bytes from `from` to `to` begin with. */
  text(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isOfMinute(bytes, from, to)) return true;
    const text = bytes.toString('latin1', from, to);
    const time = this.#time;
    if (!time.at(text, 0) || time.end > text.length) return false;
    this.seconds = time.seconds;
    this.nanos = time.nanos;
    this.#note(text);
    return true;
  }

  /** Reads the number from `from` to `to` as one since 1970. */
  number(bytes: Buffer, from: number, to: number): boolean {
    const time = this.#time;
    if (!time.numberText(bytes.toString('latin1', from, to))) return false;
    this.seconds = time.seconds;
    this.nanos = time.nanos;
    return true;
  }

  #note(text: string): void {
    const found = isoForm.exec(text);
    if (found === null || Number(found[1]) > 59) return;
    for (let i = 0; i < minuteBytes; i++) this.#minute[i] = text.charCodeAt(i);
    this.#minuteSeconds = this.seconds - Number(found[1]);
    this.#suffix = Buffer.from(found[2] ?? '', 'latin1');
  }

  #isOfMinute(bytes: Uint8Array, from: number, to: number): boolean {
    const suffix = this.#suffix;
    const fractionEnd = to - suffix.length;
    if (this.#minuteSeconds !== this.#minuteSeconds || fractionEnd < from + secondsEnd) return false;
    // The end of a minute differs first.
    for (let i = minuteBytes - 1; i >= 0; i--) if (bytes[from + i] !== this.#minute[i]) return false;
    for (let i = 0; i < suffix.length; i++) if (bytes[fractionEnd + i] !== suffix[i]) return false;
    const [tens, ones] = [bytes[from + 17]! - c0, bytes[from + 18]! - c0];
    if (!(tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9)) return false;
    let nanos = 0;
    let at = from + secondsEnd;
    if (at < fractionEnd) {
      const digits = fractionEnd - at - 1;
      if ((bytes[at] !== dot && bytes[at] !== comma) || digits < 1 || digits > fractionDigitsMax) return false;
      for (at++; at < fractionEnd; at++) {
        const digit = bytes[at]! - c0;
        if (!(digit >= 0 && digit <= 9)) return false;
        nanos = nanos * 10 + digit;
      }
      nanos *= scales[digits]!;
    }
    this.seconds = this.#minuteSeconds + tens * 10 + ones;
    this.nanos = nanos;
    return true;
  }
}

/** What makes nanoseconds of a fraction of so many digits. */
const scales = Array.from({ length: fractionDigitsMax + 1 }, (_, digits) => 10 ** (fractionDigitsMax - digits));

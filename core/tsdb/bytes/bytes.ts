import { assert } from '#core/model/index.ts';

/** Bytes that do not say what they must. Whoever reads a unit from disk catches it and sets the unit aside. */
export class DamageError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'DamageError';
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

assert(new Uint8Array(new Uint32Array([1]).buffer)[0] === 1, 'byte formats copy typed arrays as they lie, so the machine must be little-endian');

/** Writes little-endian numbers and varints (LEB128) into one buffer that grows. */
export class ByteWriter {
  bytes: Uint8Array;
  at = 0;
  #view: DataView;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes; call before writing to `bytes` directly. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.at, value, true);
    this.at += 4;
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.at, value, true);
    this.at += 8;
  }

  /** An integer of 0 to 2^53 - 1. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7fffffff) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.bytes[this.at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  /** A signed integer of less than 2^52 either way, small ones short. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  text(value: string): void {
    if (value.length < 128 && this.#ascii(value)) return;
    const utf8 = encoder.encode(value);
    this.varint(utf8.length);
    this.raw(utf8);
  }

  /** Label texts are short and plain as a rule: writing them here is several times faster than an encoder. False, with nothing written, for others. */
  #ascii(value: string): boolean {
    const { length } = value;
    this.reserve(length + 1);
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) return false;
      this.bytes[this.at + 1 + i] = unit;
    }
    this.bytes[this.at] = length;
    this.at += length + 1;
    return true;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Empties it, and gives up room beyond `bytesMax`: one large commit should not be paid for until the end. */
  giveUpRoom(bytesMax: number): void {
    this.at = 0;
    if (this.bytes.length <= bytesMax) return;
    this.bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}

/** Reads what ByteWriter wrote; throws DamageError instead of reading past the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves past `count` bytes and returns where they begin. */
  skip(count: number): number {
    const from = this.at;
    if (from + count > this.end) throw new DamageError(`${count} bytes wanted, ${this.end - from} left`);
    this.at = from + count;
    return from;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  varint(): number {
    const first = this.bytes[this.at]!;
    if (first < 128 && this.at < this.end) {
      this.at++;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new DamageError('a number of more than 8 bytes');
  }

  /** A varint that counts things of at least `bytesEach` bytes still to come; so a damaged count cannot ask for memory. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.end - this.at) throw new DamageError(`${count} entries in ${this.end - this.at} bytes`);
    return count;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    const length = this.count(1);
    const from = this.skip(length);
    return decoder.decode(this.bytes.subarray(from, from + length));
  }

  /** A reader of bytes [from, to) of the same buffer. */
  part(from: number, to: number): ByteReader {
    return new ByteReader(this.bytes, from, to);
  }

  raw(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }
}

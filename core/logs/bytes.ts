import { DamageError } from '#core/blocks/index.ts';

/** Bytes put together: numbers of LEB128, texts behind their lengths. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(sizeHint = 4096) {
    this.#bytes = Buffer.allocUnsafe(sizeHint);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** A whole number from 0 to 2^53. */
  count(value: number): this {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80;
    this.#bytes[this.#length++] = rest;
    return this;
  }

  text(text: string): this {
    const size = Buffer.byteLength(text);
    this.count(size).#reserve(size);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
    return this;
  }

  /** The bytes from `from` to `to` of a text, behind their count. */
  range(bytes: Uint8Array, from: number, to: number): this {
    return this.count(to - from).copy(bytes, from, to);
  }

  /** The bytes from `from` to `to`. */
  copy(bytes: Uint8Array, from: number, to: number): this {
    this.#reserve(to - from);
    const out = this.#bytes;
    let at = this.#length;
    // A call of the copy of native code costs as much as some forty bytes here.
    if (to - from > 64) out.set(bytes.subarray(from, to), at);
    else for (let i = from; i < to; i++) out[at++] = bytes[i]!;
    this.#length += to - from;
    return this;
  }

  /** Bytes behind their length. */
  part(bytes: Uint8Array): this {
    return this.count(bytes.length).raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#length + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads what ByteWriter wrote. Throws DamageError where the bytes end early. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new DamageError('the bytes end early');
    return value;
  }

  count(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (!Number.isSafeInteger(value)) throw new DamageError('a number is too large');
    return value;
  }

  text(): string {
    const part = this.part();
    return part.toString('utf8');
  }

  part(): Buffer {
    return this.take(this.count());
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new DamageError('the bytes end early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
}

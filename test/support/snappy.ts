const blockBytes = 1 << 16;
const tableBits = 14;
const table = new Int32Array(1 << tableBits);

/** A plain snappy compressor for tests and benches: per block of 64 KiB, copies found by a hash of four bytes, literals between. */
export function snappyEncode(bytes: Uint8Array): Uint8Array {
  const out = new Writer(bytes);
  out.varint(bytes.length);
  for (let from = 0; from < bytes.length; from += blockBytes) encodeBlock(bytes, from, Math.min(bytes.length, from + blockBytes), out);
  return out.taken();
}

function encodeBlock(bytes: Uint8Array, from: number, end: number, out: Writer): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  table.fill(-1);
  let literalFrom = from;
  for (let at = from; at + 4 <= end;) {
    const word = view.getInt32(at, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - tableBits);
    const before = table[slot]!;
    table[slot] = at;
    if (before < 0 || view.getInt32(before, true) !== word) {
      at++;
      continue;
    }
    out.literal(literalFrom, at);
    let size = 4;
    while (at + size < end && bytes[before + size] === bytes[at + size]) size++;
    out.copies(at - before, size);
    at += size;
    literalFrom = at;
  }
  out.literal(literalFrom, end);
}

class Writer {
  readonly #source: Uint8Array;
  readonly #out: Uint8Array;
  #at = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
    this.#out = new Uint8Array(source.length + Math.ceil(source.length / 6) + 32);
  }

  #put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#out[this.#at++] = byte;
  }

  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest >>>= 7) this.#put((rest & 0x7f) | 0x80);
    this.#put(rest);
  }

  literal(from: number, to: number): void {
    if (from === to) return;
    const n = to - from - 1;
    if (n < 60) this.#put(n << 2);
    else if (n < 256) this.#put(60 << 2, n);
    else this.#put(61 << 2, n & 255, n >> 8);
    this.#out.set(this.#source.subarray(from, to), this.#at);
    this.#at += to - from;
  }

  /** One match, in copies of 64 bytes at most; none is left shorter than four. */
  copies(back: number, size: number): void {
    for (let left = size; left > 0;) {
      const part = left > 64 && left < 68 ? 60 : Math.min(64, left);
      if (part <= 11 && back < 2048) this.#put(1 | ((part - 4) << 2) | ((back >> 8) << 5), back & 255);
      else this.#put(2 | ((part - 1) << 2), back & 255, back >> 8);
      left -= part;
    }
  }

  taken(): Uint8Array {
    return this.#out.slice(0, this.#at);
  }
}

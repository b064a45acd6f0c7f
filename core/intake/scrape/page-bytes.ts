/** Room that a page begins with; it doubles from here. */
const firstBytes = 1 << 16;
/** Beyond this bytes are no part of the pool that the runtime cuts small buffers from. */
const pooledBytesMax = 1 << 17;

/**
 * The bytes of a page as its parts arrive. The collector sees bytes outside its heap late, after some 60 MB of them, and then looks through
 * everything; so room that was outgrown goes back at once, and so do pages that have been read (`giveBack`).
 */
export class PageBytes {
  #buffer: ArrayBuffer;
  length = 0;

  /** `expected`: how many there will be, as far as somebody claims to know. */
  constructor(expected: number) {
    this.#buffer = new ArrayBuffer(Math.min(Math.max(expected, 1), firstBytes));
  }

  add(part: Uint8Array): void {
    const needed = this.length + part.length;
    if (needed > this.#buffer.byteLength) this.#buffer = this.#buffer.transfer(Math.max(needed, this.#buffer.byteLength * 2));
    new Uint8Array(this.#buffer).set(part, this.length);
    this.length = needed;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.length);
  }
}

/** Gives the memory of bytes that are nobody else's back, when there are many: they are empty then. */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > pooledBytesMax) buffer.transfer(0);
}

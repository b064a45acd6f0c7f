/**
 * Messages over a pipe between two of our processes. Node's own channel copies what it carries four times, which costs an answer of 10 MB
 * as much time as making it; here the `bytes` of a message go into the pipe as they are, and are copied once on the other side.
 *
 * A message is: the length of its head (u32, little-endian), the length of its bytes (u32; `noBytes` for none), the head (the message
 * without its bytes, as JSON: half the time of structured clone, so what else is no JSON goes as bytes), the bytes.
 */
import type { Duplex } from 'node:stream';

/** The pipe's number in a child, after the three of every process and Node's channel. */
export const pipeFd = 4;

const lengthsBytes = 8;
const noBytes = 0xffffffff;

interface Message {
  bytes?: Uint8Array;
}

/** Whoever posts bytes does not write to them any more. */
export class PipeWire {
  readonly #pipe: Duplex;
  readonly #act: (message: unknown) => void;
  /** What is being read, how long it is, and what of it came in earlier chunks. */
  #part: 'lengths' | 'head' | 'bytes' = 'lengths';
  #length = lengthsBytes;
  #begun: Buffer | undefined;
  #filled = 0;
  #bytesLength = noBytes;
  #head: Message = {};

  constructor(pipe: Duplex, act: (message: unknown) => void) {
    this.#pipe = pipe;
    this.#act = act;
    pipe.on('error', () => undefined); // the process on the other side is gone, which is told elsewhere
    pipe.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  post(message: object): void {
    if (this.#pipe.destroyed) return;
    const { bytes, ...rest } = message as Message;
    const head = JSON.stringify(rest);
    const headBytes = Buffer.byteLength(head);
    const first = Buffer.allocUnsafe(lengthsBytes + headBytes);
    first.writeUInt32LE(headBytes, 0);
    first.writeUInt32LE(bytes?.length ?? noBytes, 4);
    first.write(head, lengthsBytes);
    this.#pipe.cork();
    this.#pipe.write(first);
    if (bytes !== undefined && bytes.length > 0) this.#pipe.write(bytes);
    this.#pipe.uncork();
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(chunk.length - at, this.#length - this.#filled);
      if (count === this.#length && this.#part !== 'bytes') {
        at += count;
        this.#whole(chunk.subarray(at - count, at));
        continue;
      }
      // Bytes are always copied, so that whoever gets them has memory of their own, from its first byte on.
      this.#begun ??= Buffer.allocUnsafeSlow(this.#length);
      this.#begun.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#length) this.#whole(this.#begun);
    }
  }

  /** The part at hand is there. */
  #whole(part: Buffer): void {
    switch (this.#part) {
      case 'lengths':
        this.#bytesLength = part.readUInt32LE(4);
        return this.#next('head', part.readUInt32LE(0));
      case 'head':
        this.#head = JSON.parse(part.toString()) as Message;
        if (this.#bytesLength > 0 && this.#bytesLength !== noBytes) return this.#next('bytes', this.#bytesLength);
        if (this.#bytesLength === 0) this.#head.bytes = new Uint8Array();
        return this.#arrived();
      case 'bytes':
        this.#head.bytes = part;
        return this.#arrived();
    }
  }

  #arrived(): void {
    const message = this.#head;
    this.#next('lengths', lengthsBytes);
    this.#act(message);
  }

  #next(part: 'lengths' | 'head' | 'bytes', length: number): void {
    this.#part = part;
    this.#length = length;
    this.#begun = undefined;
    this.#filled = 0;
  }
}

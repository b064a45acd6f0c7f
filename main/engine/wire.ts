/**
 * Messages over a pipe between two of our processes. Node's own channel copies what it carries four times, which costs an answer of 10 MB
 * as much time as making it; here the `bytes` of a message go into the pipe as they are, and are copied once on the other side.
 *
 * A message is: the length of its head (u32, little-endian), the length of its bytes (u32; `noBytes` for none), the head (the message
 * without its bytes, as structured clone writes it), the bytes.
 */
import { deserialize, serialize } from 'node:v8';
import type { Duplex } from 'node:stream';

/** The pipe's number in a child, after the three of every process and Node's channel. */
export const pipeFd = 4;

const lengthsBytes = 8;
const noBytes = 0xffffffff;

interface Message {
  readonly bytes?: Uint8Array;
}

/** Whoever posts bytes does not write to them any more. */
export class PipeWire {
  readonly #pipe: Duplex;
  readonly #act: (message: unknown) => void;
  /** What is being read, and how much of it is there. */
  #part: 'lengths' | 'head' | 'bytes' = 'lengths';
  #into = Buffer.allocUnsafeSlow(lengthsBytes);
  #filled = 0;
  #bytesLength = noBytes;
  #head: object = {};

  constructor(pipe: Duplex, act: (message: unknown) => void) {
    this.#pipe = pipe;
    this.#act = act;
    pipe.on('error', () => undefined); // the process on the other side is gone, which is told elsewhere
    pipe.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  post(message: object): void {
    if (this.#pipe.destroyed) return;
    const { bytes, ...rest } = message as Message;
    const head = serialize(rest);
    const first = Buffer.allocUnsafe(lengthsBytes + head.length);
    first.writeUInt32LE(head.length, 0);
    first.writeUInt32LE(bytes?.length ?? noBytes, 4);
    first.set(head, lengthsBytes);
    this.#pipe.cork();
    this.#pipe.write(first);
    if (bytes !== undefined && bytes.length > 0) this.#pipe.write(bytes);
    this.#pipe.uncork();
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const count = Math.min(chunk.length - at, this.#into.length - this.#filled);
      this.#into.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#into.length) this.#whole();
    }
  }

  /** The part at hand is there. */
  #whole(): void {
    const whole = this.#into;
    switch (this.#part) {
      case 'lengths':
        this.#bytesLength = whole.readUInt32LE(4);
        return this.#next('head', whole.readUInt32LE(0));
      case 'head':
        this.#head = deserialize(whole) as object;
        if (this.#bytesLength === noBytes) return this.#arrived(this.#head);
        return this.#bytesLength === 0 ? this.#arrived({ ...this.#head, bytes: new Uint8Array() }) : this.#next('bytes', this.#bytesLength);
      case 'bytes':
        return this.#arrived({ ...this.#head, bytes: whole });
    }
  }

  #arrived(message: object): void {
    this.#next('lengths', lengthsBytes);
    this.#act(message);
  }

  #next(part: 'lengths' | 'head' | 'bytes', length: number): void {
    this.#part = part;
    this.#filled = 0;
    this.#into = Buffer.allocUnsafeSlow(length);
  }
}

import { closeSync, fsyncSync, openSync, statfsSync, statSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cancel, Clock } from '#core/model/index.ts';

/**
 * What alerts, notifications, silences, acks, incidents and runs go on with once the disk is full. An alert that fires, is told and
 * resolves leaves some 5 KB in the journal, so this is ten thousand of them beside the 4 MB of SQLite's own log: more than the worst night.
 * Source: reliability, row 6.
 */
export const reserveBytes = 64 << 20;

/** With less than this free the disk is full to everything but the journal. */
const fullBytes = 16 << 20;
/** What one transaction of the journal may take, and what opening every store of a folder may. */
const roomBytesMin = 512 << 10;
const openBytes = 4 << 20;
/** Beyond what is missing of the reserve so much must be free before it is built again, so that it does not fill the disk itself. */
const roomBytesAfter = 64 << 20;
const lookEveryMs = 1000;
/** Written in one go while it is built: a few milliseconds. */
const sliceBytes = 4 << 20;
const sliceEveryMs = 50;

export interface ReserveOptions {
  readonly path: string;
  /** 0: none is kept. */
  readonly bytes: number;
  readonly clock: Clock;
}

/** Bytes of the disk that a folder lies on: those that this user may still take, and all. */
export function diskOf(folder: string): { readonly free: number; readonly total: number } {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** `spent`: the disk is full, and what is left of it and of the reserve is for the journal only. */
export type ReserveState = 'building' | 'kept' | 'spent';

/**
 * A file that takes up room on the disk until the disk is full. It is then given back in pieces, each right before a transaction that needs
 * it, since whatever filled the disk takes what lies free. It is built again by itself when there is room.
 */
export class Reserve {
  readonly #options: ReserveOptions;
  #bytes: number;
  #state: ReserveState = 'building';
  #cancel: Cancel | undefined;

  /** Gives back what opening the stores of the folder takes, where the disk is full already. */
  constructor(options: ReserveOptions) {
    this.#options = options;
    this.#bytes = statSync(options.path, { throwIfNoEntry: false })?.size ?? 0;
    this.#ensure(openBytes);
  }

  get state(): ReserveState {
    return this.#state;
  }

  /** Bytes that it takes up now. */
  get bytes(): number {
    return this.#bytes;
  }

  start(): void {
    if (this.#options.bytes === 0) return;
    this.#look();
    this.#cancel = this.#options.clock.after(this.#state === 'building' ? sliceEveryMs : lookEveryMs, () => this.start());
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Called right before what must be written is: gives a piece back when the disk has no room for it. Takes some microseconds. */
  ensureRoom(): void {
    this.#ensure(roomBytesMin);
  }

  get #free(): number {
    return diskOf(dirname(this.#options.path)).free;
  }

  #ensure(bytes: number): void {
    if (this.#bytes === 0) return;
    const missing = bytes - this.#free;
    if (missing <= 0) return;
    this.#state = 'spent';
    this.#bytes = Math.max(0, this.#bytes - missing);
    truncateSync(this.#options.path, this.#bytes);
  }

  #look(): void {
    const free = this.#free;
    if (free < fullBytes) this.#state = 'spent';
    else if (this.#state === 'spent' && free >= this.#options.bytes - this.#bytes + roomBytesAfter) this.#state = 'building';
    if (this.#state === 'building') this.#build(free);
  }

  #build(free: number): void {
    const { path, bytes } = this.#options;
    const missing = bytes - this.#bytes;
    if (missing > 0 && free < missing + roomBytesAfter) return;
    try {
      if (missing > 0) this.#bytes = grow(path, this.#bytes, this.#bytes + Math.min(sliceBytes, missing));
    } catch {
      this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      this.#state = 'spent'; // Full after all.
      return;
    }
    if (this.#bytes >= bytes) this.#state = 'kept';
  }
}

/** Writes a file on from `from` to `to` bytes, durably, with bytes that no file system can make smaller. */
function grow(path: string, from: number, to: number): number {
  const fd = openSync(path, 'a', 0o600);
  try {
    const words = new Uint32Array((to - from) >> 2);
    let state = (from + 1) | 0;
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    const slice = new Uint8Array(words.buffer);
    for (let at = 0; at < slice.length;) at += writeSync(fd, slice, at);
    fsyncSync(fd);
    return to;
  } finally {
    closeSync(fd);
  }
}

import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cancel, Clock } from '#core/model/index.ts';

/**
 * What alerts, notifications, silences, acks, incidents and runs go on with once the disk is full. An alert that fires, is told and
 * resolves leaves some 5 KB in the journal, so this is ten thousand of them beside the 4 MB of SQLite's own log: more than the worst night.
 * Source: reliability, row 6.
 */
export const reserveBytes = 64 << 20;

/** With less than this free the reserve is given back: more than any one commit takes. */
const roomBytesMin = 16 << 20;
/** Beyond the reserve itself so much must be free before it is built again, so that it is not given back at once. */
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

/** `spent`: given back since the disk is full; what is left of the disk is for the journal only. */
export type ReserveState = 'building' | 'kept' | 'spent';

/**
 * A file that takes up room on the disk until the disk is full, and is then given back, so that what must be written can be. It is built
 * again by itself when there is room.
 */
export class Reserve {
  readonly #options: ReserveOptions;
  #bytes: number;
  #state: ReserveState = 'building';
  #cancel: Cancel | undefined;

  constructor(options: ReserveOptions) {
    this.#options = options;
    this.#bytes = statSync(options.path, { throwIfNoEntry: false })?.size ?? 0;
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
    this.ensureRoom();
    this.#cancel = this.#options.clock.after(this.#state === 'building' ? sliceEveryMs : lookEveryMs, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Called before what must be written is: gives the reserve back when the disk has no room beside it. Takes some microseconds. */
  ensureRoom(): void {
    if (this.#options.bytes > 0 && this.#state !== 'spent' && this.#free < roomBytesMin) this.#giveBack();
  }

  get #free(): number {
    return diskOf(dirname(this.#options.path)).free;
  }

  #look(): void {
    if (this.#state === 'spent' && this.#free >= this.#options.bytes + roomBytesAfter) this.#state = 'building';
    if (this.#state === 'building') this.#build();
  }

  #build(): void {
    const { path, bytes } = this.#options;
    if (this.#bytes < bytes && this.#free < Math.min(sliceBytes, bytes - this.#bytes) + roomBytesMin) return this.#giveBack();
    try {
      this.#bytes = grow(path, this.#bytes, Math.min(bytes, this.#bytes + sliceBytes));
    } catch {
      return this.#giveBack(); // Full after all.
    }
    if (this.#bytes >= bytes) this.#state = 'kept';
  }

  #giveBack(): void {
    rmSync(this.#options.path, { force: true });
    this.#bytes = 0;
    this.#state = 'spent';
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
    return Math.max(to, from);
  } finally {
    closeSync(fd);
  }
}

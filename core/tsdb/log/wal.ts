import { closeSync, fdatasync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf, type Cancel, type Clock } from '#core/model/index.ts';
import type { ByteWriter } from '../bytes/bytes.ts';
import { finishFrame, walSegments, type Segment } from './wal-frame.ts';

/** A segment is replayed in one go, in about 30 ms; and it is cut as soon as its samples are sealed. */
const segmentBytesMax = 4 << 20;
/** Promise class B: a power cut loses no more than this. */
const syncEveryMs = 1000;

/** The file calls the log makes; a test puts a failing disk here. */
export interface WalFiles {
  write(fd: number, bytes: Uint8Array, length: number, position: number): void;
  sync(fd: number, done: (error: Error | null) => void): void;
}

const realFiles: WalFiles = {
  write(fd, bytes, length, position) {
    for (let at = 0; at < length;) at += writeSync(fd, bytes, at, length - at, position + at);
  },
  sync: fdatasync,
};

/** The log's disk, which is full while what is left of it is not for samples. */
export function filesWithin(hasRoom: (() => boolean) | undefined): WalFiles {
  if (hasRoom === undefined) return realFiles;
  return {
    ...realFiles,
    write: (...of) => {
      if (!hasRoom()) throw new Error('the disk is full but for what alerts and incidents are written with');
      realFiles.write(...of);
    },
  };
}

/**
 * The write-ahead log: segment files of checksummed frames, one frame a commit. Layout: FORMAT.md, "Write-ahead log".
 * A frame's number (lsn) counts commits over the life of the folder; a segment is named after its first frame's.
 */
export class Wal {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #files: WalFiles;
  readonly #segments: Segment[];
  #fd = -1;
  #nextLsn: number;
  #writtenLsn: number;
  #syncedLsn: number;
  /** Descriptors with unsynced bytes besides the current one; closed after the next sync. */
  #retired: number[] = [];
  #folderDirty = false;
  #syncing: Promise<void> | undefined;
  #cancelTimer: Cancel;

  /** Continues after the segments that `walSegments` lists; the next frame is `nextLsn`, in a fresh segment. */
  constructor(folder: string, clock: Clock, nextLsn: number, files: WalFiles = realFiles) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
    this.#clock = clock;
    this.#files = files;
    this.#segments = walSegments(folder);
    this.#nextLsn = nextLsn;
    this.#writtenLsn = nextLsn - 1;
    this.#syncedLsn = nextLsn - 1;
    this.#cancelTimer = clock.after(syncEveryMs, () => this.#syncByTimer());
  }

  get lastLsn(): number {
    return this.#writtenLsn;
  }

  /** The oldest commit that the log may still hold. */
  get firstLsn(): number {
    return this.#segments[0]?.firstLsn ?? this.#nextLsn;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /**
   * Writes one frame to the operating system. `writer` holds walHeaderBytes of room and then the payload; `hasNotes` says whether that
   * begins with series or exemplars, which a restart reads first.
   * Throws EngineError `unavailable` when the disk takes no more; the log is then as it was before.
   */
  append(writer: ByteWriter, hasNotes: boolean): number {
    const lsn = this.#nextLsn;
    finishFrame(writer, lsn, hasNotes);
    const segment = this.#openSegment();
    try {
      this.#files.write(this.#fd, writer.bytes, writer.at, segment.bytes);
    } catch (error) {
      this.#undoWrite(segment);
      throw new EngineError('unavailable', `${segment.path} takes no more samples (${messageOf(error)}); free some space on its disk`);
    }
    segment.bytes += writer.at;
    this.#nextLsn++;
    this.#writtenLsn = lsn;
    return lsn;
  }

  /** Settles when frame `lsn` and all before it are on stable storage. Callers that come while a sync runs share the next one. */
  async synced(lsn: number): Promise<void> {
    while (this.#syncedLsn < lsn) {
      if (this.#syncing === undefined) this.#syncing = this.#sync().finally(() => (this.#syncing = undefined));
      await this.#syncing;
    }
  }

  /** Removes the segments all of whose frames are below `lsn`. */
  cutBelow(lsn: number): void {
    while (this.#segments.length > 0) {
      const end = this.#segments[1]?.firstLsn ?? (this.#fd === -1 ? this.#nextLsn : Infinity);
      if (end > lsn) return;
      rmSync(this.#segments.shift()!.path, { force: true });
    }
  }

  /** Ends the current segment, so that cutBelow can take it. */
  retire(): void {
    if (this.#fd === -1) return;
    this.#retired.push(this.#fd);
    this.#fd = -1;
  }

  async close(): Promise<void> {
    this.#cancelTimer();
    this.retire();
    if (this.#syncing !== undefined) await this.#syncing;
    await this.#sync();
  }

  #openSegment(): Segment {
    const current = this.#segments.at(-1);
    if (this.#fd !== -1 && current!.bytes < segmentBytesMax) return current!;
    this.retire();
    const path = join(this.#folder, `${String(this.#nextLsn).padStart(16, '0')}.wal`);
    this.#fd = openSync(path, 'w', 0o600);
    this.#folderDirty = true;
    const segment = { path, firstLsn: this.#nextLsn, bytes: 0 };
    if (current?.path === path) this.#segments.pop();
    this.#segments.push(segment);
    return segment;
  }

  /** After a failed write: takes back what got through of it, or leaves the segment for a fresh one when even that fails. */
  #undoWrite(segment: Segment): void {
    try {
      ftruncateSync(this.#fd, segment.bytes);
    } catch {
      segment.bytes = fstatSync(this.#fd).size;
      this.retire();
    }
  }

  async #sync(): Promise<void> {
    const upTo = this.#writtenLsn;
    const retired = this.#retired;
    this.#retired = [];
    const descriptors = this.#fd === -1 ? retired : [...retired, this.#fd];
    try {
      for (const fd of descriptors) await this.#syncFile(fd);
      if (this.#folderDirty) syncFolder(this.#folder);
      this.#folderDirty = false;
    } catch (error) {
      throw new EngineError('unavailable', `${this.#folder} cannot be made durable: ${messageOf(error)}`);
    } finally {
      for (const fd of retired) closeSync(fd);
    }
    this.#syncedLsn = Math.max(this.#syncedLsn, upTo);
  }

  #syncFile(fd: number): Promise<void> {
    return new Promise((done, failed) => {
      this.#files.sync(fd, (error) => (error === null ? done() : failed(error)));
    });
  }

  #syncByTimer(): void {
    this.#cancelTimer = this.#clock.after(syncEveryMs, () => this.#syncByTimer());
    if (this.#syncedLsn === this.#writtenLsn || this.#syncing !== undefined) return;
    this.synced(this.#writtenLsn).catch(() => this.retire());
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

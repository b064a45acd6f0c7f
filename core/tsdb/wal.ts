import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { assert, EngineError, messageOf, type Cancel, type Clock } from '#core/model/index.ts';
import type { ByteWriter } from './bytes.ts';
import { crc32c } from './crc32c.ts';

/**
 * The write-ahead log: segment files of checksummed frames, one frame a commit. Layout: FORMAT.md, "Write-ahead log".
 * A frame's number (lsn) counts commits over the life of the folder; a segment is named after its first frame's.
 */
export interface WalFrame {
  readonly lsn: number;
  readonly payload: Uint8Array;
}

/** A stretch of a segment that is not frames: where, and what was wrong. */
export interface WalDamage {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly cause: string;
}

export const walHeaderBytes = 20;
const magic = 0x31574253; // 'SBW1'
/** Small enough to be cut soon after its samples are sealed, large enough that a fleet makes one a minute or so. */
const segmentBytesMax = 16 << 20;
/** Promise class B: a power cut loses no more than this. */
const syncEveryMs = 1000;

interface Segment {
  readonly path: string;
  readonly firstLsn: number;
  bytes: number;
}

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
   * Writes one frame to the operating system. `writer` holds walHeaderBytes of room and then the payload.
   * Throws EngineError `unavailable` when the disk takes no more; the log is then as it was before.
   */
  append(writer: ByteWriter): number {
    const lsn = this.#nextLsn;
    writer.setU32(0, magic);
    writer.setU32(4, writer.at - walHeaderBytes);
    writer.setU32(12, lsn % 2 ** 32);
    writer.setU32(16, Math.floor(lsn / 2 ** 32));
    writer.setU32(8, crc32c(writer.bytes, 12, writer.at));
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

/** The segments of a folder, oldest first. */
export function walSegments(folder: string): Segment[] {
  const names = readdirSync(folder).filter((name) => /^\d{16}\.wal$/.test(name));
  return names.sort().map((name) => {
    const path = join(folder, name);
    const fd = openSync(path, 'r');
    const bytes = fstatSync(fd).size;
    closeSync(fd);
    return { path, firstLsn: Number(name.slice(0, 16)), bytes };
  });
}

/**
 * The frames of one segment. Bytes that are no frame are passed over to the next one that checks, and told to `onDamage`;
 * a frame cut short at the end of the file is what a crash leaves, and is told as well.
 */
export function* walFrames(path: string, onDamage: (damage: WalDamage) => void): Generator<WalFrame> {
  const bytes = readFileSync(path);
  let at = 0;
  let badFrom = -1;
  while (at < bytes.length) {
    const length = frameLength(bytes, at);
    if (length === 0) {
      if (badFrom < 0) badFrom = at;
      at = nextMagic(bytes, at + 1);
      continue;
    }
    if (badFrom >= 0) onDamage({ path, from: badFrom, to: at, cause: 'bytes that are no frame' });
    badFrom = -1;
    const lsn = bytes.readUInt32LE(at + 12) + bytes.readUInt32LE(at + 16) * 2 ** 32;
    yield { lsn, payload: bytes.subarray(at + walHeaderBytes, at + length) };
    at += length;
  }
  if (badFrom >= 0) onDamage({ path, from: badFrom, to: bytes.length, cause: 'the last frame is cut short' });
}

/** Bytes of the whole frame at `at`, 0 when there is none that checks. */
function frameLength(bytes: Buffer, at: number): number {
  if (at + walHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== magic) return 0;
  const end = at + walHeaderBytes + bytes.readUInt32LE(at + 4);
  if (end > bytes.length || crc32c(bytes, at + 12, end) !== bytes.readUInt32LE(at + 8)) return 0;
  return end - at;
}

const magicBytes = Buffer.from([magic & 255, (magic >>> 8) & 255, (magic >>> 16) & 255, magic >>> 24]);

function nextMagic(bytes: Buffer, from: number): number {
  const found = bytes.indexOf(magicBytes, from);
  assert(found === -1 || found >= from, 'a search goes forward');
  return found === -1 ? bytes.length : found;
}

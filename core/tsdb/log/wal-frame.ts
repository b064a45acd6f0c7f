import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ByteWriter } from '../bytes/bytes.ts';
import { crc32c } from '../bytes/crc32c.ts';

/** A segment file of the log. Layout: FORMAT.md, "Write-ahead log". */
export interface Segment {
  readonly path: string;
  readonly firstLsn: number;
  bytes: number;
}

export interface WalFrame {
  readonly lsn: number;
  /** What the payload's layout and the checksum are: 1 in segments of older releases, 2 in all that are written. */
  readonly version: 1 | 2;
  readonly payload: Uint8Array;
}

/** Bytes of a segment that are no frame. */
export interface WalDamage {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly cause: string;
}

export const walHeaderBytes = 24;
const magic1 = 0x31574253; // 'SBW1'
const magic2 = 0x32574253; // 'SBW2'
/** How both begin. */
const magicStart = Buffer.from('SBW');
const notesFlag = 1;

/** Fills in the header: magic, payload length, CRC-32 of all that follows, lsn (u64), flags (u32). */
export function finishFrame(writer: ByteWriter, lsn: number, hasNotes: boolean): void {
  writer.setU32(0, magic2);
  writer.setU32(4, writer.at - walHeaderBytes);
  writer.setU32(12, lsn % 2 ** 32);
  writer.setU32(16, Math.floor(lsn / 2 ** 32));
  writer.setU32(20, hasNotes ? notesFlag : 0);
  writer.setU32(8, crc32(writer.bytes.subarray(12, writer.at)));
}

/** The segments of a folder, oldest first. */
export function walSegments(folder: string): Segment[] {
  return segmentPaths(folder).map((path) => {
    return { path, firstLsn: Number(basename(path).slice(0, 16)), bytes: withFile(path, (fd) => fstatSync(fd).size) };
  });
}

/** Where the segments of a folder are, oldest first. */
export function segmentPaths(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /^\d{16}\.wal$/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The frames of one segment. Bytes that are no frame are passed over to the next frame that checks, and told to `onDamage`; all but a
 * frame that the end of the file cuts short, which is what the death of a process leaves: no commit of it was acknowledged.
 */
export function* walFrames(path: string, onDamage: (damage: WalDamage) => void): Generator<WalFrame> {
  const bytes = bytesOf(path);
  let at = 0;
  let badFrom = -1;
  while (at < bytes.length) {
    const length = frameLength(bytes, at);
    if (length > 0) {
      if (badFrom >= 0) onDamage({ path, from: badFrom, to: at, cause: 'no frame that checks' });
      badFrom = -1;
      yield { lsn: lsnAt(bytes, at), version: versionAt(bytes, at)!, payload: bytes.subarray(at + walHeaderBytes, at + length) };
      at += length;
    } else {
      if (badFrom < 0) badFrom = at;
      const found = bytes.indexOf(magicStart, at + 1);
      at = found < 0 ? bytes.length : found;
    }
  }
  if (badFrom >= 0 && !isCutShort(bytes, badFrom)) onDamage({ path, from: badFrom, to: bytes.length, cause: 'no frame that checks' });
}

/**
 * The frames of one segment that have notes, and the number of its last frame (0 when it has none). Reads only headers where it can:
 * a header that does not check makes it read the segment whole.
 */
export function walNotes(segment: Segment, each: (frame: WalFrame) => void): number {
  return orOnReadError(() => withFile(segment.path, (fd) => hop(fd, segment.bytes, each)), undefined) ?? readWhole(segment, each);
}

/** What the disk gives of a file; blocks that it does not give are zeros, in which no frame checks. */
function bytesOf(path: string): Buffer {
  const whole = orOnReadError(() => readFileSync(path), undefined);
  if (whole !== undefined) return whole;
  return withFile(path, (fd) => {
    const bytes = Buffer.alloc(fstatSync(fd).size);
    for (let at = 0; at < bytes.length; at += blockBytes)
      orOnReadError(() => readSync(fd, bytes, at, Math.min(blockBytes, bytes.length - at), at), 0);
    return bytes;
  });
}

/** What a disk reads or fails to read at once. */
const blockBytes = 4096;

function orOnReadError<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return otherwise;
  }
}

function hop(fd: number, end: number, each: (frame: WalFrame) => void): number | undefined {
  const header = Buffer.alloc(walHeaderBytes);
  let lastLsn = 0;
  for (let at = 0; at < end;) {
    if (end - at < walHeaderBytes) return lastLsn;
    readSync(fd, header, 0, walHeaderBytes, at);
    const length = walHeaderBytes + header.readUInt32LE(4);
    const version = versionAt(header, 0);
    if (version === undefined) return undefined;
    if (at + length > end) return lastLsn;
    if ((header.readUInt32LE(20) & notesFlag) !== 0) {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, at);
      if (frameLength(bytes, 0) !== length) return undefined;
      each({ lsn: lsnAt(bytes, 0), version, payload: bytes.subarray(walHeaderBytes) });
    }
    lastLsn = lsnAt(header, 0);
    at += length;
  }
  return lastLsn;
}

function readWhole(segment: Segment, each: (frame: WalFrame) => void): number {
  let lastLsn = 0;
  const ignore = (): void => undefined; // The replay of the samples, which follows, tells of the damage.
  for (const frame of walFrames(segment.path, ignore)) {
    each(frame);
    lastLsn = frame.lsn;
  }
  return lastLsn;
}

function withFile<T>(path: string, act: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return act(fd);
  } finally {
    closeSync(fd);
  }
}

function lsnAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 12) + bytes.readUInt32LE(at + 16) * 2 ** 32;
}

function versionAt(bytes: Buffer, at: number): 1 | 2 | undefined {
  const magic = bytes.readUInt32LE(at);
  return magic === magic2 ? 2 : magic === magic1 ? 1 : undefined;
}

/** Bytes of the whole frame at `at`, 0 when there is none that checks. */
function frameLength(bytes: Buffer, at: number): number {
  const version = at + walHeaderBytes > bytes.length ? undefined : versionAt(bytes, at);
  if (version === undefined) return 0;
  const end = at + walHeaderBytes + bytes.readUInt32LE(at + 4);
  if (end > bytes.length) return 0;
  const crc = version === 1 ? crc32c(bytes, at + 12, end) : crc32(bytes.subarray(at + 12, end));
  return crc === bytes.readUInt32LE(at + 8) ? end - at : 0;
}

/** Whether a frame begins at `at` and the file ends before it does. */
function isCutShort(bytes: Buffer, at: number): boolean {
  const start = bytes.subarray(at, at + magicStart.length);
  if (!start.equals(magicStart.subarray(0, start.length))) return false;
  return bytes.length - at < 8 || walHeaderBytes + bytes.readUInt32LE(at + 4) > bytes.length - at;
}

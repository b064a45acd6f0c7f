import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { Readable } from 'node:stream';
import { EngineError, messageOf } from '#core/model/index.ts';
import { wholeOf, type Bytes, type Entry } from './bytes.ts';
import type { ImportLimits } from './limits.ts';

/** Zip and Zip64 archives by their central directory, stored and deflated: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const endSignature = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const fileSignature = 0x02014b50;
const endBytes = 22;
const end64Bytes = 56;
const locatorBytes = 20;
const localBytes = 30;
const noteBytesMax = 0xffff;
/** What stands for a number that is in the Zip64 field. */
const wide = 0xffffffff;
const wideField = 0x0001;

/** An archive that is read at any place. */
interface Archive {
  readonly size: number;
  /** Fewer bytes at the end of the archive. */
  read(from: number, length: number): Promise<Buffer>;
  stream(from: number, length: number): Bytes;
}

/** An archive on disk is read where its directory says; one within another is read whole. Names are only names: nothing is written to disk under them. */
export async function* zipEntries({ path, bytes, file }: Entry, limits: ImportLimits): AsyncGenerator<Entry> {
  const archive = file === undefined ? inMemory(await wholeOf(bytes, limits.documentBytesMax)) : await onDisk(file);
  for (const one of await directoryOf(archive, path, limits)) {
    if (one.name.endsWith('/')) continue;
    yield { path: `${path}!${one.name}`, modifiedMs: one.modifiedMs, bytes: contentOf(archive, one) };
  }
}

function inMemory(archive: Buffer): Archive {
  const read = (from: number, length: number): Buffer => archive.subarray(from, from + length);
  return {
    size: archive.length,
    read: (from, length) => Promise.resolve(read(from, length)),
    stream: (from, length) => Readable.from([read(from, length)]),
  };
}

async function onDisk(file: string): Promise<Archive> {
  const handle = await open(file);
  const { size } = await handle.stat().finally(() => handle.close());
  const stream = (from: number, length: number): Bytes =>
    length <= 0 || from >= size ? Readable.from([]) : createReadStream(file, { start: from, end: from + length - 1, highWaterMark: 256 << 10 });
  return { size, stream, read: (from, length) => wholeOf(stream(from, length), length) };
}

interface ZipFile {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly offset: number;
  readonly modifiedMs: number;
  readonly isEncrypted: boolean;
}

interface Directory {
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
}

/** Where the directory lies, as the end of the archive says. */
async function directoryPlace(archive: Archive, path: string): Promise<Directory> {
  const tailFrom = Math.max(0, archive.size - endBytes - noteBytesMax - locatorBytes);
  const tail = await archive.read(tailFrom, archive.size - tailFrom);
  const end = tail.lastIndexOf(endSignature);
  if (end < 0 || tail.length - end < endBytes) throw new EngineError('invalid', `${path}: the archive is cut short`);
  const short = { count: tail.readUInt16LE(end + 10), bytes: tail.readUInt32LE(end + 12), offset: tail.readUInt32LE(end + 16) };
  const locator = end - locatorBytes;
  if (locator < 0 || tail.readUInt32LE(locator) !== locator64Signature) return short;
  const record = await archive.read(Number(tail.readBigUInt64LE(locator + 8)), end64Bytes);
  if (record.length < end64Bytes || record.readUInt32LE(0) !== end64Signature)
    throw new EngineError('invalid', `${path}: the archive's directory is damaged`);
  const at = (offset: number): number => Number(record.readBigUInt64LE(offset));
  return { count: at(32), bytes: at(40), offset: at(48) };
}

async function directoryOf(archive: Archive, path: string, { documentBytesMax }: ImportLimits): Promise<ZipFile[]> {
  const { count, offset, bytes } = await directoryPlace(archive, path);
  if (bytes > documentBytesMax) throw new EngineError('limit', `${path}: the archive's directory is longer than ${documentBytesMax} bytes`);
  const directory = await archive.read(offset, bytes);
  const files: ZipFile[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== fileSignature)
      throw new EngineError('invalid', `${path}: the archive's directory is damaged`);
    const [nameBytes, extraBytes, noteBytes] = [directory.readUInt16LE(at + 28), directory.readUInt16LE(at + 30), directory.readUInt16LE(at + 32)];
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    const [, packedBytes, from] = widened([directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)], extra);
    files.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      packedBytes: packedBytes!,
      offset: from!,
      modifiedMs: dosTimeMs(directory.readUInt16LE(at + 14), directory.readUInt16LE(at + 12)),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) !== 0,
    });
    at += 46 + nameBytes + extraBytes + noteBytes;
  }
  return files;
}

/** The numbers of a file's entry, those that are too large for it taken from the Zip64 field, which holds them in the same order. */
function widened(numbers: readonly number[], extra: Buffer): number[] {
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== wideField) at += 4 + extra.readUInt16LE(at + 2);
  at += 4;
  return numbers.map((number) => {
    if (number !== wide || at + 8 > extra.length) return number;
    at += 8;
    return Number(extra.readBigUInt64LE(at - 8));
  });
}

async function* contentOf(archive: Archive, { method, offset, packedBytes, isEncrypted }: ZipFile): AsyncGenerator<Uint8Array> {
  if (isEncrypted) throw new EngineError('unsupported', 'the file is encrypted; unpack it first');
  const local = await archive.read(offset, localBytes);
  if (local.length < localBytes) throw new EngineError('invalid', 'the archive is damaged: a file lies behind its end');
  const packed = archive.stream(offset + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28), packedBytes);
  if (method === 0) {
    yield* packed;
    return;
  }
  if (method !== 8) throw new EngineError('unsupported', `the file is packed by method ${method}; unpack it first`);
  try {
    for await (const chunk of Readable.from(packed).pipe(createInflateRaw())) yield chunk as Uint8Array;
  } catch (error) {
    throw new EngineError('invalid', `the file cannot be unpacked: ${messageOf(error)}`);
  }
}

/** The archive's local time without a zone, taken as UTC. */
function dosTimeMs(date: number, time: number): number {
  return Date.UTC(1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2);
}

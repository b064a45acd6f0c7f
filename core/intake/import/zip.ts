import { createInflateRaw } from 'node:zlib';
import { EngineError, messageOf } from '#core/model/index.ts';
import { wholeOf, type Entry } from './bytes.ts';
import type { ImportLimits } from './limits.ts';

/** Zip archives by their central directory, stored and deflated: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
const endSignature = 0x06054b50;
const fileSignature = 0x02014b50;

/** The archive is read whole, since its directory stands at its end. Names are only names: nothing is written to disk under them. */
export async function* zipEntries({ path, bytes }: Entry, limits: ImportLimits): AsyncGenerator<Entry> {
  const archive = await wholeOf(bytes, limits.documentBytesMax);
  for (const file of directoryOf(archive, path)) {
    if (file.name.endsWith('/')) continue;
    yield { path: `${path}!${file.name}`, modifiedMs: file.modifiedMs, bytes: contentOf(archive, file, path) };
  }
}

interface ZipFile {
  readonly name: string;
  readonly method: number;
  readonly packedBytes: number;
  readonly offset: number;
  readonly modifiedMs: number;
  readonly isEncrypted: boolean;
}

function* directoryOf(archive: Buffer, path: string): Generator<ZipFile> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || archive.length - end < 22 || archive.readUInt32LE(end) !== endSignature)
    throw new EngineError('invalid', `${path}: the archive is cut short`);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== fileSignature)
      throw new EngineError('invalid', `${path}: the archive's directory is damaged`);
    const [nameBytes, extraBytes, noteBytes] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)];
    yield {
      name: archive.toString('utf8', at + 46, at + 46 + nameBytes),
      method: archive.readUInt16LE(at + 10),
      packedBytes: archive.readUInt32LE(at + 20),
      offset: archive.readUInt32LE(at + 42),
      modifiedMs: dosTimeMs(archive.readUInt16LE(at + 14), archive.readUInt16LE(at + 12)),
      isEncrypted: (archive.readUInt16LE(at + 8) & 1) !== 0,
    };
    at += 46 + nameBytes + extraBytes + noteBytes;
  }
}

async function* contentOf(archive: Buffer, file: ZipFile, path: string): AsyncGenerator<Uint8Array> {
  const at = file.offset;
  if (at + 30 > archive.length) throw new EngineError('invalid', `${path}: the archive is damaged`);
  if (file.isEncrypted) throw new EngineError('unsupported', 'the file is encrypted; unpack it first');
  const from = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  const packed = archive.subarray(from, from + file.packedBytes);
  if (file.method === 0) {
    yield packed;
    return;
  }
  if (file.method !== 8) throw new EngineError('unsupported', `the file is packed by method ${file.method}; unpack it first`);
  const unpacker = createInflateRaw();
  unpacker.end(packed);
  try {
    for await (const chunk of unpacker) yield chunk as Uint8Array;
  } catch (error) {
    throw new EngineError('invalid', `the file cannot be unpacked: ${messageOf(error)}`);
  }
}

/** The archive's local time without a zone, taken as UTC. */
function dosTimeMs(date: number, time: number): number {
  return Date.UTC(1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2);
}

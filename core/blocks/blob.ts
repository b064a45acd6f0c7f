import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Bytes on disk that do not say what they must. Whoever reads a unit catches it and sets the unit aside. */
export class DamageError extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'DamageError';
  }
}

const version = 1;
const headBytes = 10;
/** Below this a zstd frame saves nothing worth its call. */
const plainBytesMax = 128;
/** The least that zlib takes; a result is made in one piece, which saves copying many. */
const chunkBytesMin = 64;
/** No column of a block is larger than this; a length beyond it is damage, not a reason to allocate. */
const payloadBytesMax = 1 << 30;

/** Wraps a payload for the disk. Layout: FORMAT.md, "Blob". */
export function wrapBlob(payload: Uint8Array): Buffer {
  const packed = payload.length < plainBytesMax ? payload : zstdCompressSync(payload, { chunkSize: payload.length });
  const plain = packed.length >= payload.length;
  const body = plain ? payload : packed;
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  bytes[0] = version;
  bytes[1] = plain ? 0 : 1;
  bytes.writeUInt32LE(payload.length, 6);
  bytes.set(body, headBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(6)), 2);
  return bytes;
}

/** The payload of a blob. Throws DamageError. */
export function unwrapBlob(bytes: Uint8Array): Uint8Array {
  if (bytes.length < headBytes) throw new DamageError(`${bytes.length} bytes are too few for a blob`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== version) throw new DamageError(`the version ${bytes[0]} is not known`);
  if (crc32(bytes.subarray(6)) !== view.getUint32(2, true)) throw new DamageError('the checksum is wrong');
  const length = view.getUint32(6, true);
  if (length > payloadBytesMax) throw new DamageError(`a payload of ${length} bytes is over the limit`);
  const body = bytes.subarray(headBytes);
  const payload = bytes[1] === 0 ? body : unpack(body, length);
  if (payload.length !== length) throw new DamageError(`${payload.length} bytes where ${length} were promised`);
  // A plain view: a Buffer's own slice() would share its memory.
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
}

function unpack(body: Uint8Array, length: number): Uint8Array {
  try {
    return zstdDecompressSync(body, { maxOutputLength: Math.max(length, 1), chunkSize: Math.max(length, chunkBytesMin) });
  } catch {
    throw new DamageError('the bytes cannot be decompressed');
  }
}

import { constants, zstdCompressSync, zstdDecompressSync, type ZstdOptions } from 'node:zlib';
import { messageOf } from '#core/model/index.ts';
import { DamageError, type ByteReader, type ByteWriter } from './bytes.ts';

/** How hard zstd tries. Beyond 6 it takes twice the time for a hundredth of the size; 1 takes a third of the time of 6 for two hundredths more. */
export type Effort = 1 | 6;
const optionsOf = (effort: Effort): ZstdOptions => ({ params: { [constants.ZSTD_c_compressionLevel]: effort } });
const zstdOptions = { 1: optionsOf(1), 6: optionsOf(6) } as const;
/** What a unit may claim to unpack to: far more than the largest frame, far less than memory. */
const rawBytesMax = 256 << 20;

/** Writes what `raw` holds, compressed: its length, the compressed length, the compressed bytes (zstd). */
export function putPacked(writer: ByteWriter, raw: ByteWriter, effort: Effort = 6): void {
  const packed = zstdCompressSync(raw.bytes.subarray(0, raw.at), zstdOptions[effort]);
  writer.varint(raw.at);
  writer.varint(packed.length);
  writer.raw(packed);
}

/** Throws DamageError. */
export function getPacked(reader: ByteReader): Uint8Array {
  const length = reader.varint();
  const packed = reader.raw(reader.count(1));
  if (length > rawBytesMax) throw new DamageError(`bytes that unpack to ${length} bytes`);
  try {
    const raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, length) });
    if (raw.length === length) return raw;
  } catch (error) {
    throw new DamageError(messageOf(error));
  }
  throw new DamageError('bytes that do not unpack to their length');
}

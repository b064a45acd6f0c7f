import { ByteReader, ByteWriter, DamageError } from '../bytes/bytes.ts';
import { crc32c } from '../bytes/crc32c.ts';
import type { Frame, FrameForm, Member } from './frame-form.ts';
import { gorillaForm } from './frame-gorilla.ts';
import { planesForm } from './frame-planes.ts';

/** Frames begin and end within one window of this length, aligned to the epoch. 480 samples at the usual 15 s. */
export const windowMs = 7_200_000;
export const windowStart = (timeMs: number): number => Math.floor(timeMs / windowMs) * windowMs;

const forms: ReadonlyMap<number, FrameForm> = new Map([gorillaForm, planesForm].map((form) => [form.id, form]));

const version = 1;
const headerBytes = 6;

/** Room for the frame being encoded: one at a time. */
const writer = new ByteWriter(65536);

/** Version, form, CRC32C of what follows, payload. The samples of every member lie in the window that begins at `windowStartMs`. */
export function encodeFrame(form: FrameForm, windowStartMs: number, members: readonly Member[]): Uint8Array {
  writer.at = 0;
  writer.u8(version);
  writer.u8(form.id);
  writer.u32(0);
  form.encode(writer, windowStartMs, members);
  writer.setU32(2, crc32c(writer.bytes, headerBytes, writer.at));
  return writer.take();
}

/** Throws DamageError when the bytes are not those that were written. */
export function openFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  const found = reader.u8();
  if (found !== version) throw new DamageError(`frame version ${found} is not known`);
  const form = forms.get(reader.u8());
  const crc = reader.u32();
  if (crc32c(bytes, headerBytes) !== crc) throw new DamageError('the checksum does not match');
  if (form === undefined) throw new DamageError(`frame form ${bytes[1]} is not known`);
  return form.open(reader);
}

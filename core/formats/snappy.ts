import { EngineError } from '#core/model/index.ts';

/**
 * Snappy's block format (google/snappy, format_description.txt). The length that the block claims is checked against the
 * cap before anything is allocated, and the block must fill it exactly. Throws EngineError `invalid` or `limit`.
 */
export function snappyDecode(block: Uint8Array, bytesMax: number): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const b = block[at++];
    if (b === undefined || shift > 28) throw fault('it has no length');
    length += (b & 0x7f) * 2 ** shift;
    if (b < 0x80) break;
  }
  if (length > bytesMax) throw new EngineError('limit', `the body unpacks to ${length} bytes, over the limit of ${bytesMax}`);
  // Three bytes make at most 64; a longer claim is a lie that would cost memory.
  if (length > block.length * 22) throw fault('it claims more bytes than it can hold');
  const out = new Uint8Array(length);
  fill(block, at, out);
  return out;
}

/** Elements up to this long are moved byte by byte: a call into the runtime costs more. Copies are never longer. */
const loopBytesMax = 64;

function fill(block: Uint8Array, from: number, out: Uint8Array): void {
  let at = from;
  let to = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    if ((tag & 3) === 0) {
      const extra = tag >> 2 < 60 ? 0 : (tag >> 2) - 59;
      const size = (extra === 0 ? tag >> 2 : littleEndian(block, at, extra)) + 1;
      at += extra;
      if (size > block.length - at || size > out.length - to) throw fault('a literal is cut short');
      if (size <= loopBytesMax) for (let i = 0; i < size; i++) out[to + i] = block[at + i]!;
      else out.set(block.subarray(at, at + size), to);
      at += size;
      to += size;
      continue;
    }
    let size = (tag >> 2) + 1;
    let back: number;
    if ((tag & 3) === 2 && at + 1 < block.length) {
      back = block[at]! | (block[at + 1]! << 8);
      at += 2;
    } else if ((tag & 3) === 1 && at < block.length) {
      size = ((tag >> 2) & 7) + 4;
      back = ((tag >> 5) << 8) | block[at++]!;
    } else {
      back = littleEndian(block, at, 4);
      at += 4;
    }
    if (back === 0 || back > to || size > out.length - to) throw fault('a copy reaches outside');
    for (let i = to, j = to - back, end = to + size; i < end; i++, j++) out[i] = out[j]!;
    to += size;
  }
  if (to !== out.length) throw fault('it ends early');
}

function littleEndian(block: Uint8Array, at: number, width: number): number {
  if (at + width > block.length) throw fault('it is cut short');
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + block[at + i]!;
  return value;
}

function fault(what: string): EngineError {
  return new EngineError('invalid', `the snappy body cannot be unpacked: ${what}`);
}

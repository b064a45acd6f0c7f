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

function fill(block: Uint8Array, from: number, out: Uint8Array): void {
  let at = from;
  let to = 0;
  while (at < block.length) {
    const tag = block[at++]!;
    if ((tag & 3) === 0) {
      const extra = Math.max(0, (tag >> 2) - 59);
      const size = (extra === 0 ? tag >> 2 : littleEndian(block, at, extra)) + 1;
      at += extra;
      if (size > block.length - at || size > out.length - to) throw fault('a literal is cut short');
      if (size < 32) for (let i = 0; i < size; i++) out[to + i] = block[at + i]!;
      else out.set(block.subarray(at, at + size), to);
      at += size;
      to += size;
      continue;
    }
    const width = (tag & 3) === 3 ? 4 : tag & 3;
    const size = width === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = littleEndian(block, at, width) + (width === 1 ? (tag >> 5) << 8 : 0);
    at += width;
    if (back === 0 || back > to || size > out.length - to) throw fault('a copy reaches outside');
    if (back >= size) out.copyWithin(to, to - back, to - back + size);
    else for (let i = 0; i < size; i++) out[to + i] = out[to + i - back]!;
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

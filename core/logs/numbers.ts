import { DamageError } from '#core/blocks/index.ts';

/** Whole numbers as byte planes, which compress far better than the numbers laid side by side. Layout: FORMAT.md, "Numbers". */
const deltaMode = 1;
const plainMode = 0;
const headBytes = 6;

/** Numbers from -2^51 to 2^51. The differences from one to the next are kept instead where those are smaller. */
export function packNumbers(values: Float64Array): Uint8Array {
  const deltas = new Float64Array(values.length);
  let [largest, largestDelta, before] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const zigzag = value < 0 ? -2 * value - 1 : 2 * value;
    const delta = value - before;
    const zigzagDelta = delta < 0 ? -2 * delta - 1 : 2 * delta;
    deltas[i] = zigzagDelta;
    before = value;
    if (zigzag > largest) largest = zigzag;
    if (i > 0 && zigzagDelta > largestDelta) largestDelta = zigzagDelta;
  }
  if (largestDelta * 4 < largest) return planes(deltas, Math.max(largestDelta, deltas[0] ?? 0), deltaMode);
  for (let i = 0; i < values.length; i++) deltas[i] = values[i]! < 0 ? -2 * values[i]! - 1 : 2 * values[i]!;
  return planes(deltas, largest, plainMode);
}

function planes(zigzags: Float64Array, largest: number, mode: number): Uint8Array {
  let width = 0;
  for (let rest = largest; rest >= 1; rest = Math.floor(rest / 256)) width++;
  const count = zigzags.length;
  const out = new Uint8Array(headBytes + width * count);
  new DataView(out.buffer).setUint32(1, count, true);
  out[0] = mode;
  out[5] = width;
  for (let k = 0, at = headBytes; k < Math.min(width, 4); k++) {
    const shift = 8 * k;
    for (let i = 0; i < count; i++) out[at++] = zigzags[i]! >>> shift;
  }
  for (let k = 4, at = headBytes + 4 * count; k < width; k++) {
    const scale = 2 ** (8 * k);
    for (let i = 0; i < count; i++) out[at++] = Math.floor(zigzags[i]! / scale);
  }
  return out;
}

/** What packNumbers packed. Throws DamageError. */
export function unpackNumbers(bytes: Uint8Array): Float64Array {
  if (bytes.length < headBytes) throw new DamageError('numbers without their head');
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true);
  const width = bytes[5]!;
  if (width > 7 || bytes.length !== headBytes + width * count) throw new DamageError('numbers of a wrong length');
  const out = new Float64Array(count);
  let scale = 1;
  for (let k = 0; k < width; k++, scale *= 256) {
    const from = headBytes + k * count;
    for (let i = 0; i < count; i++) out[i]! += bytes[from + i]! * scale;
  }
  const isDelta = bytes[0] === deltaMode;
  let before = 0;
  if (width <= 4) {
    for (let i = 0; i < count; i++) {
      const zigzag = out[i]! >>> 0;
      const value = (zigzag & 1) === 0 ? zigzag >>> 1 : -(zigzag >>> 1) - 1;
      out[i] = before = isDelta ? before + value : value;
    }
    return out;
  }
  for (let i = 0; i < count; i++) {
    const zigzag = out[i]!;
    const half = Math.floor(zigzag / 2);
    const value = zigzag % 2 === 0 ? half : -half - 1;
    before = isDelta ? before + value : value;
    out[i] = before;
  }
  return out;
}

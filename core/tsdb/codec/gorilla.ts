/**
 * The codec of "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (Pelkonen et al., VLDB 2015, section 4.1), with one change:
 * times count milliseconds, so the delta from the window's start takes 23 bits (2 h in ms) where the paper has 14 (2 h in s).
 * It is the reference that every other form is compared with, and the form in which the head is first sealed.
 */
import { DamageError } from '../bytes/bytes.ts';

const firstDeltaBits = 23;
const int32Max = 0x7fffffff;

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);

/** Bits, most significant first. */
class BitWriter {
  bytes = new Uint8Array(4096);
  #at = 0;
  /** Up to 7 bits that do not fill a byte yet. */
  #pending = 0;
  #pendingBits = 0;

  reset(bytesMax: number): void {
    if (this.bytes.length < bytesMax) this.bytes = new Uint8Array(bytesMax);
    this.#at = 0;
    this.#pending = 0;
    this.#pendingBits = 0;
  }

  /** The low `count` bits of `value`, 0 <= count <= 24. */
  put(value: number, count: number): void {
    let bits = this.#pendingBits + count;
    const pending = (this.#pending << count) | (value & ((1 << count) - 1));
    while (bits >= 8) {
      bits -= 8;
      this.bytes[this.#at++] = pending >>> bits;
    }
    this.#pending = pending & ((1 << bits) - 1);
    this.#pendingBits = bits;
  }

  /** The low `count` bits of an unsigned 32-bit value, 0 <= count <= 32. */
  putWide(value: number, count: number): void {
    if (count > 16) {
      this.put(value >>> 16, count - 16);
      this.put(value & 0xffff, 16);
    } else this.put(value, count);
  }

  finish(): Uint8Array {
    if (this.#pendingBits > 0) this.put(0, 8 - this.#pendingBits);
    return this.bytes.subarray(0, this.#at);
  }
}

const writer = new BitWriter();

/** How many samples from `from` on one stream can hold: a step of more than 2^31 ms ends it. */
export function gorillaRun(times: Float64Array, from: number, to: number, windowStartMs: number): number {
  let before = times[from]! - windowStartMs;
  if (before < 0 || before >= 2 ** firstDeltaBits) return 0;
  for (let i = from + 1; i < to; i++) {
    const delta = times[i]! - times[i - 1]!;
    if (Math.abs(delta - before) > int32Max) return i - from;
    before = delta;
  }
  return to - from;
}

/** Encodes samples [from, to), as many as gorillaRun allows. The result is overwritten by the next call. */
export function gorillaEncode(times: Float64Array, values: Float64Array, from: number, to: number, windowStartMs: number): Uint8Array {
  writer.reset((to - from) * 16 + 32);
  let delta = times[from]! - windowStartMs;
  writer.putWide(delta, firstDeltaBits);
  f64[0] = values[from]!;
  let high = u32[1]!;
  let low = u32[0]!;
  writer.putWide(high, 32);
  writer.putWide(low, 32);
  let leading = 32;
  let trailing = 0;
  for (let i = from + 1; i < to; i++) {
    const nextDelta = times[i]! - times[i - 1]!;
    putTime(nextDelta - delta);
    delta = nextDelta;
    f64[0] = values[i]!;
    const xorHigh = (u32[1]! ^ high) >>> 0;
    const xorLow = (u32[0]! ^ low) >>> 0;
    high = u32[1]!;
    low = u32[0]!;
    if ((xorHigh | xorLow) === 0) {
      writer.put(0, 1);
      continue;
    }
    const lead = Math.min(31, xorHigh === 0 ? 32 + Math.clz32(xorLow) : Math.clz32(xorHigh));
    const trail = xorLow === 0 ? 32 + trailingZeros(xorHigh) : trailingZeros(xorLow);
    if (lead >= leading && trail >= trailing) writer.put(0b10, 2);
    else {
      leading = lead;
      trailing = trail;
      writer.put(0b11, 2);
      writer.put(leading, 5);
      writer.put((64 - leading - trailing) & 63, 6);
    }
    putMeaning(xorHigh, xorLow, leading, trailing);
  }
  return writer.finish();
}

function putTime(dod: number): void {
  if (dod === 0) writer.put(0, 1);
  else if (dod >= -63 && dod <= 64) {
    writer.put(0b10, 2);
    writer.put(dod + 63, 7);
  } else if (dod >= -255 && dod <= 256) {
    writer.put(0b110, 3);
    writer.put(dod + 255, 9);
  } else if (dod >= -2047 && dod <= 2048) {
    writer.put(0b1110, 4);
    writer.put(dod + 2047, 12);
  } else {
    writer.put(0b1111, 4);
    writer.putWide(dod >>> 0, 32);
  }
}

/** The bits of the XOR between its leading and trailing zeros. */
function putMeaning(high: number, low: number, leading: number, trailing: number): void {
  if (trailing >= 32) {
    writer.putWide(high >>> (trailing - 32), 64 - leading - trailing);
    return;
  }
  if (leading < 32) writer.putWide(high, 32 - leading);
  writer.putWide(low >>> trailing, 32 - trailing);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Reader state of the stream being decoded: one at a time, so plain variables beat an object. */
let source: Uint8Array = new Uint8Array(0);
let bitAt = 0;
let bitEnd = 0;

/** The next `count` bits, 0 <= count <= 24, unsigned. */
function get(count: number): number {
  const at = bitAt >>> 3;
  const shift = bitAt & 7;
  bitAt += count;
  if (bitAt > bitEnd) throw new DamageError('a Gorilla stream ends early');
  const word = (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!;
  return count === 0 ? 0 : (word << shift) >>> (32 - count);
}

function getWide(count: number): number {
  if (count <= 16) return get(count);
  const upper = get(count - 16);
  return ((upper << 16) | get(16)) >>> 0;
}

/** Decodes `count` samples from the stream that begins at byte `from` and ends at `to` or before. Throws DamageError. */
export function gorillaDecode(
  bytes: Uint8Array,
  from: number,
  to: number,
  windowStartMs: number,
  times: Float64Array,
  values: Float64Array,
  count: number,
): void {
  source = bytes;
  bitAt = from * 8;
  bitEnd = to * 8;
  let delta = getWide(firstDeltaBits);
  let time = windowStartMs + delta;
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  let high = getWide(32);
  let low = getWide(32);
  let leading = 0;
  let trailing = 0;
  for (let i = 0; ; i++) {
    times[i] = time;
    words[i * 2] = low;
    words[i * 2 + 1] = high;
    if (i + 1 === count) return;
    delta += getTime();
    time += delta;
    if (get(1) === 0) continue;
    if (get(1) === 1) {
      leading = get(5);
      const length = get(6) || 64;
      trailing = 64 - leading - length;
      if (trailing < 0) throw new DamageError('a Gorilla stream names impossible zeros');
    }
    if (trailing >= 32) high ^= getWide(64 - leading - trailing) << (trailing - 32);
    else {
      if (leading < 32) high ^= getWide(32 - leading);
      low ^= getWide(32 - trailing) << trailing;
    }
  }
}

function getTime(): number {
  if (get(1) === 0) return 0;
  if (get(1) === 0) return get(7) - 63;
  if (get(1) === 0) return get(9) - 255;
  if (get(1) === 0) return get(12) - 2047;
  return getWide(32) | 0;
}

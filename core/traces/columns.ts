import { DamageError } from '#core/blocks/index.ts';

/**
 * The payloads of columns: integers as byte planes, codes into a dictionary, texts. Layouts: FORMAT.md.
 * Numbers are little-endian; typed arrays are copied as they lie, which tsdb has already asserted of the machine.
 */
export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** Beyond this a zigzag value of a difference would not be exact. */
const planeMax = 2 ** 52;
const rawMode = 2;

/**
 * Whole numbers, small ones short: the differences from one to the next (`delta`), or the numbers themselves, zigzag-coded and cut
 * into byte planes, of which those that are all zero are left out. Numbers of 2^52 and more make the column fall back to raw doubles.
 */
export function encodeIntegers(values: Float64Array, delta: boolean): Uint8Array {
  const count = values.length;
  const zigzags = new Float64Array(count);
  let before = 0;
  let top = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const change = delta ? value - before : value;
    before = value;
    const zigzag = change < 0 ? change * -2 - 1 : change * 2;
    if (!(zigzag < planeMax && Math.abs(value) < planeMax)) return rawDoubles(values);
    zigzags[i] = zigzag;
    if (zigzag > top) top = zigzag;
  }
  const planeCount = top === 0 ? 0 : Math.floor(Math.log2(top) / 8) + 1;
  const bytes = new Uint8Array(6 + planeCount * count);
  bytes[0] = delta ? 1 : 0;
  new DataView(bytes.buffer).setUint32(1, count, true);
  bytes[5] = planeCount;
  for (let i = 0; i < count; i++) {
    let rest = zigzags[i]!;
    for (let at = 6 + i; rest > 0; at += count) {
      bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
  return bytes;
}

function rawDoubles(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(6 + values.byteLength);
  bytes[0] = rawMode;
  new DataView(bytes.buffer).setUint32(1, values.length, true);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 6);
  return bytes;
}

export function decodeIntegers(bytes: Uint8Array): Float64Array {
  const count = countAt(bytes, 1);
  const mode = bytes[0]!;
  const planeCount = bytes[5]!;
  if (bytes.length !== 6 + count * (mode === rawMode ? 8 : planeCount)) throw new DamageError('a column of numbers has the wrong length');
  if (mode === rawMode) return new Float64Array(bytes.slice(6).buffer);
  const low = joinPlanes(bytes, count, 0, Math.min(4, planeCount));
  const high = joinPlanes(bytes, count, 4, planeCount);
  const values = new Float64Array(count);
  for (let i = 0, before = 0; i < count; i++) {
    const sign = low[i]! & 1;
    const half = high[i]! * 2 ** 31 + (low[i]! >>> 1);
    const change = sign === 0 ? half : -half - 1;
    values[i] = before = mode === 1 ? before + change : change;
  }
  return values;
}

/** Up to four planes, from `from` to `to`, as 32-bit numbers. */
function joinPlanes(bytes: Uint8Array, count: number, from: number, to: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let plane = from; plane < to; plane++) {
    const at = 6 + plane * count;
    const bits = (plane - from) * 8;
    for (let i = 0; i < count; i++) words[i]! |= bytes[at + i]! << bits;
  }
  return words;
}

/** Codes below `codeCount`, in the narrowest of 1, 2 or 4 bytes. */
export function encodeCodes(codes: Uint32Array, codeCount: number): Uint8Array {
  const width = codeCount <= 0x100 ? 1 : codeCount <= 0x10000 ? 2 : 4;
  const narrow = width === 1 ? Uint8Array.from(codes) : width === 2 ? Uint16Array.from(codes) : codes;
  const bytes = new Uint8Array(1 + narrow.byteLength);
  bytes[0] = width;
  bytes.set(new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength), 1);
  return bytes;
}

export function decodeCodes(bytes: Uint8Array): Codes {
  const body = bytes.slice(1);
  const width = bytes[0];
  if (width === 1) return body;
  if ((width !== 2 && width !== 4) || body.length % width !== 0) throw new DamageError('a column of codes has the wrong length');
  return width === 2 ? new Uint16Array(body.buffer) : new Uint32Array(body.buffer);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Texts, each behind its length in UTF-8; a lone surrogate becomes U+FFFD. */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  const lengths = new Float64Array(texts.length);
  const joined = encoder.encode(texts.join(''));
  // All ASCII: the lengths are known. Otherwise each text is measured by itself.
  const ascii = joined.length === texts.reduce((sum, text) => sum + text.length, 0);
  const parts = ascii ? [joined] : texts.map((text) => encoder.encode(text));
  texts.forEach((text, i) => (lengths[i] = ascii ? text.length : parts[i]!.length));
  const head = encodeIntegers(lengths, false);
  const bytes = new Uint8Array(4 + head.length + parts.reduce((sum, part) => sum + part.length, 0));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function decodeTexts(bytes: Uint8Array): string[] {
  const { lengths, body } = splitTexts(bytes);
  const whole = decoder.decode(body);
  const ascii = whole.length === body.length;
  const texts: string[] = Array.from({ length: lengths.length });
  for (let i = 0, at = 0; i < texts.length; i++) {
    const end = at + lengths[i]!;
    texts[i] = ascii ? whole.slice(at, end) : decoder.decode(body.subarray(at, end));
    at = end;
  }
  return texts;
}

/** Where among the texts `text` stands, each time: looked for in the bytes, so that the others need not be decoded. */
export function findText(bytes: Uint8Array, text: string): number[] {
  const wanted = Buffer.from(text);
  const { lengths, body } = splitTexts(bytes);
  const haystack = Buffer.from(body.buffer, body.byteOffset, body.length);
  const found: number[] = [];
  if (wanted.length === 0) return Array.from(lengths.keys()).filter((i) => lengths[i] === 0);
  for (let hit = haystack.indexOf(wanted), at = 0, i = 0; hit >= 0; hit = haystack.indexOf(wanted, hit + 1)) {
    // Empty texts take no room before the one that begins here.
    while (at < hit || lengths[i] === 0) at += lengths[i++]!;
    if (at === hit && lengths[i] === wanted.length) found.push(i);
  }
  return found;
}

function splitTexts(bytes: Uint8Array): { lengths: Float64Array; body: Uint8Array } {
  const headBytes = countAt(bytes, 0);
  const lengths = decodeIntegers(bytes.subarray(4, 4 + headBytes));
  const body = bytes.subarray(4 + headBytes);
  let total = 0;
  for (const length of lengths) total += length;
  if (total !== body.length) throw new DamageError('a column of texts has the wrong length');
  return { lengths, body };
}

function countAt(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + 4) throw new DamageError('a column is cut short');
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

/** Payloads one behind the other, each behind its length. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

export function splitParts(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + countAt(bytes, at);
    if (end > bytes.length) throw new DamageError('a column is cut short');
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

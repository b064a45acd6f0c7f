/**
 * MD5 (RFC 1321) of a text's UTF-8 bytes. Not for secrets: Prometheus defines the relabelling action `hashmod` by it, and
 * shards must agree with Prometheus'.
 */
export function md5(text: string): Uint8Array {
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  const words = padded(new TextEncoder().encode(text));
  for (let at = 0; at < words.length; at += 16) addBlock(state, words.subarray(at, at + 16));
  const digest = new DataView(new ArrayBuffer(16));
  state.forEach((word, i) => digest.setUint32(i * 4, word, true));
  return new Uint8Array(digest.buffer);
}

/** Section 3.1 and 3.2: a one bit, zeros, and the length in bits, as little-endian words. */
function padded(bytes: Uint8Array): Uint32Array {
  const wordCount = ((bytes.length + 8) >> 6) * 16 + 16;
  const view = new DataView(new ArrayBuffer(wordCount * 4));
  new Uint8Array(view.buffer).set(bytes);
  view.setUint8(bytes.length, 0x80);
  view.setBigUint64((wordCount - 2) * 4, BigInt(bytes.length) * 8n, true);
  return Uint32Array.from({ length: wordCount }, (_, i) => view.getUint32(i * 4, true));
}

/** Section 3.4: T[i] is the whole part of 2^32 times |sin(i + 1)|. */
const sines = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));
const shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

function addBlock(state: Uint32Array, block: Uint32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const [mixed, word] = mix(round, i, b, c, d);
    const sum = (a + mixed + sines[i]! + block[word & 15]!) | 0;
    const shift = shifts[round]![i & 3]!;
    [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
}

/** The functions F, G, H, I and which word of the block each step takes. */
function mix(round: number, i: number, b: number, c: number, d: number): readonly [value: number, word: number] {
  if (round === 0) return [(b & c) | (~b & d), i];
  if (round === 1) return [(b & d) | (c & ~d), 5 * i + 1];
  if (round === 2) return [b ^ c ^ d, 3 * i + 5];
  return [c ^ (b | ~d), 7 * i];
}

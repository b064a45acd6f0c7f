/**
 * A Bloom filter over texts (Bloom, 1970): four probes and ten bits a text give about 1 % of false answers "may be there".
 * The bits of a filter are its whole form; their count is a power of two.
 */
const probes = 4;
const bitsPerText = 10;

export function bloomOf(texts: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(2 ** Math.max(0, Math.ceil(Math.log2((texts.length * bitsPerText) / 8))));
  const mask = bytes.length * 8 - 1;
  for (const text of texts) {
    const [first, step] = hashes(text);
    for (let i = 0; i < probes; i++) {
      const bit = (first + i * step) & mask;
      bytes[bit >>> 3]! |= 1 << (bit & 7);
    }
  }
  return bytes;
}

/** False when `text` is certainly not among the filter's texts. */
export function bloomMayHold(bytes: Uint8Array, text: string): boolean {
  const mask = bytes.length * 8 - 1;
  const [first, step] = hashes(text);
  for (let i = 0; i < probes; i++) {
    const bit = (first + i * step) & mask;
    if ((bytes[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Two hashes of the UTF-16 units: FNV-1a, and the same stirred by MurmurHash3's finaliser and made odd. */
function hashes(text: string): readonly [first: number, step: number] {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return [hash >>> 0, ((mixed ^ (mixed >>> 16)) >>> 0) | 1];
}

/** Words kept; those of further ones are made anew each time. */
const wordsMax = 4096;
const prime = 0x01000193;

interface Word {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Texts of short ASCII words that come again and again, such as levels and names of services, found by their bytes. */
export class Words {
  readonly #byHash = new Map<number, Word>();

  of(bytes: Buffer, from: number, to: number): string {
    let hash = to - from;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, prime);
    const word = this.#byHash.get(hash);
    if (word !== undefined && isAt(word.bytes, bytes, from, to)) return word.text;
    const text = bytes.toString('latin1', from, to);
    if (word === undefined && this.#byHash.size < wordsMax) this.#byHash.set(hash, { bytes: Uint8Array.from(bytes.subarray(from, to)), text });
    return text;
  }
}

function isAt(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (word.length !== to - from) return false;
  for (let i = 0; i < word.length; i++) if (word[i] !== bytes[from + i]) return false;
  return true;
}

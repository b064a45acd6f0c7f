import { DamageError } from '#core/blocks/index.ts';
import type { Piece } from './cut.ts';

/**
 * What can be ruled out about the variables of a block without reading them. Runs of six characters and more are in a Bloom filter (12 bits,
 * 5 probes: one false answer in 200); every three characters side by side in any run set a bit, apart for four classes of length. A text that may be
 * the inside of a longer run is ruled out by the classes of longer runs; that is how a whole id is found without reading what does not hold it.
 */
const bloomCharsMin = 6;
const bitsPerWord = 12;
const probes = 5;
/** Letters without case, digits, `_`. */
const alphabet = 37;
const trigramBytes = Math.ceil(alphabet ** 3 / 8);
export const pairBytes = Math.ceil(alphabet ** 2 / 8);
const classEnds = [8, 16, 32];
const classCount = 4;
/** A run is not looked at further than this. */
const runBytesMax = 4096;

const codes = new Uint8Array(256).fill(255);
for (let i = 0; i < 26; i++) {
  codes[0x41 + i] = i;
  codes[0x61 + i] = i;
}
for (let i = 0; i < 10; i++) codes[0x30 + i] = 26 + i;
codes[0x5f] = 36;

const classOf = (length: number): number => (length <= classEnds[0]! ? 0 : length <= classEnds[1]! ? 1 : length <= classEnds[2]! ? 2 : 3);

/** Takes the variables of one block. */
export class WordIndexer {
  readonly #trigrams = new Uint8Array(trigramBytes * classCount);
  readonly #run = new Uint8Array(runBytesMax);
  /** Of runs of two; those of longer ones follow from the trigrams. */
  readonly #pairs = new Uint8Array(pairBytes);
  /** Hashes of words in an open-addressing table, 0 for an empty place. */
  #table = new Uint32Array(1 << 14);
  #words = 0;

  add(bytes: Uint8Array, from: number, to: number): void {
    const run = this.#run;
    let length = 0;
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) {
      const code = codes[bytes[i]!]!;
      if (code !== 255) {
        if (length < runBytesMax) run[length] = code;
        length++;
        hash = Math.imul(hash ^ code, 0x01000193);
        continue;
      }
      if (length > 1) this.#take(length, hash);
      length = 0;
      hash = 0x811c9dc5;
    }
    if (length > 1) this.#take(length, hash);
  }

  #take(length: number, hash: number): void {
    const run = this.#run;
    if (length === 2) return setBit(this.#pairs, run[0]! * alphabet + run[1]!);
    const kept = Math.min(length, runBytesMax);
    const base = classOf(length) * trigramBytes;
    const trigrams = this.#trigrams;
    let two = run[0]! * alphabet + run[1]!;
    for (let i = 2; i < kept; i++) {
      const code = run[i]!;
      const bit = two * alphabet + code;
      trigrams[base + (bit >> 3)]! |= 1 << (bit & 7);
      two = (two - run[i - 2]! * alphabet) * alphabet + code;
    }
    if (length >= bloomCharsMin) this.#note(hash >>> 0 || 1);
  }

  #note(hash: number): void {
    if (this.#words * 2 > this.#table.length) this.#grow();
    const mask = this.#table.length - 1;
    let at = (Math.imul(hash, 0x9e3779b1) >>> 0) & mask;
    for (; this.#table[at] !== 0; at = (at + 1) & mask) if (this.#table[at] === hash) return;
    this.#table[at] = hash;
    this.#words++;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    this.#words = 0;
    for (const hash of old) if (hash !== 0) this.#note(hash);
  }

  /** Bit a * 37 + b: a and b stand side by side in a run. */
  pairs(): Uint8Array {
    const pairs = Uint8Array.from(this.#pairs);
    const perClass = trigramBytes * 8;
    this.#trigrams.forEach((bits, at) => {
      for (let k = 0; bits >> k !== 0; k++) {
        if (((bits >> k) & 1) === 0) continue;
        const trigram = (at * 8 + k) % perClass;
        setBit(pairs, Math.floor(trigram / alphabet));
        setBit(pairs, trigram % (alphabet * alphabet));
      }
    });
    return pairs;
  }

  /** The bytes of the index: trigrams of each class, then the filter. */
  done(): Uint8Array {
    const bloom = new Uint8Array(Math.ceil((this.#words * bitsPerWord) / 8));
    const bits = bloom.length * 8;
    for (const hash of this.#table) {
      if (hash === 0) continue;
      const step = stepOf(hash);
      for (let i = 0, probe = hash; i < probes; i++, probe = (probe + step) >>> 0) {
        const bit = Math.floor((probe / 0x100000000) * bits);
        bloom[bit >>> 3]! |= 1 << (bit & 7);
      }
    }
    const out = new Uint8Array(this.#trigrams.length + bloom.length);
    out.set(this.#trigrams);
    out.set(bloom, this.#trigrams.length);
    return out;
  }
}

function setBit(bits: Uint8Array, bit: number): void {
  bits[bit >> 3]! |= 1 << (bit & 7);
}

/** MurmurHash3's finaliser, made odd. */
function stepOf(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) | 1;
}

/** A piece with what asking for it needs, worked out once for all blocks. */
export interface Probe {
  readonly trigrams: Uint32Array;
  /** The bit of a piece of two; -1 for others. */
  readonly pair: number;
  /** 0 for a piece that is too short for the filter. */
  readonly hash: number;
  readonly length: number;
  readonly isWhole: boolean;
}

export function probeOf({ text, isWhole }: Piece): Probe {
  const trigrams: number[] = [];
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const code = codes[text.charCodeAt(i)]!;
    hash = Math.imul(hash ^ code, 0x01000193);
    if (i >= 2) trigrams.push((codes[text.charCodeAt(i - 2)]! * alphabet + codes[text.charCodeAt(i - 1)]!) * alphabet + code);
  }
  const pair = text.length === 2 ? codes[text.charCodeAt(0)]! * alphabet + codes[text.charCodeAt(1)]! : -1;
  return { pair, trigrams: Uint32Array.from(trigrams), hash: text.length >= bloomCharsMin ? hash >>> 0 || 1 : 0, length: text.length, isWhole };
}

/** False when no variable of the block holds the piece, which is of two characters. */
export function mayHoldPair(pairs: Uint8Array, { pair }: Probe): boolean {
  return (pairs[pair >> 3]! & (1 << (pair & 7))) !== 0;
}

/** False when no variable of the block holds the piece. */
export function mayHold(index: Uint8Array, { trigrams, hash, length, isWhole }: Probe): boolean {
  if (index.length < trigramBytes * classCount) throw new DamageError('the index of words is too short');
  if (length < 3) return true;
  const own = classOf(length);
  if (hasTrigrams(index, own, trigrams) && (hash === 0 || inBloom(index, hash))) return true;
  if (isWhole) return false;
  // Part of a longer run: of the same class, unless the piece is as long as the class allows, or of one above.
  const first = length >= (classEnds[own] ?? Number.POSITIVE_INFINITY) ? own + 1 : own;
  for (let k = first; k < classCount; k++) if (hasTrigrams(index, k, trigrams)) return true;
  return false;
}

function hasTrigrams(index: Uint8Array, lengthClass: number, trigrams: Uint32Array): boolean {
  const base = lengthClass * trigramBytes;
  for (let i = 0; i < trigrams.length; i++) {
    const bit = trigrams[i]!;
    if ((index[base + (bit >> 3)]! & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

function inBloom(index: Uint8Array, hash: number): boolean {
  const from = trigramBytes * classCount;
  const bits = (index.length - from) * 8;
  const step = stepOf(hash);
  for (let i = 0, probe = hash; i < probes; i++, probe = (probe + step) >>> 0) {
    const bit = Math.floor((probe / 0x100000000) * bits);
    if ((index[from + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

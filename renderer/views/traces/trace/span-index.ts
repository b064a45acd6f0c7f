import { noSpan } from '#core/model/index.ts';

/** Finds spans by their ids, 8 bytes each. Several spans may have one id: they are numbered in the order of the trace. */
export class SpanIndex {
  readonly #ids: Uint8Array;
  readonly #words: Uint32Array;
  readonly #slots: Uint32Array;
  readonly #next: Uint32Array;

  constructor(ids: Uint8Array) {
    const count = ids.length / 8;
    this.#ids = ids;
    this.#words = wordsOf(ids);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 2))).fill(noSpan);
    this.#next = new Uint32Array(count).fill(noSpan);
    for (let i = count - 1; i >= 0; i--) {
      const slot = this.#slot(this.#words, i);
      this.#next[i] = this.#slots[slot]!;
      this.#slots[slot] = i;
    }
  }

  /** One byte a span, 1 for every span whose id is among `wanted`. */
  mark(wanted: Uint8Array): Uint8Array {
    const marked = new Uint8Array(this.#next.length);
    const words = wordsOf(wanted);
    for (let i = 0; i < words.length / 2; i++) {
      for (let span = this.#slots[this.#slot(words, i)]!; span !== noSpan; span = this.#next[span]!) marked[span] = 1;
    }
    return marked;
  }

  /** For each of `wanted` the first span with its id; `noSpan` where there is none. */
  firsts(wanted: Uint8Array): Uint32Array {
    const words = wordsOf(wanted);
    return Uint32Array.from({ length: words.length / 2 }, (_none, i) => this.#slots[this.#slot(words, i)]!);
  }

  /** The span that a name from `nameOf` means; undefined when there is none. */
  find(name: string): number | undefined {
    const [hex = '', nth = '0'] = name.split(':');
    let span = this.#slots[this.#slot(wordsOf(bytesOf(hex)), 0)]!;
    for (let left = Number(nth); left > 0 && span !== noSpan; left--) span = this.#next[span]!;
    return span === noSpan ? undefined : span;
  }

  /** The span's id in hex, and behind a colon which one it is where ids repeat. */
  nameOf(span: number): string {
    const hex = this.idOf(span);
    let nth = 0;
    for (let at = this.#slots[this.#slot(this.#words, span)]!; at !== span && at !== noSpan; at = this.#next[at]!) nth++;
    return nth === 0 ? hex : `${hex}:${nth}`;
  }

  idOf(span: number): string {
    let hex = '';
    for (let at = span * 8; at < span * 8 + 8; at++) hex += this.#ids[at]!.toString(16).padStart(2, '0');
    return hex;
  }

  /** The slot of the id at `index` of `words`, or the empty one where it would stand. */
  #slot(words: Uint32Array, index: number): number {
    const mask = this.#slots.length - 1;
    const [low, high] = [words[index * 2]!, words[index * 2 + 1]!];
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (let span = this.#slots[slot]!; span !== noSpan; span = this.#slots[slot]!) {
      if (this.#words[span * 2] === low && this.#words[span * 2 + 1] === high) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}

/** Each id as two numbers: they are compared faster than bytes. */
function wordsOf(ids: Uint8Array): Uint32Array {
  return ids.byteOffset % 4 === 0 ? new Uint32Array(ids.buffer, ids.byteOffset, ids.length / 4) : new Uint32Array(ids.slice().buffer);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_none, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16) || 0);
}

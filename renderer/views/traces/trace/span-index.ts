import { noSpan } from '#core/model/index.ts';

/** Finds spans by their ids, 8 bytes each. Several spans may have one id: they are numbered in the order of the trace. */
export class SpanIndex {
  readonly #ids: Uint8Array;
  readonly #slots: Uint32Array;
  readonly #next: Uint32Array;

  constructor(ids: Uint8Array) {
    const count = ids.length / 8;
    this.#ids = ids;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 2))).fill(noSpan);
    this.#next = new Uint32Array(count).fill(noSpan);
    for (let i = count - 1; i >= 0; i--) {
      const slot = this.#slot(ids, i);
      this.#next[i] = this.#slots[slot]!;
      this.#slots[slot] = i;
    }
  }

  /** One byte a span, 1 for every span whose id is among `wanted`. */
  mark(wanted: Uint8Array): Uint8Array {
    const marked = new Uint8Array(this.#next.length);
    for (let i = 0; i < wanted.length / 8; i++) {
      for (let span = this.#slots[this.#slot(wanted, i)]!; span !== noSpan; span = this.#next[span]!) marked[span] = 1;
    }
    return marked;
  }

  /** For each of `wanted` the first span with its id; `noSpan` where there is none. */
  firsts(wanted: Uint8Array): Uint32Array {
    return Uint32Array.from({ length: wanted.length / 8 }, (_none, i) => this.#slots[this.#slot(wanted, i)]!);
  }

  /** The span that a name from `nameOf` means; undefined when there is none. */
  find(name: string): number | undefined {
    const [hex = '', nth = '0'] = name.split(':');
    let span = this.#slots[this.#slot(bytesOf(hex), 0)]!;
    for (let left = Number(nth); left > 0 && span !== noSpan; left--) span = this.#next[span]!;
    return span === noSpan ? undefined : span;
  }

  /** The span's id in hex, and behind a colon which one it is where ids repeat. */
  nameOf(span: number): string {
    const hex = this.idOf(span);
    let nth = 0;
    for (let at = this.#slots[this.#slot(this.#ids, span)]!; at !== span && at !== noSpan; at = this.#next[at]!) nth++;
    return nth === 0 ? hex : `${hex}:${nth}`;
  }

  idOf(span: number): string {
    let hex = '';
    for (let at = span * 8; at < span * 8 + 8; at++) hex += this.#ids[at]!.toString(16).padStart(2, '0');
    return hex;
  }

  #slot(ids: Uint8Array, index: number): number {
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5;
    for (let at = index * 8; at < index * 8 + 8; at++) hash = Math.imul(hash ^ ids[at]!, 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== noSpan && !this.#same(this.#slots[slot]!, ids, index)) slot = (slot + 1) & mask;
    return slot;
  }

  #same(span: number, ids: Uint8Array, index: number): boolean {
    for (let i = 0; i < 8; i++) if (this.#ids[span * 8 + i] !== ids[index * 8 + i]) return false;
    return true;
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_none, i) => Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16) || 0);
}

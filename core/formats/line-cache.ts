/**
 * Byte strings by number: the heads (and comments) of a target's lines, the labels of pushed series. Every entry has a slot
 * from 0 up, the bytes it stands for, and the slot that came after it last time. All in typed arrays: about 30 bytes an entry
 * beside its text.
 *
 * The bytes that are asked about stand in one body at a time, given by `look`.
 */
export class LineCache {
  slotCount = 0;

  #bytes = new Uint8Array(1 << 12);
  #words = new DataView(this.#bytes.buffer);
  #body: Uint8Array = this.#bytes;
  #bodyWords: DataView = this.#words;
  #bytesUsed = 0;
  #from = new Uint32Array(64);
  #length = new Uint32Array(64);
  #kind = new Uint8Array(64);
  /** `#next[slot + 1]`: the slot after `slot`, and at 0 the first of all; -1 when not known. */
  #next = new Int32Array(65).fill(-1);
  /** Open addressing, at most half full; -1 is free. */
  #table = new Int32Array(128).fill(-1);

  /** The slot that came after `slot` last time (-1: the first line); -1 when there was none. */
  after(slot: number): number {
    return this.#next[slot + 1]!;
  }

  setAfter(slot: number, next: number): void {
    this.#next[slot + 1] = next;
  }

  /** The kind that `add` was given. */
  kind(slot: number): number {
    return this.#kind[slot]!;
  }

  /** Names the body that `matchAt`, `find` and `add` speak of. */
  look(body: Uint8Array): void {
    this.#body = body;
    this.#bodyWords = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** Lets go of the body, which may be large. */
  lookAway(): void {
    this.look(noBytes);
  }

  /** Where the entry's bytes end when they stand at `at` of the body; -1 when they do not. Compared from the end, where neighbours differ. */
  matchAt(slot: number, at: number): number {
    const length = this.#length[slot]!;
    const end = at + length;
    if (end > this.#body.length) return -1;
    const own = this.#from[slot]! - at;
    let p = end;
    for (const wordsFrom = at + 4; p >= wordsFrom; p -= 4) {
      if (this.#words.getInt32(own + p - 4) !== this.#bodyWords.getInt32(p - 4)) return -1;
    }
    while (p > at) {
      p--;
      if (this.#bytes[own + p] !== this.#body[p]) return -1;
    }
    return end;
  }

  /** The slot of a range of the body; -1 when its bytes are not known. */
  find(from: number, to: number): number {
    const mask = this.#table.length - 1;
    for (let place = hash(this.#body, from, to) & mask; ; place = (place + 1) & mask) {
      const slot = this.#table[place]!;
      if (slot < 0 || (this.#length[slot] === to - from && this.matchAt(slot, from) >= 0)) return slot;
    }
  }

  /** Adds a range of the body that `find` does not know. */
  add(from: number, to: number, kind: number): number {
    const slot = this.slotCount++;
    this.#makeRoom(to - from);
    this.#bytes.set(this.#body.subarray(from, to), this.#bytesUsed);
    this.#from[slot] = this.#bytesUsed;
    this.#length[slot] = to - from;
    this.#kind[slot] = kind;
    this.#bytesUsed += to - from;
    this.#enter(slot);
    return slot;
  }

  /** The bytes of an entry, a view. */
  bytesOf(slot: number): Uint8Array {
    const from = this.#from[slot]!;
    return this.#bytes.subarray(from, from + this.#length[slot]!);
  }

  /** A cache with only the entries that `keep` wants, in the same order. */
  compacted(keep: (slot: number) => boolean): { readonly cache: LineCache; readonly newSlots: Int32Array } {
    const cache = new LineCache();
    const newSlots = new Int32Array(this.slotCount).fill(-1);
    cache.look(this.#bytes);
    for (let slot = 0; slot < this.slotCount; slot++) {
      const from = this.#from[slot]!;
      if (keep(slot)) newSlots[slot] = cache.add(from, from + this.#length[slot]!, this.#kind[slot]!);
    }
    return { cache, newSlots };
  }

  #makeRoom(byteCount: number): void {
    if (this.#bytesUsed + byteCount > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(this.#bytes.length * 2, this.#bytesUsed + byteCount));
      wider.set(this.#bytes);
      this.#bytes = wider;
      this.#words = new DataView(wider.buffer);
    }
    if (this.slotCount > this.#from.length) this.#widenSlots();
    if (this.slotCount * 2 > this.#table.length) this.#widenTable();
  }

  #widenSlots(): void {
    const size = this.#from.length * 2;
    const [from, length, kind, next] = [new Uint32Array(size), new Uint32Array(size), new Uint8Array(size), new Int32Array(size + 1).fill(-1)];
    from.set(this.#from);
    length.set(this.#length);
    kind.set(this.#kind);
    next.set(this.#next);
    [this.#from, this.#length, this.#kind, this.#next] = [from, length, kind, next];
  }

  #widenTable(): void {
    this.#table = new Int32Array(this.#table.length * 2).fill(-1);
    for (let slot = 0; slot < this.slotCount - 1; slot++) this.#enter(slot);
  }

  #enter(slot: number): void {
    const mask = this.#table.length - 1;
    const from = this.#from[slot]!;
    let place = hash(this.#bytes, from, from + this.#length[slot]!) & mask;
    while (this.#table[place]! >= 0) place = (place + 1) & mask;
    this.#table[place] = slot;
  }
}

const noBytes = new Uint8Array(0);

/** FNV-1a with its upper half folded in. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return h ^ (h >>> 15);
}

/**
 * A compressed set of refs (0 .. 2^32 - 1): per 65,536 values one part, either a sorted list of 16-bit lows or a field of
 * 65,536 bits, whichever is smaller. After "Better bitmap performance with Roaring bitmaps" (Chambi, Lemire, Kaser, Godin, 2016).
 */
interface Part {
  /** The upper 16 bits of every value in the part. */
  readonly high: number;
  count: number;
  /** Sorted; entries from `count` on are spare room. Empty when `bits` is there. */
  lows: Uint16Array;
  bits: Uint32Array | undefined;
}

/** A list of more than this many lows takes more room than the field of bits. */
const listMax = 4096;
const wordsPerPart = 2048;
const noLows = new Uint16Array(0);

export class Bitmap {
  #parts: Part[] = [];
  size = 0;

  static of(values: Iterable<number>): Bitmap {
    const made = new Bitmap();
    for (const value of values) made.add(value);
    return made;
  }

  has(value: number): boolean {
    const part = this.#find(value >>> 16);
    if (part === undefined) return false;
    const low = value & 0xffff;
    if (part.bits !== undefined) return (part.bits[low >>> 5]! & (1 << (low & 31))) !== 0;
    const at = lowerBound(part.lows, part.count, low);
    return at < part.count && part.lows[at] === low;
  }

  add(value: number): void {
    const part = this.#findOrMake(value >>> 16);
    if (addLow(part, value & 0xffff)) this.size++;
  }

  remove(value: number): void {
    const part = this.#find(value >>> 16);
    if (part !== undefined && removeLow(part, value & 0xffff)) this.size--;
  }

  clone(): Bitmap {
    const copy = new Bitmap();
    copy.#parts = this.#parts.map(copyPart);
    copy.size = this.size;
    return copy;
  }

  /** Keeps only what `other` holds too. */
  and(other: Bitmap): void {
    this.#parts = this.#parts.filter((part) => {
      const right = other.#find(part.high);
      if (right === undefined) return false;
      if (right !== part) keepLows(part, right, true);
      return part.count > 0;
    });
    this.#recount();
  }

  /** Removes what `other` holds. */
  andNot(other: Bitmap): void {
    for (const part of this.#parts) {
      const right = other.#find(part.high);
      if (right !== undefined) keepLows(part, right, false);
    }
    this.#parts = this.#parts.filter((part) => part.count > 0);
    this.#recount();
  }

  or(other: Bitmap): void {
    for (const right of other.#parts) {
      const part = this.#findOrMake(right.high);
      eachLow(right, (low) => void addLow(part, low));
    }
    this.#recount();
  }

  /** The values, ascending. */
  toArray(): Uint32Array {
    const out = new Uint32Array(this.size);
    let at = 0;
    for (const part of this.#parts) {
      const base = part.high * 65536;
      eachLow(part, (low) => {
        out[at++] = base + low;
      });
    }
    return out;
  }

  #recount(): void {
    this.size = this.#parts.reduce((sum, part) => sum + part.count, 0);
  }

  #find(high: number): Part | undefined {
    const at = this.#index(high);
    return this.#parts[at]?.high === high ? this.#parts[at] : undefined;
  }

  #findOrMake(high: number): Part {
    const at = this.#index(high);
    if (this.#parts[at]?.high === high) return this.#parts[at];
    const part: Part = { high, count: 0, lows: new Uint16Array(4), bits: undefined };
    this.#parts.splice(at, 0, part);
    return part;
  }

  #index(high: number): number {
    let from = 0;
    let to = this.#parts.length;
    if (to > 0 && this.#parts[to - 1]!.high < high) return to;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#parts[middle]!.high < high) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

function lowerBound(lows: Uint16Array, count: number, low: number): number {
  let from = 0;
  let to = count;
  if (count > 0 && lows[count - 1]! < low) return count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (lows[middle]! < low) from = middle + 1;
    else to = middle;
  }
  return from;
}

function copyPart(part: Part): Part {
  return { high: part.high, count: part.count, lows: part.lows.slice(0, part.count), bits: part.bits?.slice() };
}

function addLow(part: Part, low: number): boolean {
  if (part.bits !== undefined) {
    const mask = 1 << (low & 31);
    if ((part.bits[low >>> 5]! & mask) !== 0) return false;
    part.bits[low >>> 5]! |= mask;
    part.count++;
    return true;
  }
  const at = lowerBound(part.lows, part.count, low);
  if (at < part.count && part.lows[at] === low) return false;
  if (part.count === listMax) {
    toBits(part);
    return addLow(part, low);
  }
  if (part.count === part.lows.length) {
    const larger = new Uint16Array(Math.min(listMax, Math.max(4, part.count * 2)));
    larger.set(part.lows);
    part.lows = larger;
  }
  part.lows.copyWithin(at + 1, at, part.count);
  part.lows[at] = low;
  part.count++;
  return true;
}

function removeLow(part: Part, low: number): boolean {
  if (part.bits !== undefined) {
    const mask = 1 << (low & 31);
    if ((part.bits[low >>> 5]! & mask) === 0) return false;
    part.bits[low >>> 5]! &= ~mask;
    part.count--;
    return true;
  }
  const at = lowerBound(part.lows, part.count, low);
  if (at === part.count || part.lows[at] !== low) return false;
  part.lows.copyWithin(at, at + 1, part.count);
  part.count--;
  return true;
}

function toBits(part: Part): void {
  const bits = new Uint32Array(wordsPerPart);
  for (let i = 0; i < part.count; i++) bits[part.lows[i]! >>> 5]! |= 1 << (part.lows[i]! & 31);
  part.bits = bits;
  part.lows = noLows;
}

/** Keeps the lows of `part` whose presence in `other` equals `wanted`. */
function keepLows(part: Part, other: Part, wanted: boolean): void {
  if (part.bits !== undefined && other.bits !== undefined) {
    let count = 0;
    for (let word = 0; word < wordsPerPart; word++) {
      part.bits[word]! &= wanted ? other.bits[word]! : ~other.bits[word]!;
      count += bitCount(part.bits[word]!);
    }
    part.count = count;
    return;
  }
  if (part.bits === undefined) {
    let kept = 0;
    for (let i = 0; i < part.count; i++) if (holds(other, part.lows[i]!) === wanted) part.lows[kept++] = part.lows[i]!;
    part.count = kept;
    return;
  }
  if (!wanted) {
    for (let i = 0; i < other.count; i++) removeLow(part, other.lows[i]!);
    return;
  }
  const bits = part.bits;
  const lows = other.lows.slice(0, other.count).filter((low) => (bits[low >>> 5]! & (1 << (low & 31))) !== 0);
  part.bits = undefined;
  part.lows = lows;
  part.count = lows.length;
}

function holds(part: Part, low: number): boolean {
  if (part.bits !== undefined) return (part.bits[low >>> 5]! & (1 << (low & 31))) !== 0;
  const at = lowerBound(part.lows, part.count, low);
  return at < part.count && part.lows[at] === low;
}

function eachLow(part: Part, act: (low: number) => void): void {
  if (part.bits === undefined) {
    for (let i = 0; i < part.count; i++) act(part.lows[i]!);
    return;
  }
  for (let word = 0; word < wordsPerPart; word++) {
    let rest = part.bits[word]!;
    while (rest !== 0) {
      const bit = 31 - Math.clz32(rest & -rest);
      act(word * 32 + bit);
      rest &= rest - 1;
    }
  }
}

function bitCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

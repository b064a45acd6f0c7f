import { compareText, labelValue, METRIC_NAME, type Labels } from '#core/model/index.ts';
import { Bitmap } from './bitmap.ts';
import { grown } from '../bytes/growable.ts';

/**
 * Which series there are, and which of them carry a label. A label set is a row of pair ids (a pair is a name with a value),
 * so a series costs a few numbers here and no object; the texts of a pair are kept once.
 */
export class Catalogue {
  /** Every series that is shown. */
  readonly all = new Bitmap();
  /** One more than the highest ref ever used. */
  next = 0;

  readonly #names = new Map<string, LabelName>();
  readonly #nameOfPair: LabelName[] = [];
  readonly #valueOfPair: string[] = [];
  readonly #postings: (Bitmap | number | undefined)[] = [];

  /** Label sets end to end; the set of a ref is `#sets[#setFrom[ref] .. #setFrom[ref] + #setLength[ref])`. */
  #sets = new Uint32Array(4096);
  #setsUsed = 0;
  #setFrom = new Uint32Array(1024);
  #setLength = new Uint8Array(1024);
  /** Open addressing from the hash of a label set to ref + 1; 0 is free. */
  #table = new Int32Array(2048);
  #tableUsed = 0;

  get size(): number {
    return this.all.size;
  }

  /** Whether the series is shown. */
  has(ref: number): boolean {
    return this.all.has(ref);
  }

  /** Keeps a ref from being given out: something on disk still speaks of it. */
  reserve(ref: number): void {
    this.next = Math.max(this.next, ref + 1);
  }

  /** The ref of exactly these labels, shown or hidden, or -1. */
  find(labels: Labels): number {
    const length = labels.length >>> 1;
    if (scratch.length < length) return -1;
    for (let i = 0; i < length; i++) {
      const pair = this.#names.get(labels[i * 2]!)?.pairs.get(labels[i * 2 + 1]!);
      if (pair === undefined) return -1;
      scratch[i] = pair;
    }
    return this.#probe(scratch, length);
  }

  /** Enters a series that `find` does not know, under the next free ref or the given one. */
  add(labels: Labels, ref = this.next): number {
    const length = labels.length >>> 1;
    this.#makeRoom(ref, length);
    const from = this.#setsUsed;
    for (let i = 0; i < length; i++) {
      this.#sets[from + i] = this.#pair(labels[i * 2]!, labels[i * 2 + 1]!);
    }
    this.#setsUsed += length;
    this.#setFrom[ref] = from;
    this.#setLength[ref] = length;
    this.reserve(ref);
    this.#enter(ref);
    this.show(ref);
    return ref;
  }

  /** Takes a series that no sample is left of out of every answer. Its ref stays its own, so whoever kept it may append again. */
  hide(ref: number): void {
    const from = this.#setFrom[ref]!;
    for (let i = from; i < from + this.#setLength[ref]!; i++) {
      const pair = this.#sets[i]!;
      const held = this.#postings[pair];
      if (typeof held === 'number') this.#postings[pair] = undefined;
      else held?.remove(ref);
      this.#nameOfPair[pair]!.present.remove(ref);
    }
    this.all.remove(ref);
  }

  /** Undoes hide. */
  show(ref: number): void {
    const from = this.#setFrom[ref]!;
    for (let i = from; i < from + this.#setLength[ref]!; i++) this.#post(this.#sets[i]!, ref);
    this.all.add(ref);
  }

  labels(ref: number): Labels {
    const from = this.#setFrom[ref]!;
    const length = this.#setLength[ref]!;
    const out: string[] = [];
    for (let i = from; i < from + length; i++) {
      const pair = this.#sets[i]!;
      out.push(this.#nameOfPair[pair]!.text, this.#valueOfPair[pair]!);
    }
    return out;
  }

  /** The distinct label names of some series. */
  namesAmong(refs: Iterable<number>): string[] {
    const names = new Set<LabelName>();
    for (const ref of refs) {
      const from = this.#setFrom[ref]!;
      for (let i = from; i < from + this.#setLength[ref]!; i++) names.add(this.#nameOfPair[this.#sets[i]!]!);
    }
    return Array.from(names, ({ text }) => text);
  }

  /** The label names of all series that are shown. */
  namesShown(): string[] {
    return [...this.#names.values()].flatMap(({ text, present }) => (present.size > 0 ? [text] : []));
  }

  /** The values that series which are shown give a label. */
  valuesShown({ pairs }: LabelName): string[] {
    const found: string[] = [];
    for (const [value, pair] of pairs) if (value !== '' && this.countHolding(pair) > 0) found.push(value);
    return found;
  }

  /** The value of a label of a series; empty when it has none. */
  valueOf(ref: number, name: LabelName): string {
    const from = this.#setFrom[ref]!;
    for (let i = from; i < from + this.#setLength[ref]!; i++) {
      const pair = this.#sets[i]!;
      if (this.#nameOfPair[pair] === name) return this.#valueOfPair[pair]!;
    }
    return '';
  }

  /**
   * Orders series so that kin are neighbours: by metric, then by their other labels with `le` last and as a number. Nothing is made for it,
   * as many thousand series are sorted at once.
   */
  compareKin(a: number, b: number): number {
    const metric = this.#names.get(METRIC_NAME);
    const bound = this.#names.get('le');
    const byMetric = metric === undefined ? 0 : compareText(this.valueOf(a, metric), this.valueOf(b, metric));
    if (byMetric !== 0) return byMetric;
    const [endA, endB] = [this.#setFrom[a]! + this.#setLength[a]!, this.#setFrom[b]! + this.#setLength[b]!];
    for (let atA = this.#setFrom[a]!, atB = this.#setFrom[b]!; ; atA++, atB++) {
      while (atA < endA && this.#isEither(atA, metric, bound)) atA++;
      while (atB < endB && this.#isEither(atB, metric, bound)) atB++;
      if (atA === endA || atB === endB) return endA - atA - (endB - atB) || this.#compareBounds(a, b, bound);
      const byPair = this.#comparePairs(this.#sets[atA]!, this.#sets[atB]!);
      if (byPair !== 0) return byPair;
    }
  }

  #isEither(at: number, one: LabelName | undefined, other: LabelName | undefined): boolean {
    const name = this.#nameOfPair[this.#sets[at]!];
    return name === one || name === other;
  }

  #comparePairs(a: number, b: number): number {
    if (a === b) return 0;
    return compareText(this.#nameOfPair[a]!.text, this.#nameOfPair[b]!.text) || compareText(this.#valueOfPair[a]!, this.#valueOfPair[b]!);
  }

  #compareBounds(a: number, b: number, bound: LabelName | undefined): number {
    if (bound === undefined) return 0;
    const boundOf = (ref: number): number => Number(this.valueOf(ref, bound).replace('Inf', 'Infinity')) || 0;
    const [left, right] = [boundOf(a), boundOf(b)];
    return left === right ? 0 : left - right;
  }

  name(text: string): LabelName | undefined {
    return this.#names.get(text);
  }

  names(): Iterable<LabelName> {
    return this.#names.values();
  }

  /** The series that carry a pair. A single ref stands for a set of one, which most pairs of a busy fleet are. */
  holding(pair: number): Bitmap | number | undefined {
    return this.#postings[pair];
  }

  countHolding(pair: number): number {
    const held = this.#postings[pair];
    return held === undefined ? 0 : typeof held === 'number' ? 1 : held.size;
  }

  /** How many series the metric of `labels` has. */
  metricSize(labels: Labels): number {
    const pair = this.#names.get(METRIC_NAME)?.pairs.get(labelValue(labels, METRIC_NAME));
    return pair === undefined ? 0 : this.countHolding(pair);
  }

  #pair(nameText: string, value: string): number {
    let name = this.#names.get(nameText);
    if (name === undefined) this.#names.set(nameText, (name = { text: nameText, pairs: new Map(), present: new Bitmap() }));
    let pair = name.pairs.get(value);
    if (pair === undefined) {
      pair = this.#valueOfPair.length;
      name.pairs.set(value, pair);
      this.#nameOfPair.push(name);
      this.#valueOfPair.push(value);
      this.#postings.push(undefined);
    }
    return pair;
  }

  #post(pair: number, ref: number): void {
    const held = this.#postings[pair];
    if (held === undefined) this.#postings[pair] = ref;
    else if (typeof held === 'number') this.#postings[pair] = Bitmap.of([held, ref]);
    else held.add(ref);
    this.#nameOfPair[pair]!.present.add(ref);
  }

  #makeRoom(ref: number, length: number): void {
    this.#sets = grown(this.#sets, this.#setsUsed + length);
    this.#setFrom = grown(this.#setFrom, ref + 1);
    this.#setLength = grown(this.#setLength, ref + 1);
    if (scratch.length < length) scratch = new Uint32Array(length);
  }

  #enter(ref: number): void {
    if ((this.#tableUsed + 1) * 2 > this.#table.length) this.#rehash();
    this.#insert(ref);
    this.#tableUsed++;
  }

  #insert(ref: number): void {
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#sets, this.#setFrom[ref]!, this.#setLength[ref]!) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = ref + 1;
  }

  #rehash(): void {
    const before = this.#table;
    this.#table = new Int32Array(before.length * 2);
    for (const entry of before) if (entry > 0) this.#insert(entry - 1);
  }

  #probe(pairs: Uint32Array, length: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(pairs, 0, length) & mask; this.#table[slot] !== 0; slot = (slot + 1) & mask) {
      const ref = this.#table[slot]! - 1;
      if (this.#setLength[ref] === length && this.#sameSet(ref, pairs, length)) return ref;
    }
    return -1;
  }

  #sameSet(ref: number, pairs: Uint32Array, length: number): boolean {
    const from = this.#setFrom[ref]!;
    for (let i = 0; i < length; i++) if (this.#sets[from + i] !== pairs[i]) return false;
    return true;
  }
}

/** A label name, the pairs it is part of, and the series that have it. */
export interface LabelName {
  readonly text: string;
  /** Pair id by value. */
  readonly pairs: Map<string, number>;
  readonly present: Bitmap;
}

let scratch = new Uint32Array(64);

/** FNV-1a over the pair ids, finished so that near ids fall far apart. */
function hashOf(pairs: Uint32Array, from: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ pairs[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

import { noSpan, spanFlags } from '#core/model/index.ts';
import { kindNumbers, type TraceColumns } from './trace-columns.ts';

/** Who is whose parent, by row of the columns. */
export interface Family {
  /** `noSpan` for roots. */
  readonly parent: Uint32Array;
  readonly flags: Uint32Array;
}

/** Finds every span's parent, with pauses for others. Every span is reached from a root: circles are cut. */
export function* findFamily(columns: TraceColumns): Generator<undefined, Family> {
  const family: Family = { parent: new Uint32Array(columns.count).fill(noSpan), flags: new Uint32Array(columns.count) };
  const ids = new IdIndex(columns);
  yield;
  for (let row = 0; row < columns.count; row++) if (ids.first[row] !== row) family.flags[row]! |= spanFlags.duplicate;
  const parentWords = wordsOf(columns.parentIds);
  for (let row = 0; row < columns.count; row++) {
    if (row % rowsPerStep === rowsPerStep - 1) yield;
    linkParent(columns, ids, parentWords, family, row);
  }
  yield;
  cutCircles(family);
  return family;
}

/** Rows between two pauses: a few milliseconds' work. */
const rowsPerStep = 32_768;

/** Eight bytes an id, as two numbers each. */
const wordsOf = (ids: Uint8Array): Uint32Array => new Uint32Array(ids.slice().buffer);

function linkParent(columns: TraceColumns, ids: IdIndex, parentWords: Uint32Array, { parent, flags }: Family, row: number): void {
  const alone = ids.first[row] === row && ids.next[row] === noSpan;
  const caller = alone ? noSpan : callerHalf(columns, ids, row);
  if (caller !== noSpan) {
    parent[row] = caller;
    flags[row] = (flags[row]! & ~spanFlags.duplicate) | spanFlags.shared;
    return;
  }
  if (!alone && isCaller(columns.kinds[row]!) && calleeOf(columns, ids, row) !== noSpan) flags[row]! &= ~spanFlags.duplicate;
  const [low, high] = [parentWords[row * 2]!, parentWords[row * 2 + 1]!];
  if (low === 0 && high === 0) return;
  const found = chooseParent(columns, ids, ids.find(low, high), row);
  if (found === noSpan) flags[row]! |= spanFlags.orphan;
  else parent[row] = found;
}

const isCallee = (kind: number): boolean => (kind & 7) === kindNumbers.server || (kind & 7) === kindNumbers.consumer;
const isCaller = (kind: number): boolean => (kind & 7) === kindNumbers.client || (kind & 7) === kindNumbers.producer;

/** Of a server's span: the client's span of the same id. */
function callerHalf(columns: TraceColumns, ids: IdIndex, row: number): number {
  if (!isCallee(columns.kinds[row]!)) return noSpan;
  for (let other = ids.first[row]!; other !== noSpan; other = ids.next[other]!) {
    if (other !== row && isCaller(columns.kinds[other]!)) return other;
  }
  return noSpan;
}

/** Of a client's span: the server's span of the same id. */
function calleeOf(columns: TraceColumns, ids: IdIndex, row: number): number {
  for (let other = ids.first[row]!; other !== noSpan; other = ids.next[other]!) {
    if (other !== row && isCallee(columns.kinds[other]!)) return other;
  }
  return noSpan;
}

/** Of several spans with the parent's id: the one of the same service, else a server's half, else the first. */
function chooseParent(columns: TraceColumns, ids: IdIndex, first: number, row: number): number {
  if (first === noSpan || ids.next[first] === noSpan) return first;
  let callee = noSpan;
  for (let other = first; other !== noSpan; other = ids.next[other]!) {
    if (other === row) continue;
    if (columns.service[other] === columns.service[row]) return other;
    if (callee === noSpan && isCallee(columns.kinds[other]!)) callee = other;
  }
  return callee === noSpan ? first : callee;
}

/** Follows every span's parents; the first row met again on the way is on a circle, whose first row becomes a root. */
function cutCircles({ parent, flags }: Family): void {
  /** 0: not looked at; otherwise the number of the walk that came by. */
  const walk = new Uint32Array(parent.length);
  for (let start = 0; start < parent.length; start++) {
    let row = start;
    while (row !== noSpan && walk[row] === 0) {
      walk[row] = start + 1;
      row = parent[row]!;
    }
    if (row === noSpan || walk[row] !== start + 1) continue;
    let first = row;
    for (let at = parent[row]!; at !== row; at = parent[at]!) first = Math.min(first, at);
    for (let at = first; (flags[at]! & spanFlags.cycle) === 0; at = parent[at]!) flags[at]! |= spanFlags.cycle;
    parent[first] = noSpan;
  }
}

/** Rows by span id: an open table of first rows, and for each row the first and the next one of the same id. */
class IdIndex {
  readonly first: Uint32Array;
  readonly next: Uint32Array;
  readonly #words: Uint32Array;
  readonly #slots: Uint32Array;

  constructor({ spanIds, count }: TraceColumns) {
    this.#words = wordsOf(spanIds);
    this.first = new Uint32Array(count);
    this.next = new Uint32Array(count).fill(noSpan);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 1))).fill(noSpan);
    const last = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      const slot = this.#slot(this.#words[row * 2]!, this.#words[row * 2 + 1]!);
      const known = this.#slots[slot]!;
      const first = known === noSpan ? row : known;
      if (known === noSpan) this.#slots[slot] = row;
      else this.next[last[first]!] = row;
      this.first[row] = first;
      last[first] = row;
    }
  }

  /** The first row with an id. */
  find(low: number, high: number): number {
    return this.#slots[this.#slot(low, high)]!;
  }

  #slot(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (let row = this.#slots[slot]!; row !== noSpan; row = this.#slots[slot]!) {
      if (this.#words[row * 2] === low && this.#words[row * 2 + 1] === high) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}

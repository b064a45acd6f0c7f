import { noSpan, spanFlags } from '#core/model/index.ts';
import { kindNumbers, type TraceColumns } from './trace-columns.ts';

/** Who is whose parent, by row of the columns. */
export interface Family {
  /** `noSpan` for roots. */
  readonly parent: Uint32Array;
  readonly flags: Uint32Array;
}

/** Finds every span's parent. Every span is reached from a root: circles are cut. */
export function findFamily(columns: TraceColumns): Family {
  const family: Family = { parent: new Uint32Array(columns.count).fill(noSpan), flags: new Uint32Array(columns.count) };
  const ids = new IdIndex(columns);
  for (let row = 0; row < columns.count; row++) {
    const first = ids.find(columns.spanIds, row);
    if (first !== row) family.flags[row]! |= spanFlags.duplicate;
  }
  for (let row = 0; row < columns.count; row++) linkParent(columns, ids, family, row);
  cutCircles(family);
  return family;
}

function linkParent(columns: TraceColumns, ids: IdIndex, { parent, flags }: Family, row: number): void {
  const caller = callerHalf(columns, ids, row);
  if (caller !== noSpan) {
    parent[row] = caller;
    flags[row] = (flags[row]! & ~spanFlags.duplicate) | spanFlags.shared;
    return;
  }
  if (isCaller(columns.kinds[row]!) && calleeOf(columns, ids, row) !== noSpan) flags[row]! &= ~spanFlags.duplicate;
  if (!hasParent(columns.parentIds, row)) return;
  const found = chooseParent(columns, ids, row);
  if (found === noSpan) flags[row]! |= spanFlags.orphan;
  else parent[row] = found;
}

const isCallee = (kind: number): boolean => (kind & 7) === kindNumbers.server || (kind & 7) === kindNumbers.consumer;
const isCaller = (kind: number): boolean => (kind & 7) === kindNumbers.client || (kind & 7) === kindNumbers.producer;

/** Of a server's span: the client's span of the same id. */
function callerHalf(columns: TraceColumns, ids: IdIndex, row: number): number {
  if (!isCallee(columns.kinds[row]!)) return noSpan;
  for (let other = ids.find(columns.spanIds, row); other !== noSpan; other = ids.next[other]!) {
    if (other !== row && isCaller(columns.kinds[other]!)) return other;
  }
  return noSpan;
}

/** Of a client's span: the server's span of the same id. */
function calleeOf(columns: TraceColumns, ids: IdIndex, row: number): number {
  for (let other = ids.find(columns.spanIds, row); other !== noSpan; other = ids.next[other]!) {
    if (other !== row && isCallee(columns.kinds[other]!)) return other;
  }
  return noSpan;
}

/** Of several spans with the parent's id: the one of the same service, else a server's half, else the first. */
function chooseParent(columns: TraceColumns, ids: IdIndex, row: number): number {
  const first = ids.find(columns.parentIds, row);
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

function hasParent(parentIds: Uint8Array, row: number): boolean {
  for (let at = row * 8; at < row * 8 + 8; at++) if (parentIds[at] !== 0) return true;
  return false;
}

/** Rows by span id: an open table of first rows, and for each row the next one of the same id. */
class IdIndex {
  readonly next: Uint32Array;
  readonly #ids: Uint8Array;
  readonly #slots: Uint32Array;

  constructor({ spanIds, count }: TraceColumns) {
    this.#ids = spanIds;
    this.next = new Uint32Array(count).fill(noSpan);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2 + 1))).fill(noSpan);
    const last = new Uint32Array(count);
    for (let row = 0; row < count; row++) {
      const slot = this.#slot(spanIds, row);
      const first = this.#slots[slot]!;
      if (first === noSpan) this.#slots[slot] = row;
      else this.next[last[first]!] = row;
      last[first === noSpan ? row : first] = row;
    }
  }

  /** The first row with the id that stands at `index` of `ids`. */
  find(ids: Uint8Array, index: number): number {
    return this.#slots[this.#slot(ids, index)]!;
  }

  #slot(ids: Uint8Array, index: number): number {
    const mask = this.#slots.length - 1;
    let hash = 0x811c9dc5;
    for (let at = index * 8; at < index * 8 + 8; at++) hash = Math.imul(hash ^ ids[at]!, 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== noSpan && !this.#same(this.#slots[slot]!, ids, index)) slot = (slot + 1) & mask;
    return slot;
  }

  #same(row: number, ids: Uint8Array, index: number): boolean {
    for (let i = 0; i < 8; i++) if (this.#ids[row * 8 + i] !== ids[index * 8 + i]) return false;
    return true;
  }
}

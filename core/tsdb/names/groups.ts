import { ByteReader, ByteWriter, DamageError } from '../bytes/bytes.ts';
import type { Catalogue } from './catalogue.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { grown } from '../bytes/growable.ts';
import { getPacked, putPacked } from '../bytes/packed.ts';
import { getLabels, putLabels } from '../log/wal-record.ts';
import type { Labels } from '#core/model/index.ts';

/** Series sealed together. 64 near kin make a frame that compresses well and is still cheap to read for one of them. */
export const groupSeriesMax = 64;

/** Which series are sealed together, in which place. A series keeps its place for life. */
export class Groups {
  /** Members by slot, by group id; a removed series leaves its ref behind. */
  readonly members = new Map<number, number[]>();
  /** Series that have no group yet, in the order in which they came. */
  readonly waiting = new Set<number>();
  /** Groups whose row on disk does not have all their members yet. */
  readonly unsaved = new Set<number>();
  /** Grows whenever a series gets another place. */
  version = 0;
  #groupOf = new Uint32Array(1024);
  #slotOf = new Uint8Array(1024);
  /** Ids up to this one are taken, or were. */
  #lastId: number;

  constructor(lastId: number) {
    this.#lastId = lastId;
  }

  /** 0 when the series waits for a group. */
  groupOf(ref: number): number {
    return this.#groupOf[ref] ?? 0;
  }

  slotOf(ref: number): number {
    return this.#slotOf[ref]!;
  }

  /** Enters a group read from disk. */
  restore(id: number, refs: readonly number[]): void {
    this.members.set(id, [...refs]);
    refs.forEach((ref, slot) => this.#place(ref, id, slot));
  }

  /** Forgets a group; its members wait for another one when they are heard of again. */
  remove(id: number): void {
    this.version++;
    for (const ref of this.members.get(id) ?? []) this.#groupOf[ref] = 0;
    this.members.delete(id);
    this.unsaved.delete(id);
  }

  /**
   * Gives waiting series a group, the longest waiting `seriesMax` of them: kin side by side in new groups, what is left over in the newest
   * group with room. Returns the groups that changed.
   */
  assign(catalogue: Catalogue, seriesMax: number): readonly number[] {
    if (this.waiting.size === 0) return [];
    const refs: number[] = [];
    for (const ref of this.waiting) {
      if (refs.length === seriesMax) break;
      refs.push(ref);
    }
    refs.sort((a, b) => catalogue.compareKin(a, b));
    for (const ref of refs) this.waiting.delete(ref);
    const last = this.members.get(this.#lastId);
    const topUp = last === undefined ? 0 : Math.min(groupSeriesMax - last.length, refs.length % groupSeriesMax);
    const changed: number[] = [];
    if (topUp > 0) changed.push(this.#fill(this.#lastId, refs.splice(refs.length - topUp, topUp)));
    for (let at = 0; at < refs.length; at += groupSeriesMax) changed.push(this.#fill(++this.#lastId, refs.slice(at, at + groupSeriesMax)));
    return changed;
  }

  #fill(id: number, refs: readonly number[]): number {
    this.unsaved.add(id);
    const members = this.members.get(id) ?? [];
    for (const ref of refs) {
      this.#place(ref, id, members.length);
      members.push(ref);
    }
    this.members.set(id, members);
    return id;
  }

  #place(ref: number, id: number, slot: number): void {
    this.#groupOf = grown(this.#groupOf, ref + 1);
    this.#slotOf = grown(this.#slotOf, ref + 1);
    this.#groupOf[ref] = id;
    this.#slotOf[ref] = slot;
    this.version++;
  }
}

export interface GroupMember {
  readonly ref: number;
  readonly labels: Labels;
}

const version = 1;
const headerBytes = 5;

/** The bytes of a group's row: version, CRC32C, then compressed a table of texts and the members. Layout: FORMAT.md, "Series group". */
export function encodeGroup(members: readonly GroupMember[]): Uint8Array {
  const body = new ByteWriter();
  const texts = [...new Set(members.flatMap(({ labels }) => labels))];
  const numberOf = new Map(texts.map((text, i) => [text, i]));
  putLabels(body, texts);
  body.varint(members.length);
  for (const { ref, labels } of members) {
    body.varint(ref);
    body.varint(labels.length);
    for (const text of labels) body.varint(numberOf.get(text)!);
  }
  const writer = new ByteWriter();
  writer.u8(version);
  writer.u32(0);
  putPacked(writer, body);
  writer.setU32(1, crc32c(writer.bytes, headerBytes, writer.at));
  return writer.take();
}

/** Throws DamageError. */
export function decodeGroup(bytes: Uint8Array): GroupMember[] {
  const row = new ByteReader(bytes);
  if (row.u8() !== version) throw new DamageError('a series group has an unknown version');
  if (row.u32() !== crc32c(bytes, headerBytes)) throw new DamageError('the checksum does not match');
  const reader = new ByteReader(getPacked(row));
  const texts = getLabels(reader);
  return Array.from({ length: reader.count(2) }, () => ({
    ref: reader.varint(),
    labels: Array.from({ length: reader.count(1) }, () => texts[reader.varint()]!),
  }));
}

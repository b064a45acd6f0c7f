import { rollupParts, type RollupPart } from '#core/model/index.ts';
import { ByteReader, ByteWriter, DamageError } from '../bytes/bytes.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { getPacked, putPacked } from '../bytes/packed.ts';
import { partIndex, type Buckets } from '../rollup/buckets.ts';
import { ColumnEncoder, decodeValues, decodeWhole, isNumbers, placeColumn, type ColumnPlace } from './column.ts';

/** The buckets of some slots of a group over a span of time, in bytes. Layout: FORMAT.md, "Rollup". */
export interface RollupMember {
  readonly slot: number;
  readonly buckets: Buckets;
}

const version = 1;
const headerBytes = 5;
/** 10 days of hours, or a day of 5 min: what a span may hold. */
const bucketsMax = 4096;
/** A column that is bit for bit an earlier one of its series: this, and which. */
const sameAs = 16;
const timeParts: ReadonlySet<RollupPart> = new Set(['firstMs', 'lastMs']);

const writer = new ByteWriter(16384);
const coded = new ByteWriter(16384);
const plain = new ByteWriter(16384);

export function encodeRollup(startMs: number, bucketMs: number, members: readonly RollupMember[]): Uint8Array {
  writer.at = 0;
  coded.at = 0;
  plain.at = 0;
  const encoder = new ColumnEncoder({ coded, plain });
  coded.varint(members.length);
  for (const { slot, buckets } of members) {
    coded.u8(slot);
    coded.varint(buckets.ends.length);
    encoder.separate();
    encoder.put(buckets.ends.map((endMs) => (endMs - startMs) / bucketMs));
    putParts(encoder, buckets, bucketMs);
  }
  writer.u8(version);
  writer.u32(0);
  writer.zigzag(startMs);
  writer.varint(bucketMs);
  putPacked(writer, coded);
  writer.raw(plain.bytes.subarray(0, plain.at));
  writer.setU32(1, crc32c(writer.bytes, headerBytes, writer.at));
  return writer.take();
}

/** Times go down as distances from the bucket's start: the same in every bucket when scrapes are regular. */
function putParts(encoder: ColumnEncoder, buckets: Buckets, bucketMs: number): void {
  const { ends } = buckets;
  const written: Float64Array[] = [];
  for (const part of rollupParts) {
    const values = timeParts.has(part) ? buckets.column(part).map((timeMs, i) => timeMs - ends[i]! + bucketMs) : buckets.column(part);
    const twin = written.findIndex((earlier) => sameBits(earlier, values));
    written.push(values);
    encoder.separate();
    if (twin < 0 || values.length === 1) encoder.put(values);
    else {
      coded.u8(sameAs);
      coded.u8(twin);
    }
  }
}

function sameBits(a: Float64Array, b: Float64Array): boolean {
  const x = new Uint32Array(a.buffer, a.byteOffset, a.length * 2);
  const y = new Uint32Array(b.buffer, b.byteOffset, b.length * 2);
  return x.every((word, i) => word === y[i]);
}

/** A column's place, or the number of the column of the same series that it equals. */
type Place = ColumnPlace | number;

/** Rollup bytes whose checksum held. */
export class RollupFrame {
  /** About how much memory it takes. */
  readonly bytes: number;
  readonly startMs: number;
  readonly bucketMs: number;
  readonly #coded: Uint8Array;
  readonly #plain: Uint8Array;
  readonly #slots = new Map<number, readonly Place[]>();

  /** Throws DamageError when the bytes are not those that were written. */
  constructor(bytes: Uint8Array) {
    const reader = new ByteReader(bytes);
    const found = reader.u8();
    if (found !== version) throw new DamageError(`rollup version ${found} is not known`);
    if (reader.u32() !== crc32c(bytes, headerBytes)) throw new DamageError('the checksum does not match');
    this.startMs = reader.zigzag();
    this.bucketMs = reader.varint();
    this.#coded = getPacked(reader);
    this.#plain = reader.raw(reader.end - reader.at);
    const [codedAt, plainAt] = [new ByteReader(this.#coded), new ByteReader(this.#plain)];
    for (let left = codedAt.count(3); left > 0; left--) this.#slots.set(codedAt.u8(), placesOf(codedAt, plainAt));
    this.bytes = this.#coded.length + this.#plain.length + this.#slots.size * rollupParts.length * 200;
  }

  get slots(): Iterable<number> {
    return this.#slots.keys();
  }

  /** Undefined when the slot has no bucket. */
  buckets(slot: number): Buckets | undefined {
    const places = this.#slots.get(slot);
    if (places === undefined) return undefined;
    const ends = this.#read(places, 0).map((index) => this.startMs + index * this.bucketMs);
    return {
      ends,
      column: (part) => {
        const values = this.#read(places, partIndex[part] + 1);
        return timeParts.has(part) ? values.map((distanceMs, i) => distanceMs + ends[i]! - this.bucketMs) : values;
      },
    };
  }

  #read(places: readonly Place[], index: number): Float64Array {
    const place = places[index]!;
    if (typeof place === 'number') return this.#read(places, place + 1);
    const out = new Float64Array(place.count);
    const whole = isNumbers(place) ? scratch : undefined;
    if (whole !== undefined) decodeWhole(place, this.#coded, this.#plain, whole, whole);
    decodeValues(place, this.#coded, this.#plain, whole, out, 0);
    return out;
  }
}

const scratch = new Float64Array(bucketsMax);

function placesOf(codedAt: ByteReader, plainAt: ByteReader): readonly Place[] {
  const count = codedAt.varint();
  if (count === 0 || count > bucketsMax) throw new DamageError(`${count} buckets`);
  const places: Place[] = [placeColumn(codedAt, plainAt, count)];
  for (let part = 0; part < rollupParts.length; part++) {
    if (codedAt.bytes[codedAt.at] !== sameAs) places.push(placeColumn(codedAt, plainAt, count));
    else {
      codedAt.u8();
      const twin = codedAt.u8();
      if (twin >= part) throw new DamageError('a column equals one that comes later');
      places.push(twin);
    }
  }
  if (places.some((place) => typeof place !== 'number' && place.kin)) throw new DamageError('a column builds on nothing');
  return places;
}

import { DamageError, type ByteReader, type ByteWriter } from '../bytes/bytes.ts';
import { columnSamplesMax, findScale, restore, restoreBytes, unscale, type Prediction, type Scale } from '../bytes/numbers.ts';
import { predict, type Folded } from '../bytes/residuals.ts';

/**
 * A column of doubles in bytes: a short head, and planes. A plane is one byte of every residual, lowest first; planes that look
 * random go to the `plain` bytes, which no compressor touches, the others to the `coded` bytes, which are compressed with those of
 * the frame's other columns. Layout: FORMAT.md, "Column".
 */
export interface ColumnWriters {
  readonly coded: ByteWriter;
  readonly plain: ByteWriter;
}

const constantKind = 0;
const numberKind = 1;
const bitsKind = 2;

/** A plane whose bytes carry more than this many bits each gains nothing from a compressor. Of 480 random bytes about 7.4 are seen. */
const randomBits = 6.9;
/** Columns built on one another at most: reading the last decodes them all. */
const kinMax = 15;

const patched = new Float64Array(columnSamplesMax);
const whole = [new Float64Array(columnSamplesMax), new Float64Array(columnSamplesMax)] as const;
const folded: Folded = { small: new Uint32Array(columnSamplesMax), large: new Float64Array(columnSamplesMax), isSmall: true };
const plane = new Uint8Array(columnSamplesMax);
const histogram = new Uint32Array(256);
/** So few different bytes cannot look random. */
const alikeMax = Math.floor(2 ** randomBits);
/** What one more of a byte adds to the sum of n log2 n, by how many there were: of the columns of a window. */
const gains = Float64Array.from({ length: 1024 }, (_, n) => gainOf(n));

/** Writes columns one after another; each may build on the one before. */
export class ColumnEncoder {
  readonly #writers: ColumnWriters;
  /** The whole numbers of the column before, when the next may build on them. */
  #kin: { readonly scale: Scale; readonly whole: Float64Array; readonly count: number; readonly depth: number } | undefined;
  #turn = 0;

  constructor(writers: ColumnWriters) {
    this.#writers = writers;
  }

  /** The next column cannot build on the last one: other times, or another kind of thing. */
  separate(): void {
    this.#kin = undefined;
  }

  put(values: Float64Array): void {
    const { coded } = this.#writers;
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    if (isConstant(bits)) {
      this.#kin = undefined;
      coded.u8(constantKind);
      coded.f64(values[0]!);
      return;
    }
    if (!this.#putNumbers(values, bits)) {
      this.#kin = undefined;
      coded.u8(bitsKind);
      putBits(this.#writers, bits);
    }
  }

  #putNumbers(values: Float64Array, bits: Uint32Array): boolean {
    const count = values.length;
    const odd = findOdd(values);
    if (odd.length * 8 > count) return false;
    const numbers = whole[this.#turn]!;
    const scale = findScale(odd.length === 0 ? values : patchOdd(values, odd), count, numbers);
    if (scale === undefined) return false;
    const kin = this.#kin;
    const usable = kin !== undefined && kin.count === count && kin.depth < kinMax && sameScale(kin.scale, scale) ? kin.whole : undefined;
    const prediction = predict(numbers, count, usable, folded);
    if (prediction === undefined) return false;
    this.#writers.coded.u8(numberKind);
    putHead(this.#writers.coded, scale, prediction);
    putOdd(this.#writers.coded, odd, bits);
    putPlanes(this.#writers, count - prediction.order);
    this.#kin = { scale, whole: numbers, count, depth: prediction.kin ? kin!.depth + 1 : 0 };
    this.#turn = 1 - this.#turn;
    return true;
  }
}

function isConstant(bits: Uint32Array): boolean {
  for (let i = 2; i < bits.length; i += 2) if (bits[i] !== bits[0] || bits[i + 1] !== bits[1]) return false;
  return true;
}

function sameScale(a: Scale, b: Scale): boolean {
  return a.binary === b.binary && a.exponent === b.exponent;
}

/** Where NaN, infinities and -0 are. */
function findOdd(values: Float64Array): number[] {
  const odd: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value - value !== 0 || (value === 0 && 1 / value < 0)) odd.push(i);
  }
  return odd;
}

/** A copy, good until the next one, with the value before in place of odd ones; 0 at the front. */
function patchOdd(values: Float64Array, odd: readonly number[]): Float64Array {
  patched.set(values);
  for (const at of odd) patched[at] = at === 0 ? 0 : patched[at - 1]!;
  return patched;
}

function putHead(coded: ByteWriter, scale: Scale, prediction: Prediction): void {
  coded.u8(prediction.order | (prediction.kin ? 4 : 0) | (scale.binary ? 8 : 0));
  coded.zigzag(scale.exponent);
  coded.zigzag(prediction.centre);
  coded.varint(prediction.step);
  if (prediction.order > 0) coded.f64(prediction.first);
  if (prediction.order > 1) coded.f64(prediction.slope);
}

function putOdd(coded: ByteWriter, odd: readonly number[], bits: Uint32Array): void {
  coded.varint(odd.length);
  let before = 0;
  for (const at of odd) {
    coded.varint(at - before);
    before = at;
  }
  for (const at of odd) {
    coded.u32(bits[at * 2]!);
    coded.u32(bits[at * 2 + 1]!);
  }
}

/** How many planes, which of them are plain (a bit each), and the planes. */
function putPlanes(writers: ColumnWriters, count: number): void {
  const { small, large, isSmall } = folded;
  const planes = isSmall ? bytesOf(small, count) : largeBytesOf(large, count);
  writers.coded.u8(planes);
  const mask = writers.coded.at;
  writers.coded.u8(0);
  for (let p = 0; p < planes; p++) {
    if (isSmall) for (let i = 0; i < count; i++) plane[i] = small[i]! >>> (p * 8);
    else for (let i = 0; i < count; i++) plane[i] = Math.floor(large[i]! / 256 ** p) % 256;
    putPlane(writers, mask, p, count);
  }
}

/** How many bytes the largest of some numbers takes; none when all are 0. */
function bytesOf(numbers: Uint32Array, count: number): number {
  let bits = 0;
  for (let i = 0; i < count; i++) bits |= numbers[i]!;
  return (39 - Math.clz32(bits)) >>> 3;
}

function largeBytesOf(numbers: Float64Array, count: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) if (numbers[i]! > largest) largest = numbers[i]!;
  return Math.floor(Math.log2(largest) / 8) + 1;
}

/** Sets bit `p` of the mask and writes to the plain bytes when the plane looks random. */
function putPlane({ coded, plain }: ColumnWriters, mask: number, p: number, count: number): void {
  const isPlain = count > alikeMax && bitsPerByte(count) > randomBits;
  if (isPlain) coded.bytes[mask]! |= 1 << p;
  (isPlain ? plain : coded).raw(plane.subarray(0, count));
}

/** The entropy of the plane's bytes: log2 of their number, less the sum of n log2 n of each byte's n over it. */
function bitsPerByte(count: number): number {
  histogram.fill(0);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const times = histogram[plane[i]!]!++;
    sum += times < gains.length ? gains[times]! : gainOf(times);
  }
  return Math.log2(count) - sum / count;
}

function gainOf(times: number): number {
  return times === 0 ? 0 : (times + 1) * Math.log2(times + 1) - times * Math.log2(times);
}

/** Doubles that are no numbers of one scale: eight planes of each one's difference (XOR) to the one before. */
function putBits(writers: ColumnWriters, bits: Uint32Array): void {
  const count = bits.length / 2;
  const mask = writers.coded.at;
  writers.coded.u8(0);
  for (let p = 0; p < 8; p++) {
    const word = p >>> 2;
    const shift = (p & 3) * 8;
    let before = 0;
    for (let i = 0; i < count; i++) {
      const now = bits[i * 2 + word]!;
      plane[i] = (now ^ before) >>> shift;
      before = now;
    }
    putPlane(writers, mask, p, count);
  }
}

/** Where a column's parts lie; made by walking the heads once. */
export interface ColumnPlace {
  readonly kind: number;
  /** Whether the column before must be decoded first. */
  readonly kin: boolean;
  readonly count: number;
  /** kind constant: the value's bits. */
  readonly low: number;
  readonly high: number;
  readonly scale: Scale;
  readonly prediction: Prediction;
  readonly oddAt: number;
  readonly odd: readonly number[];
  /** Where each plane begins; negative (minus one) in the plain bytes. */
  readonly planes: readonly number[];
}

const noScale: Scale = { binary: false, exponent: 0 };
const noPrediction: Prediction = { order: 0, kin: false, centre: 0, step: 1, first: 0, slope: 0 };
const nowhere = { kin: false, low: 0, high: 0, scale: noScale, prediction: noPrediction, oddAt: 0, odd: [], planes: [] };

/** Reads a column's head and steps over its planes. Throws DamageError. */
export function placeColumn(coded: ByteReader, plain: ByteReader, count: number): ColumnPlace {
  const kind = coded.u8();
  if (kind === constantKind) return { ...nowhere, kind, count, low: coded.u32(), high: coded.u32() };
  if (kind === bitsKind) return { ...nowhere, kind, count, planes: placePlanes(coded, plain, 8, count) };
  if (kind !== numberKind) throw new DamageError(`column kind ${kind} is not known`);
  const flags = coded.u8();
  const order = flags & 3;
  const scale = { binary: (flags & 8) !== 0, exponent: coded.zigzag() };
  if (order > 2 || order >= count || (!scale.binary && (scale.exponent < 0 || scale.exponent > 15)))
    throw new DamageError('a column head makes no sense');
  const kin = (flags & 4) !== 0;
  const centre = coded.zigzag();
  const step = coded.varint();
  const first = order > 0 ? coded.f64() : 0;
  const slope = order > 1 ? coded.f64() : 0;
  const prediction: Prediction = { order: order as 0 | 1 | 2, kin, centre, step, first, slope };
  const odd = placeOdd(coded, count);
  const oddAt = coded.skip(odd.length * 8);
  const planes = placePlanes(coded, plain, coded.u8(), count - order);
  return { ...nowhere, kind, count, kin, scale, prediction, oddAt, odd, planes };
}

function placeOdd(coded: ByteReader, count: number): number[] {
  const odd: number[] = [];
  let at = 0;
  for (let left = coded.count(9); left > 0; left--) {
    at += coded.varint();
    if (at >= count) throw new DamageError('a column names a sample that it does not have');
    odd.push(at);
  }
  return odd;
}

function placePlanes(coded: ByteReader, plain: ByteReader, planes: number, count: number): number[] {
  const mask = coded.u8();
  if (planes > 8) throw new DamageError(`${planes} planes`);
  return Array.from({ length: planes }, (_, p) => ((mask & (1 << p)) !== 0 ? -1 - plain.skip(count) : coded.skip(count)));
}

const noPlane = new Uint8Array(columnSamplesMax);

/** The whole numbers of a column before they are scaled; `kin` those of the column before, when it builds on them. */
export function decodeWhole(place: ColumnPlace, coded: Uint8Array, plain: Uint8Array, kin: Float64Array, out: Float64Array): void {
  const { planes, prediction, count } = place;
  if (planes.length > 2) {
    gatherPlanes(planes, coded, plain, count - prediction.order, out);
    restore(out, count, prediction, kin, planes.length < 4);
    return;
  }
  const low = planes[0] ?? 0;
  const high = planes[1] ?? 0;
  restoreBytes(
    planes.length === 0 ? noPlane : low < 0 ? plain : coded,
    low < 0 ? -1 - low : low,
    planes.length < 2 ? noPlane : high < 0 ? plain : coded,
    high < 0 ? -1 - high : high,
    count,
    prediction,
    out,
  );
  if (prediction.kin) for (let i = 0; i < count; i++) out[i]! += kin[i]!;
}

/** Adds up the planes to folded residuals. Columns of less are restored at once. */
function gatherPlanes(planes: readonly number[], coded: Uint8Array, plain: Uint8Array, length: number, out: Float64Array): void {
  out.fill(0, 0, length);
  for (let p = 0; p < planes.length; p++) {
    const source = planes[p]! < 0 ? plain : coded;
    const from = planes[p]! < 0 ? -1 - planes[p]! : planes[p]!;
    const unit = 256 ** p;
    for (let i = 0; i < length; i++) out[i]! += source[from + i]! * unit;
  }
}

/** Writes a column's values to `out` from `into` on. `wholeNumbers` is what decodeWhole gave, for a column of numbers. */
export function decodeValues(
  place: ColumnPlace,
  coded: Uint8Array,
  plain: Uint8Array,
  wholeNumbers: Float64Array | undefined,
  out: Float64Array,
  into: number,
): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset + into * 8, place.count * 2);
  if (wholeNumbers !== undefined) {
    unscale(wholeNumbers, place.count, place.scale, out, into);
    const view = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
    place.odd.forEach((at, i) => {
      bits[at * 2] = view.getUint32(place.oddAt + i * 8, true);
      bits[at * 2 + 1] = view.getUint32(place.oddAt + i * 8 + 4, true);
    });
  } else if (place.kind === constantKind) {
    for (let i = 0; i < bits.length; i += 2) {
      bits[i] = place.low;
      bits[i + 1] = place.high;
    }
  } else decodeBits(place, coded, plain, bits);
}

/** Whether a value may be a NaN. */
export function mayBeOdd({ kind, odd, high }: ColumnPlace): boolean {
  if (kind === numberKind) return odd.length > 0;
  return kind === bitsKind || (high & 0x7ff00000) === 0x7ff00000;
}

export function isNumbers(place: ColumnPlace): boolean {
  return place.kind === numberKind;
}

function decodeBits({ planes, count }: ColumnPlace, coded: Uint8Array, plain: Uint8Array, bits: Uint32Array): void {
  bits.fill(0);
  planes.forEach((at, p) => {
    const source = at < 0 ? plain : coded;
    const from = at < 0 ? -1 - at : at;
    const word = p >>> 2;
    const shift = (p & 3) * 8;
    for (let i = 0; i < count; i++) bits[i * 2 + word]! |= source[from + i]! << shift;
  });
  for (let i = 2; i < bits.length; i++) bits[i]! ^= bits[i - 2]!;
}

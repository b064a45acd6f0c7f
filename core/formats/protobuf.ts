import { EngineError } from '#core/model/index.ts';

/** Messages inside messages; no format that we read needs more (an OTLP value may nest by itself). */
const depthMax = 48;

/** Field 1, a message: a label of a remote write series. */
const labelTag = 0x0a;
/** Field 2 of a remote write series, a sample, with its length in the second byte; and in that its value and its time. */
const sampleHead = 0x1012;
const doubleTag = 0x09;
const timeTag = 0x10;
const sampleBytes = 18;
/** A sample of value 0. */
const bareSampleHead = 0x0712;
const bareSampleBytes = 9;
/** The bits of a varint's bytes that say that more follow: of four bytes, of two, and of the first of two. */
const moreOf4 = 0x80808080 | 0;
const moreOf2 = 0x8080;
const moreOf1 = 0x0080;

/** The 28 bits that four bytes of a varint hold. */
const lowOf4 = (bytes: number): number => (bytes & 0x7f) | ((bytes >>> 1) & 0x3f80) | ((bytes >>> 2) & 0x1fc000) | ((bytes >>> 3) & 0xfe00000);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A pull reader of protobuf's wire format: nothing is allocated but texts, and every length is checked against the message it
 * stands in before it is used. Source: protobuf.dev, "Encoding". Throws EngineError `invalid`.
 *
 *     while (reader.next()) {
 *       if (reader.field === 1) text = reader.text();
 *       else if (reader.field === 2) reader.message(() => readInner(reader));
 *       else reader.skip();
 *     }
 */
export class ProtoReader {
  /** Of the field that `next` found. */
  field = 0;
  wire = 0;
  /** The bytes of the last `span`. */
  spanFrom = 0;
  spanTo = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #end: number;
  #depth = 0;
  /** Halves of the last varint or fixed64, unsigned. */
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = from;
    this.#end = to;
  }

  /** The offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** Moves to the next field of the message; false at its end. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0 || tag > 0xffffffff) throw this.#fault('a field has no number');
    return true;
  }

  /** Passes over the field that `next` found. */
  skip(): void {
    if (this.wire === 0) this.#readVarint();
    else if (this.wire === 1) this.#pass(8);
    else if (this.wire === 2) this.span();
    else if (this.wire === 5) this.#pass(4);
    else throw this.#fault(`the wire type ${this.wire} is not known`);
  }

  /** uint32, uint64, bool, enum. Above 2^53 the nearest double. */
  varint(): number {
    const first = this.bytes[this.#at]!;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    this.#readVarint();
    return this.#high * 0x100000000 + this.#low;
  }

  uint(): number {
    this.#expect(0);
    return this.varint();
  }

  /** int32 and int64. Beyond 2^53 the nearest double. */
  int(): number {
    this.#expect(0);
    this.#readVarint();
    return (this.#high | 0) * 0x100000000 + this.#low;
  }

  /** int64, as a bigint when a number cannot hold it. */
  exactInt(): number | bigint {
    const value = this.int();
    return Number.isSafeInteger(value) ? value : (BigInt(this.#high | 0) << 32n) + BigInt(this.#low);
  }

  /** sint32 and sint64. */
  zigzag(): number {
    this.#expect(0);
    this.#readVarint();
    const half = this.#high * 0x80000000 + (this.#low >>> 1);
    return (this.#low & 1) === 0 ? half : -half - 1;
  }

  double(): number {
    this.#expect(1);
    const at = this.#pass(8);
    return this.#view.getFloat64(at, true);
  }

  /** fixed64. Above 2^53 the nearest double. */
  fixed64(): number {
    this.#expect(1);
    const at = this.#pass(8);
    return this.#view.getUint32(at + 4, true) * 0x100000000 + this.#view.getUint32(at, true);
  }

  /** sfixed64. */
  signedFixed64(): number {
    this.#expect(1);
    const at = this.#pass(8);
    return this.#view.getInt32(at + 4, true) * 0x100000000 + this.#view.getUint32(at, true);
  }

  /** fixed64 nanoseconds since 1970 as whole ms. */
  nanosAsMs(): number {
    return Math.floor(this.fixed64() / 1e6);
  }

  /** The bytes of a string, bytes or message field, as offsets. */
  span(): void {
    if (this.wire !== 2) throw this.#fault('a field has an unexpected wire type');
    const length = this.varint();
    if (length > this.#end - this.#at) throw this.#fault('a field is longer than the message it stands in');
    this.spanFrom = this.#at;
    this.spanTo = this.#at += length;
  }

  text(): string {
    this.span();
    return this.textAt(this.spanFrom, this.spanTo);
  }

  textAt(from: number, to: number): string {
    try {
      return utf8.decode(this.bytes.subarray(from, to));
    } catch {
      throw this.#fault('a text is not UTF-8');
    }
  }

  /** Passes over bytes of the message that are known to be whole fields; false, and nothing moves, when a label could follow there. */
  skipTo(to: number): boolean {
    if (to > this.#end || (to < this.#end && this.bytes[to] === labelTag)) return false;
    this.#at = to;
    return true;
  }

  /** Reads an inner message: `read` sees only its fields. */
  message(read: () => void): void {
    this.span();
    const outerEnd = this.#end;
    if (++this.#depth > depthMax) throw this.#fault(`messages are nested deeper than ${depthMax}`);
    this.#at = this.spanFrom;
    this.#end = this.spanTo;
    read();
    this.#at = this.#end;
    this.#end = outerEnd;
    this.#depth--;
  }

  /** Each value of a repeated uint32 or uint64, packed or not. */
  eachUint(take: (value: number) => void): void {
    if (this.wire !== 2) {
      take(this.uint());
      return;
    }
    this.message(() => {
      while (this.#at < this.#end) take(this.varint());
    });
  }

  /**
   * Reads the fields 2 that come next into two columns from `from` on, and answers where they end there: as far as there is room, and each
   * is a message of a `double = 1` (no NaN; absent when 0) and an `int64 = 2` of six bytes, which times from 1971 to 2109 take. That is nearly
   * all of a remote write body.
   */
  samples(timesMs: Float64Array, values: Float64Array, from: number): number {
    const view = this.#view;
    const end = this.#end;
    let at = this.#at;
    let count = from;
    for (; count < timesMs.length && at + bareSampleBytes <= end; count++) {
      let p = at + 2;
      let value = 0;
      if (at + sampleBytes <= end && view.getUint16(at, true) === sampleHead && view.getUint8(p) === doubleTag) {
        value = view.getFloat64(p + 1, true);
        p += 9;
      } else if (view.getUint16(at, true) !== bareSampleHead) break;
      const low = view.getInt32(p + 1, true);
      const high = view.getUint16(p + 5, true);
      if (view.getUint8(p) !== timeTag || (low & moreOf4) !== moreOf4 || (high & moreOf2) !== moreOf1 || value !== value) break;
      timesMs[count] = ((high & 0x7f) | ((high >>> 1) & 0x3f80)) * 0x10000000 + lowOf4(low);
      values[count] = value;
      at = p + 7;
    }
    this.#at = at;
    return count;
  }

  /** Reads a message that stands behind its length, outside any field. */
  delimited(read: () => void): void {
    this.wire = 2;
    this.message(read);
  }

  /** One value of a repeated number, or all of them when they are packed. */
  numbers(into: number[], kind: 'varint' | 'zigzag' | 'double' | 'fixed64'): void {
    if (this.wire !== 2) {
      into.push(this.#number(kind));
      return;
    }
    this.message(() => {
      this.wire = kind === 'varint' || kind === 'zigzag' ? 0 : 1;
      while (this.#at < this.#end) into.push(this.#number(kind));
    });
  }

  #number(kind: 'varint' | 'zigzag' | 'double' | 'fixed64'): number {
    if (kind === 'varint') return this.uint();
    if (kind === 'zigzag') return this.zigzag();
    return kind === 'double' ? this.double() : this.fixed64();
  }

  #expect(wire: number): void {
    if (this.wire !== wire) throw this.#fault('a field has an unexpected wire type');
  }

  /** Passes over bytes; answers where they began. */
  #pass(count: number): number {
    const from = this.#at;
    if (count > this.#end - from) throw this.#fault('the message is cut short');
    this.#at = from + count;
    return from;
  }

  #readVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw this.#fault('the message is cut short');
      const b = this.bytes[this.#at++]!;
      if (shift < 28) low |= (b & 0x7f) << shift;
      else if (shift === 28) {
        low |= (b & 0x0f) << 28;
        high = (b & 0x7f) >> 4;
      } else high |= (b & 0x7f) << (shift - 32);
      if (b < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    throw this.#fault('a number has more than ten bytes');
  }

  #fault(what: string): EngineError {
    return new EngineError('invalid', `the protobuf message cannot be read: ${what} (at byte ${this.#at})`);
  }
}

/**
 * A frame as bytes, for wires that know no structured clone:
 *
 *     | jsonBytes u32 LE | JSON, UTF-8 | zeros up to a multiple of 8 | the typed arrays, each padded to a multiple of 8 |
 *
 * In the JSON a typed array stands as {"$wire": [kind, length]}, in the order of the arrays behind it, and a number that
 * JSON has no word for as {"$wire": ["NaN"]}, "Infinity" or "-Infinity". Data whose key ends in `$wire` itself crosses
 * with one more `$` before that key.
 *
 * A long frame goes to a screen as several messages: | 0xFFFFFFFF u32 | bytes of the frame u32 LE |, and then the frame, cut. So the screen has
 * turns while it comes, and what the last message starts is not behind the copying of all of them.
 */
import type { Frame } from './rpc.ts';

const kinds = { f64: Float64Array, u32: Uint32Array, u8: Uint8Array } as const;
type Kind = keyof typeof kinds;
type Block = Float64Array | Uint32Array | Uint8Array;
const mark = '$wire';
const cutMark = 0xffffffff;
const pieceBytes = 1 << 18;
/** No answer is this long: a cut frame that says so is none. */
const cutBytesMax = 1 << 30;
/** A shorter array is copied: it would keep all of its frame in memory. */
const inPlaceBytesMin = 1 << 16;
const align = (bytes: number): number => (bytes + 7) & ~7;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const kindOf = (block: Block): Kind => (block instanceof Float64Array ? 'f64' : block instanceof Uint32Array ? 'u32' : 'u8');

export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const blocks: Block[] = [];
  const json = encoder.encode(
    JSON.stringify(frame, (_key, value: unknown) => {
      if (value instanceof Float64Array || value instanceof Uint32Array || value instanceof Uint8Array) {
        blocks.push(value);
        return { [mark]: [kindOf(value), value.length] };
      }
      if (typeof value === 'number' && !Number.isFinite(value)) return { [mark]: [String(value)] };
      return isRecord(value) && Object.keys(value).some((key) => key.endsWith(mark)) ? escapeKeys(value) : value;
    }),
  );
  const start = align(4 + json.length);
  const bytes = new Uint8Array(blocks.reduce((size, block) => size + align(block.byteLength), start));
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  let at = start;
  for (const block of blocks) {
    bytes.set(new Uint8Array(block.buffer, block.byteOffset, block.byteLength), at);
    at += align(block.byteLength);
  }
  return bytes;
}

/** The messages that a frame is sent as. */
export function encodeMessages(frame: Frame): readonly Uint8Array<ArrayBuffer>[] {
  const bytes = encodeFrame(frame);
  if (bytes.length <= pieceBytes) return [bytes];
  const messages: Uint8Array<ArrayBuffer>[] = [new Uint8Array(Uint32Array.of(cutMark, bytes.length).buffer)];
  for (let at = 0; at < bytes.length; at += pieceBytes) messages.push(bytes.subarray(at, at + pieceBytes));
  return messages;
}

/** Puts cut frames together again. */
export class FrameReader {
  #whole: Uint8Array | undefined;
  #filled = 0;

  /** The frame that the message ends, `more` when messages of it are still to come, undefined when it is none. Keeps the message. */
  take(message: Uint8Array): Frame | 'more' | undefined {
    if (this.#whole !== undefined) return this.#fill(this.#whole, message);
    if (message.length !== 8) return decodeFrame(message, true);
    const view = new DataView(message.buffer, message.byteOffset);
    const length = view.getUint32(4, true);
    if (view.getUint32(0, true) !== cutMark || length <= pieceBytes || length > cutBytesMax) return decodeFrame(message, true);
    this.#whole = new Uint8Array(length);
    this.#filled = 0;
    return 'more';
  }

  #fill(whole: Uint8Array, message: Uint8Array): Frame | 'more' | undefined {
    if (message.length > whole.length - this.#filled) return undefined;
    whole.set(message, this.#filled);
    this.#filled += message.length;
    if (this.#filled < whole.length) return 'more';
    this.#whole = undefined;
    return decodeFrame(whole, true);
  }
}

/**
 * The frame, or undefined when the bytes are none. Lengths are checked against what is there before anything is made. Long arrays are parts of
 * `bytes` when those are given away and lie so that they can be.
 */
export function decodeFrame(bytes: Uint8Array, isGiven = false): Frame | undefined {
  if (bytes.length < 4) return undefined;
  const jsonBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (jsonBytes > bytes.length - 4) return undefined;
  let at = align(4 + jsonBytes);
  try {
    const json = decoder.decode(bytes.subarray(4, 4 + jsonBytes));
    if (!json.includes(mark)) return JSON.parse(json) as Frame; // Nothing to restore: ten times as fast.
    return JSON.parse(json, (_key, value: unknown) => {
      if (!isRecord(value)) return value;
      if (!(mark in value)) return Object.keys(value).some((key) => key.endsWith(mark)) ? unescapeKeys(value) : value;
      const [kind, length] = value[mark] as [Kind, number];
      if (length === undefined) return Number(kind);
      const size = length * kinds[kind].BYTES_PER_ELEMENT;
      if (!(size >= 0) || at + size > bytes.length) throw new RangeError('array beyond the frame');
      const { buffer, byteOffset } = bytes;
      const isInPlace = isGiven && size >= inPlaceBytesMin && (byteOffset + at) % 8 === 0 && buffer instanceof ArrayBuffer;
      // A copy by the constructor: a Buffer's own slice() would share the memory of whatever else lies in its pool.
      const block = isInPlace
        ? new kinds[kind](buffer, byteOffset + at, length)
        : new kinds[kind](new Uint8Array(bytes.subarray(at, at + size)).buffer);
      at += align(size);
      return block;
    }) as Frame;
  } catch {
    return undefined; // the caller closes the connection: nothing that follows could be trusted
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function escapeKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key.endsWith(mark) ? `$${key}` : key, held]));
}

function unescapeKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key.endsWith(mark) ? key.slice(1) : key, held]));
}

import { EngineError } from '#core/model/index.ts';

/** Words are copied whole, so up to this many bytes behind the end are written. */
const slackBytes = 4;
const noRoom = new Uint8Array(0);

/**
 * Snappy's block format (google/snappy, format_description.txt). The length that the block claims is checked against the
 * cap before anything is allocated, and the block must fill it exactly. The answer lies in `room` where that is large enough.
 * Throws EngineError `invalid` or `limit`.
 */
export function snappyDecode(block: Uint8Array, bytesMax: number, room: Uint8Array = noRoom): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const b = block[at++];
    if (b === undefined || shift > 28) throw fault('it has no length');
    length += (b & 0x7f) * 2 ** shift;
    if (b < 0x80) break;
  }
  if (length > bytesMax) throw new EngineError('limit', `the body unpacks to ${length} bytes, over the limit of ${bytesMax}`);
  // Three bytes make at most 64; a longer claim is a lie that would cost memory.
  if (length > block.length * 22) throw fault('it claims more bytes than it can hold');
  const out = length + slackBytes <= room.length ? room : new Uint8Array(length + slackBytes);
  const unpacking = new Unpacking(block, at, out, length);
  while (unpacking.at < block.length) unpacking.run(unpacking.at + turnBytes);
  if (unpacking.to !== length) throw fault('it ends early');
  return out.subarray(0, length);
}

/** Of a block, unpacked in one call: the runtime is sooner done with a function that is called often than with one long loop. */
const turnBytes = 1024;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Literals up to this long are moved word by word: a call into the runtime costs more. Copies are never longer. */
const wordsMax = 64;

/** A block on its way into `out`, which has room for `length` bytes and the slack. */
class Unpacking {
  /** Where the next element begins in the block, and the bytes that those before have made. */
  at: number;
  to = 0;
  readonly #block: Uint8Array;
  readonly #source: DataView;
  readonly #out: Uint8Array;
  readonly #target: DataView;
  readonly #length: number;

  constructor(block: Uint8Array, at: number, out: Uint8Array, length: number) {
    this.#block = block;
    this.#source = viewOf(block);
    this.#out = out;
    this.#target = viewOf(out);
    this.#length = length;
    this.at = at;
  }

  /** Unpacks the elements that begin before `until`. */
  run(until: number): void {
    const block = this.#block;
    const target = this.#target;
    const end = Math.min(until, block.length);
    let { at, to } = this;
    while (at < end) {
      const tag = block[at++]!;
      if ((tag & 3) === 0) {
        const extra = tag >> 2 < 60 ? 0 : (tag >> 2) - 59;
        const size = (extra === 0 ? tag >> 2 : littleEndian(block, at, extra)) + 1;
        at += extra;
        this.#literal(at, to, size);
        at += size;
        to += size;
        continue;
      }
      let size = (tag >> 2) + 1;
      let back: number;
      if ((tag & 3) === 2 && at + 1 < block.length) {
        back = block[at]! | (block[at + 1]! << 8);
        at += 2;
      } else if ((tag & 3) === 1 && at < block.length) {
        size = ((tag >> 2) & 7) + 4;
        back = ((tag >> 5) << 8) | block[at++]!;
      } else {
        back = littleEndian(block, at, 4);
        at += 4;
      }
      if (back === 0 || back > to || size > this.#length - to) throw fault('a copy reaches outside');
      if (back < 4) repeat(this.#out, to, back, size);
      else for (let i = to; i < to + size; i += 4) target.setInt32(i, target.getInt32(i - back));
      to += size;
    }
    this.at = at;
    this.to = to;
  }

  #literal(at: number, to: number, size: number): void {
    const block = this.#block;
    if (size > block.length - at || size > this.#length - to) throw fault('a literal is cut short');
    if (size > wordsMax || at + size + slackBytes > block.length) this.#out.set(block.subarray(at, at + size), to);
    else for (let i = 0; i < size; i += 4) this.#target.setInt32(to + i, this.#source.getInt32(at + i));
  }
}

/** A copy that begins less than a word behind. */
function repeat(out: Uint8Array, to: number, back: number, size: number): void {
  for (let i = to; i < to + size; i++) out[i] = out[i - back]!;
}

function littleEndian(block: Uint8Array, at: number, width: number): number {
  if (at + width > block.length) throw fault('it is cut short');
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + block[at + i]!;
  return value;
}

function fault(what: string): EngineError {
  return new EngineError('invalid', `the snappy body cannot be unpacked: ${what}`);
}

import { EngineError } from '#core/model/index.ts';
import type { Bytes, Entry } from './bytes.ts';

/** Tar archives as POSIX.1-1988 (ustar), GNU and pax write them: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
const blockBytes = 512;
const longNameMax = 64 << 10;

/** The regular files. Names are only names: nothing is written to disk under them. */
export async function* tarEntries({ path, modifiedMs, bytes }: Entry): AsyncGenerator<Entry> {
  const source = new BlockSource(bytes);
  let longName = '';
  for (;;) {
    const header = await source.take(blockBytes);
    if (header.length < blockBytes || header.every((byte) => byte === 0)) return;
    const size = numberOf(header, 124, 12);
    const type = String.fromCharCode(header[156]!);
    const padded = Math.ceil(size / blockBytes) * blockBytes;
    if (type === 'L' || type === 'x') {
      if (size > longNameMax) throw new EngineError('invalid', `${path}: a name in the archive is longer than ${longNameMax} bytes`);
      const text = (await source.take(padded)).subarray(0, size);
      longName = type === 'L' ? text.toString('utf8').replace(/\0.*$/s, '') : (/\d+ path=([^\n]*)\n/.exec(text.toString('utf8'))?.[1] ?? longName);
      continue;
    }
    const name = longName === '' ? nameOf(header) : longName;
    longName = '';
    const isFile = type === '0' || type === '\0' || type === '7';
    const content = source.stream(size);
    if (isFile) yield { path: `${path}!${name}`, modifiedMs: numberOf(header, 136, 12) * 1000 || modifiedMs, bytes: content };
    for await (const rest of content) void rest;
    await source.take(padded - size);
  }
}

function nameOf(header: Buffer): string {
  const text = (from: number, length: number): string => header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  const prefix = text(345, 155);
  return prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}

/** Octal digits, or, with the high bit set, a big-endian number (GNU). */
function numberOf(header: Buffer, from: number, length: number): number {
  if ((header[from]! & 0x80) !== 0) return header.subarray(from + 1, from + length).reduce((sum, byte) => sum * 256 + byte, 0);
  const digits = header
    .toString('latin1', from, from + length)
    .replace(/[\0 ].*$/s, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new EngineError('invalid', 'the archive is damaged: a header holds no number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** Takes bytes of a stream in pieces of known length. */
class BlockSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(bytes: Bytes) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** Fewer bytes when the stream ends. */
  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length && (await this.#more()));
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  async *stream(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#more())) throw new EngineError('invalid', 'the archive ends within a file');
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#iterator.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Readable } from 'node:stream';
import { EngineError, messageOf } from '#core/model/index.ts';
import { peeked, type Bytes, type Entry } from './bytes.ts';
import type { ImportLimits } from './limits.ts';
import { tarEntries } from './tar.ts';
import { zipEntries } from './zip.ts';

/** What cannot be opened is an entry too: its bytes throw EngineError. */
export class EntryWalk {
  readonly #limits: ImportLimits;
  #files = 0;
  #bytes = 0;

  constructor(limits: ImportLimits) {
    this.#limits = limits;
  }

  /** Every file under a path, folders in order of name, archives opened by what is in them. Links are not followed. */
  async *under(path: string): AsyncGenerator<Entry> {
    const found = await stat(path).catch((error: unknown) => {
      throw new EngineError('not-found', `${path} cannot be read: ${messageOf(error)}`);
    });
    if (found.isDirectory()) {
      const names = await readdir(path, { withFileTypes: true });
      names.sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const one of names) if (one.isFile() || one.isDirectory()) yield* this.under(join(path, one.name));
      return;
    }
    if (!found.isFile()) return;
    yield* this.#opened({ path, modifiedMs: found.mtimeMs, bytes: contentOf(path), file: path }, 0);
  }

  async *#opened(entry: Entry, depth: number): AsyncGenerator<Entry> {
    if (++this.#files > this.#limits.filesMax)
      throw new EngineError('limit', `${entry.path}: more than ${this.#limits.filesMax} files; import fewer at a time`);
    const { head, bytes, leave } = await peeked(this.#counted(entry));
    const packing = packings.find(({ fits }) => fits(head));
    if (packing === undefined) {
      yield { ...entry, bytes };
      return;
    }
    if (depth >= this.#limits.depthMax) {
      yield { ...entry, bytes: failing(new EngineError('limit', `archives lie more than ${this.#limits.depthMax} deep in each other`)) };
      return;
    }
    if (packing.isByPlace && entry.file !== undefined) await leave();
    try {
      for await (const inner of packing.open({ ...entry, bytes }, this.#limits)) yield* this.#opened(inner, depth + 1);
    } catch (error) {
      if (!(error instanceof EngineError) || this.#files > this.#limits.filesMax) throw error;
      yield { ...entry, bytes: failing(error) };
    }
  }

  async *#counted({ path, bytes }: Entry): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#limits.bytesMax)
        throw new EngineError('limit', `${path}: the import unpacks to more than ${this.#limits.bytesMax} bytes`);
      yield chunk;
    }
  }
}

/** Opened when it is read. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 << 10 })) yield chunk as Uint8Array;
}

interface Packing {
  /** A file on disk is read where its directory says, not from its beginning. */
  readonly isByPlace?: boolean;
  readonly fits: (head: Uint8Array) => boolean;
  readonly open: (entry: Entry, limits: ImportLimits) => AsyncGenerator<Entry>;
}

const begins =
  (...magic: readonly number[]) =>
  (head: Uint8Array): boolean =>
    magic.every((byte, i) => head[i] === byte);

const packings: readonly Packing[] = [
  { fits: begins(0x1f, 0x8b), open: (entry) => decompressed(entry, createGunzip(), /\.(gz|tgz)$/i) },
  { fits: begins(0x28, 0xb5, 0x2f, 0xfd), open: (entry) => decompressed(entry, createZstdDecompress(), /\.zst$/i) },
  { fits: begins(0x50, 0x4b, 0x03, 0x04), open: zipEntries, isByPlace: true },
  { fits: (head) => Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar', open: tarEntries },
];

/** One file within another. What breaks while unpacking is thrown to whoever reads. */
async function* decompressed({ path, modifiedMs, bytes }: Entry, unpacker: NodeJS.ReadWriteStream, ending: RegExp): AsyncGenerator<Entry> {
  const name = basename(path).replace(ending, '');
  yield {
    path: name === basename(path) ? path : path.slice(0, path.length - basename(path).length) + name,
    modifiedMs,
    bytes: piped(bytes, unpacker),
  };
}

async function* piped(bytes: Bytes, unpacker: NodeJS.ReadWriteStream): AsyncGenerator<Uint8Array> {
  const feeding = feed(bytes, unpacker);
  try {
    for await (const chunk of unpacker as unknown as Readable) yield chunk as Uint8Array;
  } catch (error) {
    const isCut = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    if (isCut) throw new EngineError('invalid', 'the file is cut short: it ends within its compressed data; copy it again for what is missing');
    throw new EngineError('invalid', `the file cannot be unpacked: ${messageOf(error)}`);
  }
  await feeding;
}

async function feed(bytes: Bytes, unpacker: NodeJS.ReadWriteStream): Promise<void> {
  try {
    for await (const chunk of bytes) {
      if (!unpacker.write(chunk)) await roomIn(unpacker);
    }
    unpacker.end();
  } catch (error) {
    (unpacker as unknown as Readable).destroy(error as Error);
  }
}

/** Settles when the stream takes more, or never will. */
function roomIn(stream: NodeJS.ReadWriteStream): Promise<void> {
  return new Promise((done) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle);
      done();
    };
    stream.on('drain', settle).on('close', settle);
  });
}

/** A file that cannot be opened: reading it throws. */
async function* failing(error: EngineError | undefined): AsyncGenerator<Uint8Array> {
  if (error !== undefined) throw error;
  yield new Uint8Array(0);
}

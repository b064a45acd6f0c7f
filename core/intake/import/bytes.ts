import { EngineError } from '#core/model/index.ts';

export type Bytes = AsyncIterable<Uint8Array>;

/** A file to be read, unpacked. Its bytes must be read before the next entry is asked for. */
export interface Entry {
  /** Path as the person gave it; behind `!` the path inside an archive. */
  readonly path: string;
  readonly modifiedMs: number;
  readonly bytes: Bytes;
  /** The file on disk that holds just these bytes, when there is one: it can be read from anywhere. */
  readonly file?: string;
}

const headBytes = 64 << 10;

/** The first bytes, and all of them. `leave` ends the reading early. */
export async function peeked(bytes: Bytes): Promise<{ head: Uint8Array; bytes: Bytes; leave: () => Promise<unknown> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let length = 0;
  let failure: unknown;
  while (length < headBytes) {
    const next = await iterator.next().catch((error: unknown) => {
      failure = error;
      return { done: true as const, value: undefined };
    });
    if (next.done === true) break;
    taken.push(next.value);
    length += next.value.length;
  }
  const leave = (): Promise<unknown> => iterator.return?.() ?? Promise.resolve();
  return { head: Buffer.concat(taken), bytes: rejoined(taken, iterator, failure), leave };
}

async function* rejoined(taken: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>, failure: unknown): AsyncGenerator<Uint8Array> {
  yield* taken;
  if (failure !== undefined) throw failure;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

/** All bytes of a document. Throws EngineError `limit` when it is longer than `bytesMax`. */
export async function wholeOf(bytes: Bytes, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > bytesMax) throw new EngineError('limit', `the document is longer than ${bytesMax} bytes and can only be read whole; split it`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

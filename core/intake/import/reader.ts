import type { Entry } from './bytes.ts';
import type { FileSink } from './sink.ts';

/** What a file was taken for, and how it is read. */
export interface FileReader {
  /** Such as `Jaeger JSON`. May become more exact while reading. */
  format: string;
  /** Takes the next bytes of the file. */
  push(bytes: Uint8Array): void | Promise<void>;
  /** The file has ended. */
  end(): void | Promise<void>;
}

export interface ReaderInput {
  readonly entry: Entry;
  readonly head: Uint8Array;
  readonly sink: FileSink;
  readonly documentBytesMax: number;
}

import { EngineError, messageOf } from '#core/model/index.ts';
import type { ReadFault } from '#core/formats/index.ts';
import { binaryFormats, messagesOf } from './binary.ts';
import { csvReader } from './csv/csv-reader.ts';
import { peeked, wholeOf, type Bytes, type Entry } from './bytes.ts';
import { EntryWalk } from './entries.ts';
import { expositionReader } from './exposition.ts';
import { jsonReader } from './json.ts';
import { momentReader } from './moment.ts';
import { importLimits, type ImportLimits } from './limits.ts';
import { logReader } from './logs.ts';
import type { FileReader, ReaderInput } from './reader.ts';
import { FileSink, type ImportStores } from './sink.ts';

/** What became of one file. */
export interface ImportedFile {
  /** As the person gave it; behind `!` the path inside an archive. */
  readonly path: string;
  /** What it was taken for, such as `Jaeger JSON`; empty when it was not understood. */
  readonly format: string;
  readonly bytes: number;
  readonly samples: number;
  readonly spans: number;
  readonly logs: number;
  readonly edges: number;
  /** Records that were there already. */
  readonly duplicates: number;
  /** What was not understood, by line (from 1; 0 when it cannot be told) and reason: the first 1000. */
  readonly faults: readonly ReadFault[];
  readonly faultCount: number;
  /** What was assumed on the way, a sentence each. */
  readonly notes: readonly string[];
  /** True when nothing of the file could be used. */
  readonly isRefused: boolean;
}

export interface ImportOptions {
  readonly stores: ImportStores;
  readonly limits?: ImportLimits;
  /** Called for each part of a file as it is read. An EngineError `unavailable` that it throws ends the import. */
  readonly onBytes?: (bytes: number) => void;
  /** Called after each file. */
  readonly onFile?: (file: ImportedFile) => void;
}

/**
 * Imports files, folders and archives; the format of each file is found by what is in it. A file that cannot be used is reported and the
 * others go on. Throws EngineError `not-found` for a path that is not there, `limit` for more than an import may hold.
 */
export async function importPaths(
  paths: readonly string[],
  { stores, limits = importLimits, onFile, onBytes }: ImportOptions,
): Promise<readonly ImportedFile[]> {
  const walk = new EntryWalk(limits);
  const files: ImportedFile[] = [];
  for (const path of paths) {
    for await (const entry of walk.under(path)) {
      const file = await importEntry(entry, stores, limits, onBytes);
      files.push(file);
      onFile?.(file);
    }
  }
  await stores.traces.flush();
  await stores.logs.flush();
  return files;
}

/** Readers of text, the surest first. Each looks at the head and takes the file or not. */
const readers: readonly ((input: ReaderInput) => FileReader | undefined)[] = [momentReader, jsonReader, expositionReader, csvReader, logReader];

async function importEntry(entry: Entry, stores: ImportStores, limits: ImportLimits, onBytes: ImportOptions['onBytes']): Promise<ImportedFile> {
  const sink = new FileSink(stores);
  const counted = new Counted(entry.bytes, onBytes);
  let format = '';
  try {
    format = await read({ ...entry, bytes: counted.stream() }, sink, limits);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'unavailable') throw error;
    sink.fault(0, messageOf(error));
    format = 'read in part';
  }
  await sink.settle();
  const { samples, spans, logs, edges, duplicates, faults, faultCount, notes } = sink;
  const isUsed = samples + spans + logs + edges + duplicates > 0;
  const isRefused = !isUsed && faultCount > 0;
  return {
    path: entry.path,
    format: isRefused ? '' : format,
    bytes: counted.total,
    samples,
    spans,
    logs,
    edges,
    duplicates,
    faults,
    faultCount,
    notes,
    isRefused,
  };
}

class Counted {
  total = 0;
  readonly #bytes: Bytes;
  readonly #onBytes: ImportOptions['onBytes'];

  constructor(bytes: Bytes, onBytes: ImportOptions['onBytes']) {
    this.#bytes = bytes;
    this.#onBytes = onBytes;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#bytes) {
      this.total += chunk.length;
      this.#onBytes?.(chunk.length);
      yield chunk;
    }
  }
}

/** Reads a file and returns what it was taken for. */
async function read(entry: Entry, sink: FileSink, limits: ImportLimits): Promise<string> {
  const { head, bytes } = await peeked(entry.bytes);
  const input: ReaderInput = { entry, head, sink, documentBytesMax: limits.documentBytesMax };
  if (head.length === 0) {
    for await (const none of bytes) void none;
    return 'empty file';
  }
  const binary = isBinary(head);
  const reader = binary ? undefined : firstReader(input);
  if (reader === undefined) return readWhole(input, bytes, binary);
  for await (const chunk of bytes) {
    await reader.push(chunk);
    await sink.settle();
  }
  await reader.end();
  return reader.format;
}

function firstReader(input: ReaderInput): FileReader | undefined {
  for (const make of readers) {
    const reader = make(input);
    if (reader !== undefined) return reader;
  }
  return undefined;
}

/** Texts hold no NUL but in UTF-16, which says so at its beginning. */
function isBinary(head: Uint8Array): boolean {
  const mark = head[0]! * 256 + (head[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) return false;
  return head.subarray(0, 8192).includes(0) || !isMostlyText(head.subarray(0, 8192));
}

function isMostlyText(bytes: Uint8Array): boolean {
  let control = 0;
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) control++;
  return control < bytes.length * 0.05;
}

async function readWhole(input: ReaderInput, bytes: Bytes, binary: boolean): Promise<string> {
  const sqlite = Buffer.from(input.head.subarray(0, 15)).toString('latin1') === 'SQLite format 3';
  if (sqlite) throw new EngineError('unsupported', 'a SQLite file of somebody else is never opened');
  const document = await wholeOf(bytes, input.documentBytesMax);
  const formats = new Set<string>();
  const messages = messagesOf(document);
  for (const [i, message] of messages.entries()) {
    const format = await formatTaken(message, input);
    if (format !== undefined) formats.add(format);
    else if (formats.size > 0) input.sink.fault(0, `message ${i + 1} of ${messages.length} is of no format that is known here`);
  }
  if (formats.size > 0) return [...formats].join(', ');
  if (binary) throw new EngineError('invalid', 'bytes of no format that is known here');
  const first = excerptOf(input.head);
  const isTable = first.split(/[,;]/).length > 3 && /\.(csv|tsv)$/i.test(input.entry.path);
  throw new EngineError('invalid', isTable ? `a table in which no column of times was found: ${first}` : `no format that is known here: ${first}`);
}

/** What bytes were taken for; undefined when no format fits. */
async function formatTaken(message: Buffer, input: ReaderInput): Promise<string | undefined> {
  for (const { format, take } of binaryFormats) {
    try {
      if (await take(message, input)) return format;
    } catch (error) {
      // Bytes of another format: the next is tried.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return undefined;
}

const excerptOf = (head: Uint8Array): string => JSON.stringify(Buffer.from(head).toString('utf8').split('\n', 1)[0]!.slice(0, 60));

import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError, messageOf } from '#core/model/index.ts';

/** A file that a screen announces before it sends it. */
interface AnnouncedFile {
  /** As the person sees it: a name, or a path below a folder that was dropped. */
  readonly path: string;
  readonly bytes: number;
}

/** Bounds of what a screen may send for one import. */
const uploadLimits = { filesMax: 10_000, bytesMax: 4 * 2 ** 30 } as const;

/** Files on their way from a screen, in a folder of their own until they are imported. */
export class UploadedFiles {
  readonly folder: string;
  readonly totalBytes: number;
  receivedBytes = 0;
  readonly #files: readonly AnnouncedFile[];
  readonly #received: number[];

  /** Throws EngineError `limit` for more than may be sent at once, `invalid` for a path that leads out of the folder. */
  constructor(folder: string, files: readonly AnnouncedFile[]) {
    this.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (files.length === 0) throw new EngineError('invalid', 'there is no file to import');
    if (files.length > uploadLimits.filesMax)
      throw new EngineError('limit', `${files.length} files are more than ${uploadLimits.filesMax}; import fewer at a time`);
    if (this.totalBytes > uploadLimits.bytesMax)
      throw new EngineError(
        'limit',
        `the files have more than ${uploadLimits.bytesMax / 2 ** 30} GiB; import them with "signalbox import PATH... --case NAME"`,
      );
    this.folder = folder;
    this.#files = files.map((file) => ({ ...file, path: safePath(file.path) }));
    if (new Set(this.#files.map(({ path }) => path)).size < files.length)
      throw new EngineError('invalid', 'two of the files have the same name; drop their folders instead');
    this.#received = files.map(() => 0);
    for (const { path } of this.#files) this.#act(() => mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 }));
    for (const [i, { bytes }] of files.entries()) if (bytes === 0) this.write(i, new Uint8Array(0));
  }

  get isComplete(): boolean {
    return this.receivedBytes === this.totalBytes;
  }

  /** The next bytes of a file. Throws EngineError `limit` for more than was announced, `unavailable` when they cannot be written. */
  write(file: number, bytes: Uint8Array): void {
    const announced = this.#files[file];
    if (announced === undefined) throw new EngineError('invalid', `file ${file} was not announced`);
    if (this.#received[file]! + bytes.length > announced.bytes)
      throw new EngineError('limit', `${announced.path} has become longer than it was announced; import it again`);
    this.#act(() => appendFileSync(join(this.folder, announced.path), bytes));
    this.#received[file]! += bytes.length;
    this.receivedBytes += bytes.length;
  }

  /** Removes what was sent. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #act(act: () => void): void {
    try {
      act();
    } catch (error) {
      throw new EngineError('unavailable', `the files cannot be kept until they are imported: ${messageOf(error)}`);
    }
  }
}

/** Removes what an engine that has ended left of files on their way: whoever sent them has lost the line, and sends them anew. */
export function discardUploads(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** A relative path without steps upward, whatever separator the sender's system has. */
function safePath(path: string): string {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..') || /\p{Cc}/u.test(path) || path.length > 1024)
    throw new EngineError('invalid', `${JSON.stringify(path.slice(0, 80))} is no name of a file`);
  return parts.join('/');
}

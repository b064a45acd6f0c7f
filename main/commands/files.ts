/** Files named on the command line. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EngineError, messageOf } from '#core/model/index.ts';

export interface TextFile {
  /** As the person wrote it, so that it can be clicked in their terminal. */
  readonly path: string;
  readonly text: string;
}

/** Throws `not-found` with the reason when the file cannot be read. */
export function readTextFile(path: string): TextFile {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : `cannot be read (${messageOf(error)})`;
    throw new EngineError('not-found', `${path} ${why}`);
  }
}

/** The files that `pattern`, relative to `file`, stands for, in order of path. */
export const filesBeside = (file: string, pattern: string): readonly TextFile[] =>
  globSync(resolve(dirname(file), pattern))
    .sort()
    .map(readTextFile);

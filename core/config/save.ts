import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Config } from './files.ts';

/** The folder of objectives. `dataDir` stands in while there is no configuration file. */
export function sloFolderOf({ file, settings }: Config, dataDir: string): string {
  return resolve(file === '' ? dataDir : dirname(file), settings.sloFolder);
}

/** Writes a file of objectives and answers its path; see saveFile. */
export function saveSloFile(config: Config, dataDir: string, fileName: string, text: string): string {
  const path = join(sloFolderOf(config, dataDir), fileName);
  saveFile(path, text);
  return path;
}

/** Writes a file of the configuration, whole or not at all; it is read again within seconds. Throws EngineError `unavailable`. */
export function saveFile(path: string, text: string): void {
  const written = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(written, text, { flush: true });
    renameSync(written, path);
  } catch (error) {
    throw new EngineError('unavailable', `${path} cannot be written: ${messageOf(error)}`);
  }
}

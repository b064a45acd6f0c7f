import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EngineError, messageOf } from '#core/model/index.ts';
import type { Config } from './files.ts';

/** The folder of objectives. `dataDir` stands in while there is no configuration file. */
export function sloFolderOf({ file, settings }: Config, dataDir: string): string {
  return resolve(file === '' ? dataDir : dirname(file), settings.sloFolder);
}

/** The text of alertmanager.yml as it is on disk, and where it belongs; empty when there is none. */
export function routesFile({ file, settings }: Config, dataDir: string): { readonly file: string; readonly text: string } {
  const path = resolve(file === '' ? dataDir : dirname(file), settings.alertmanagerFile);
  return { file: path, text: existsSync(path) ? readFileSync(path, 'utf8') : '' };
}

/** Writes a file of objectives and answers its path; see saveFile. */
export function saveSloFile(config: Config, dataDir: string, fileName: string, text: string): string {
  const path = join(sloFolderOf(config, dataDir), fileName);
  saveFile(path, text);
  return path;
}

/** Takes a file of the configuration away. Throws EngineError `unavailable`. */
export function removeFile(path: string): void {
  try {
    rmSync(path);
  } catch (error) {
    throw new EngineError('unavailable', `${path} cannot be removed: ${messageOf(error)}`);
  }
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

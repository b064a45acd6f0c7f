/** The metrics of a data dir, live or of a case, read as they stand: beside the Signalbox that has it, or with none. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { existingCase } from '#core/intake/index.ts';
import { EngineError } from '#core/model/index.ts';
import { openTsdbView, type TsdbView } from '#core/tsdb/index.ts';
import { defaultDataDir } from '../places.ts';

export const dataDirOf = (option: string | undefined): string => (option === undefined ? defaultDataDir() : resolve(option));

/** The folder of the live dataset. Throws `not-found` when there is no data dir. */
export function liveFolder(dataDir: string): string {
  if (!existsSync(dataDir)) throw new EngineError('not-found', `there is no data in ${dataDir}; name its folder with --data`);
  return join(dataDir, 'live');
}

/** The folder of the dataset that the options name: a case, or the live one. */
function datasetFolder(dataDir: string, caseName: string | undefined): string {
  return caseName === undefined ? liveFolder(dataDir) : existingCase(dataDir, caseName);
}

/** Runs `act` on the stored metrics and closes them. Throws `not-found` when there are none. */
export async function withStored<T>(dataDir: string, caseName: string | undefined, act: (stored: TsdbView) => Promise<T>): Promise<T> {
  const stored = openTsdbView(datasetFolder(dataDir, caseName));
  try {
    return await act(stored);
  } finally {
    await stored.close();
  }
}

/** The metrics of a data dir, read as they stand: beside the Signalbox that has it, or with none. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngineError } from '#core/model/index.ts';
import { openTsdbView, type TsdbView } from '#core/tsdb/index.ts';
import { defaultDataDir } from '../places.ts';

export const dataDirOf = (option: string | undefined): string => (option === undefined ? defaultDataDir() : resolve(option));

/** The folder of the live dataset. Throws `not-found` when there is no data dir. */
export function liveFolder(dataDir: string): string {
  if (!existsSync(dataDir)) throw new EngineError('not-found', `there is no data in ${dataDir}; name its folder with --data`);
  return join(dataDir, 'live');
}

/** Runs `act` on the stored metrics and closes them. Throws `not-found` when there are none. */
export async function withStored<T>(dataDir: string, act: (stored: TsdbView) => Promise<T>): Promise<T> {
  const stored = openTsdbView(liveFolder(dataDir));
  try {
    return await act(stored);
  } finally {
    await stored.close();
  }
}

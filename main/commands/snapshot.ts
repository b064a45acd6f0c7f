/** `signalbox snapshot`: a consistent copy of the live data and of every case, while a Signalbox uses them or not. Changes nothing. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { copyDb } from '#core/db/index.ts';
import { EngineError, messageOf } from '#core/model/index.ts';
import { copyTsdb } from '#core/tsdb/index.ts';
import { readArgs, refusePositionals, UsageError } from './arguments.ts';
import { dataDirOf, liveFolder } from './stored.ts';

const metricsFile = 'metrics.db';

export async function snapshot(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { data: { type: 'string' }, out: { type: 'string' } });
  refusePositionals(positionals);
  if (values.out === undefined || values.out === '') throw new UsageError('--out is missing: it names a new folder for the copy');
  const dataDir = dataDirOf(values.data);
  const out = resolve(values.out);
  const datasets = datasetsOf(dataDir);
  if (datasets.length === 0) throw new EngineError('not-found', `${dataDir} holds no data; name a data folder`);
  if (existsSync(out) && readdirSync(out).length > 0) throw new EngineError('conflict', `${out} is not empty; name a new folder for the snapshot`);
  const copied = await copyWhole(dataDir, datasets, out);
  process.stdout.write(`${out}: a copy of ${copied.join(', ')}; open it with --data ${out}\n`);
  return 0;
}

/** The folders with data, relative to the data dir. */
function datasetsOf(dataDir: string): string[] {
  liveFolder(dataDir);
  const cases = join(dataDir, 'cases');
  const names = ['live', ...(existsSync(cases) ? readdirSync(cases).map((name) => join('cases', name)) : [])];
  return names.filter((name) => databasesIn(join(dataDir, name)).length > 0);
}

const databasesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.db')) : []);

/** Copies beside the target and moves the copy there when it is whole: what was cut short never looks like a snapshot. */
async function copyWhole(dataDir: string, datasets: readonly string[], out: string): Promise<string[]> {
  const draft = join(dirname(out), `.${basename(out)}.${process.pid}.part`);
  try {
    const copied: string[] = [];
    for (const name of datasets) copied.push(...(await copyDataset(join(dataDir, name), join(draft, name))).map((file) => join(name, file)));
    if (existsSync(out)) rmdirSync(out);
    renameSync(draft, out);
    return copied;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (error instanceof EngineError) throw error;
    throw new EngineError('unavailable', `${out} could not be written: ${messageOf(error)}`);
  }
}

async function copyDataset(folder: string, target: string): Promise<string[]> {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const databases = databasesIn(folder);
  if (databases.includes(metricsFile)) await copyTsdb(folder, target);
  for (const name of databases) if (name !== metricsFile) await copyDb(join(folder, name), join(target, name));
  return databases;
}

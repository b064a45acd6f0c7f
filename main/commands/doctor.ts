/** `signalbox doctor`: checks every checksum of the stored metrics, logs and traces, and the structure of the other databases, and says what is damaged. Changes nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeDb, openReadDb, quickCheck } from '#core/db/index.ts';
import { EngineError, formatTime, messageOf } from '#core/model/index.ts';
import { examineLogs } from '#core/logs/index.ts';
import { examineTraces } from '#core/traces/index.ts';
import { examineTsdb } from '#core/tsdb/index.ts';
import { readArgs, refusePositionals } from './arguments.ts';
import { dataDirOf, liveFolder } from './stored.ts';

type Damage = ReturnType<typeof examineTsdb>['damage'][number];

export async function doctor(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { data: { type: 'string' } });
  refusePositionals(positionals);
  const dataDir = dataDirOf(values.data);
  const { damage, quarantined, frames, rollups, samples, groups, commits } = examineTsdb(liveFolder(dataDir));
  if (frames + groups + commits === 0 && damage.length === 0) throw new EngineError('not-found', `${dataDir} holds no metrics; name a data folder`);
  const stores = storesWithBlobs(liveFolder(dataDir));
  const faults = [...stores.flatMap(({ faults: own }) => own), ...otherFaults(liveFolder(dataDir))];
  for (const one of damage) process.stderr.write(`damaged: ${sentence(one)}\n`);
  for (const one of quarantined) process.stderr.write(`in quarantine since it was found damaged: ${sentence(one)}\n`);
  for (const one of stores.flatMap(({ quarantined: own }) => own)) process.stderr.write(`in quarantine since it was found damaged: ${one}\n`);
  for (const fault of faults) process.stderr.write(`damaged: ${fault}\n`);
  const state = damage.length + faults.length === 0 ? 'every checksum holds' : `${damage.length + faults.length} damaged`;
  process.stdout.write(
    `${dataDir}: ${state}; ${samples} samples in ${frames} frames, ${rollups} rollups, ${groups} series groups, ${commits} commits in the log\n`,
  );
  return damage.length + faults.length === 0 ? 0 : 1;
}

/** What is wrong with logs and traces, where there are any. */
function storesWithBlobs(folder: string): { readonly faults: readonly string[]; readonly quarantined: readonly string[] }[] {
  const examined = { logs: examineLogs, traces: examineTraces };
  return Object.entries(examined).flatMap(([name, examine]) => {
    if (!existsSync(join(folder, `${name}.db`))) return [];
    const { damage, quarantined } = examine(folder);
    return [{ faults: damage.map((one) => `${name}, ${one}`), quarantined: quarantined.map((one) => `${name}, ${one}`) }];
  });
}

const examinedWhole: ReadonlySet<string> = new Set(['metrics.db', 'logs.db', 'traces.db']);

/** What SQLite finds wrong with the structure of the other databases: alerts, incidents and runs. */
function otherFaults(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.db') && !examinedWhole.has(name)) : [];
  return names.flatMap((name) => faultsOf(join(folder, name)).map((fault) => `database ${name}: ${fault}`));
}

function faultsOf(path: string): readonly string[] {
  try {
    const db = openReadDb(path);
    try {
      return quickCheck(db);
    } finally {
      closeDb(db);
    }
  } catch (error) {
    return [messageOf(error)];
  }
}

function sentence({ what, minMs, maxMs, cause }: Damage): string {
  const when = minMs === undefined || maxMs === undefined ? '' : `, ${formatTime(minMs)} to ${formatTime(maxMs)}`;
  return `${what}${when}: ${cause}`;
}

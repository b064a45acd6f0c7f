/** `signalbox doctor`: checks every checksum of the stored metrics and says what is damaged. Changes nothing. */
import { EngineError, formatTime } from '#core/model/index.ts';
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
  for (const one of damage) process.stderr.write(`damaged: ${sentence(one)}\n`);
  for (const one of quarantined) process.stderr.write(`in quarantine since it was found damaged: ${sentence(one)}\n`);
  const state = damage.length === 0 ? 'every checksum holds' : `${damage.length} damaged`;
  process.stdout.write(`${dataDir}: ${state}; ${samples} samples in ${frames} frames, ${rollups} rollups, ${groups} series groups, ${commits} commits in the log\n`);
  return damage.length === 0 ? 0 : 1;
}

function sentence({ what, minMs, maxMs, cause }: Damage): string {
  const when = minMs === undefined || maxMs === undefined ? '' : `, ${formatTime(minMs)} to ${formatTime(maxMs)}`;
  return `${what}${when}: ${cause}`;
}

/**
 * Appends noise to a store until `argv[3]` commits were tried, under a limit on the size of files that its parent set. Prints a line of
 * JSON for each: whether it was acknowledged, and what upkeep said of its last slice. With `lie` it says that all were.
 */
import { openTsdb } from '#core/tsdb/index.ts';
import { commitTimeMs, seriesLabels, steppingClock } from './kill-plan.ts';
import { random } from './random.ts';

const [folder, commits, lie] = process.argv.slice(2) as [string, string, string | undefined];
const clock = steppingClock(0);
const db = openTsdb({ folder, clock });
const refs = seriesLabels.map((labels) => db.ref(labels));
for (let n = 0; n < Number(commits); n++) {
  clock.at(n);
  const next = random(n + 1);
  const batch = db.batch();
  for (const ref of refs) batch.add(ref, commitTimeMs(n), next());
  let acknowledged = true;
  await batch.commit('power').catch(() => (acknowledged = false));
  let fault = '';
  try {
    while (db.tick());
  } catch (error) {
    fault = (error as Error).message;
  }
  process.stdout.write(`${JSON.stringify({ n, acknowledged: acknowledged || lie === 'lie', fault })}\n`);
}
process.kill(process.pid, 'SIGKILL');

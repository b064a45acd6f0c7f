/**
 * Appends to a store for ever, from commit number `argv[3]` on, and prints each number once its commit is acknowledged. Time runs 15 s a
 * commit, so that sealing, recoding and cutting of the log happen all the while. With `early` it lies: it acknowledges before it commits.
 */
import { openTsdb } from '#core/tsdb/index.ts';
import { commitTimeMs, commitValue, seriesLabels, steppingClock } from './kill-plan.ts';

const [folder, first, lie] = process.argv.slice(2) as [string, string, string | undefined];
const clock = steppingClock(Number(first));
const db = openTsdb({ folder, clock });
const refs = seriesLabels.map((labels) => db.ref(labels));
for (let n = Number(first); ; n++) {
  clock.at(n);
  const batch = db.batch();
  refs.forEach((ref, series) => batch.add(ref, commitTimeMs(n), commitValue(n, series)));
  if (lie === 'early' && n % 50 === 49) {
    process.stdout.write(`${n}\n`);
    await new Promise(() => setTimeout(() => undefined, 60_000));
  }
  await batch.commit(n % 3 === 0 ? 'power' : 'process');
  process.stdout.write(`${n}\n`);
  while (db.tick());
}

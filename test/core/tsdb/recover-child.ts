/** Says that it begins, opens a store, and does all the upkeep that is due: what a parent kills somewhere on the way. */
import { openTsdb } from '#core/tsdb/index.ts';
import { steppingClock } from './kill-plan.ts';

const [folder, last] = process.argv.slice(2) as [string, string];
process.stdout.write('begins\n');
const db = openTsdb({ folder, clock: steppingClock(Number(last)) });
while (db.tick());
db.compact();
process.stdout.write('done\n');
await db.close();

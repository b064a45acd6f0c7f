/**
 * Opens the store of `argv[2]`, does one kind of upkeep (upkeep-plan.ts) to its end, and leaves without a close. With `piecemeal` it breaks
 * what holds a transaction together, with `unsynced` what makes one durable.
 */
import Database from 'better-sqlite3';
import { openTsdb } from '#core/tsdb/index.ts';
import { acts, planClock, planLimits } from './upkeep-plan.ts';

const [folder, act, lie] = process.argv.slice(2) as [string, keyof typeof acts, string | undefined];
const { prototype } = Database;
if (lie === 'piecemeal') {
  Object.assign(prototype, { transaction: (body: () => unknown) => ({ immediate: body }) });
} else if (lie === 'unsynced') {
  const pragma = Reflect.get<Database.Database, 'pragma'>(prototype, 'pragma');
  Object.assign(prototype, {
    pragma(this: Database.Database, text: string, options?: Database.PragmaOptions): unknown {
      return pragma.call(this, text.replace('synchronous = FULL', 'synchronous = OFF'), options);
    },
  });
}
const clock = planClock();
const db = openTsdb({ folder, clock, limits: planLimits });
acts[act](db, clock, () => void process.stdout.write('acknowledged\n'));
process.exit(0);

/**
 * Appends lines to a store for ever, from append number `argv[3]` on, and prints each number once it is acknowledged. Time runs 15 s an append,
 * so that blocks are sealed all the while. With `early` it lies: it acknowledges before it appends.
 */
import { openLogs } from '#core/logs/index.ts';
import { recordsOf, steppingClock } from './kill-plan.ts';

const [folder, first, lie] = process.argv.slice(2) as [string, string, string | undefined];
const clock = steppingClock(Number(first));
const logs = openLogs({ folder, clock });
for (let n = Number(first); ; n++) {
  clock.at(n);
  if (lie === 'early' && n % 50 === 49) {
    process.stdout.write(`${n}\n`);
    await new Promise(() => setTimeout(() => undefined, 60_000));
  }
  const verdicts = await logs.append(recordsOf(n));
  if (verdicts.some((verdict) => verdict !== 'stored')) throw new Error(`append ${n}: ${verdicts.join()}`);
  process.stdout.write(`${n}\n`);
  clock.tick();
}

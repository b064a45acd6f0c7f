/** Opens a store and reads everything, under a disk that fails. Prints a line of JSON: samples found, wrong ones, and what was told. */
import { matcher } from '#core/model/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { commitTimeMs, commitValue, seriesLabels, steppingClock } from './kill-plan.ts';

const [folder, last] = process.argv.slice(2) as [string, string];
const db = openTsdb({ folder, clock: steppingClock(Number(last)) });
const numbers = new Map(Array.from({ length: Number(last) + 1 }, (_, n) => [commitTimeMs(n), n]));
const series = new Map(seriesLabels.map((labels, i) => [labels.join(), i]));
let [found, wrong] = [0, 0];
for (const { labels, timesMs, values } of db.select([matcher('series', '!=', '')], -Infinity, Infinity)) {
  timesMs.forEach((timeMs, i) => {
    const n = numbers.get(timeMs);
    if (n !== undefined && values[i] === commitValue(n, series.get(labels.join())!)) found++;
    else wrong++;
  });
}
const { damage, lostSamples } = db.stats();
process.stdout.write(`${JSON.stringify({ found, wrong, told: damage.length + lostSamples })}\n`);

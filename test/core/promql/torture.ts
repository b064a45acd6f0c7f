/**
 * The differential test at length: `node test/core/promql/torture.ts [queries] [seed]`. Prints what differs and ends with 1 if
 * anything does without a name for it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryOptions, SeriesSource } from '#core/promql/index.ts';
import { randomSeries } from './peer/data.ts';
import { differ } from './peer/differ.ts';
import { havePrometheus, Prometheus, prometheusBinary } from './peer/prometheus.ts';
import { storeOf } from './peer/store.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [count = '20000', seed = '1'] = process.argv.slice(2);

async function run(peer: Prometheus, source: SeriesSource, count: number, options: QueryOptions): Promise<void> {
  try {
    const report = await differ(peer, source, Number(seed), Math.ceil(count), options);
    say(`${report.asked} queries, ${report.errors} errors on both sides, ${report.refused} spoiled ones refused, ${report.empty} empty answers`);
    for (const [why, times] of report.explained) say(`${times} x ${why}`);
    for (const { query, at, what } of report.differences) say(`DIFFERS ${query}\n  at ${at}\n  ${what}`);
    say(`${report.differences.length} differences without a name`);
    if (report.differences.length > 0) process.exitCode = 1;
  } finally {
    await peer.stop();
  }
}

if (!havePrometheus) {
  say(`skipped: no Prometheus at ${prometheusBinary}`);
} else {
  const series = randomSeries(Number(seed));
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-torture-'));
  const source = storeOf(series, folder);
  try {
    await run(await Prometheus.start(series), source, Number(count), {});
    await run(await Prometheus.start(series, ['promql-delayed-name-removal']), source, Number(count) / 4, { delayedNames: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The differential test at length: `node test/core/promql/torture.ts [queries] [seed]`. Prints what differs and ends with 1 if
 * anything does without a name for it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomSeries } from './peer/data.ts';
import { differ } from './peer/differ.ts';
import { havePrometheus, Prometheus, prometheusBinary } from './peer/prometheus.ts';
import { storeOf } from './peer/store.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const [count = '20000', seed = '1'] = process.argv.slice(2);

if (!havePrometheus) {
  say(`skipped: no Prometheus at ${prometheusBinary}`);
} else {
  const series = randomSeries(Number(seed));
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-torture-'));
  const peer = await Prometheus.start(series);
  try {
    const report = await differ(peer, storeOf(series, folder), Number(seed), Number(count));
    say(`${report.asked} queries, ${report.errors} errors on both sides, ${report.empty} empty answers`);
    for (const [why, times] of report.explained) say(`${times} x ${why}`);
    for (const { query, at, what } of report.differences) say(`DIFFERS ${query}\n  at ${at}\n  ${what}`);
    say(`${report.differences.length} differences without a name`);
    if (report.differences.length > 0) process.exitCode = 1;
  } finally {
    await peer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies made beside a process that writes without a pause, and is killed in the end: each holds what was acknowledged before it began. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { matcher } from '#core/model/index.ts';
import { copyTsdb, examineTsdb, openTsdb } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { commitTimeMs, commitValue, seriesLabels, steppingClock } from './kill-plan.ts';

const copies = process.env.TORTURE === 'long' ? 40 : 6;

interface Writer {
  readonly process: ChildProcess;
  /** The last number acknowledged so far. */
  last(): number;
  reached(n: number): Promise<void>;
}

function writer(folder: string): Writer {
  const running = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), folder, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void running.kill('SIGKILL'));
  const state = { last: -1 };
  const lines = createInterface({ input: running.stdout });
  lines.on('line', (line) => (state.last = Number(line)));
  const reached = async (n: number): Promise<void> => {
    while (state.last < n) await once(lines, 'line');
  };
  return { process: running, last: () => state.last, reached };
}

/** The commits up to `last` of which a sample is missing from a copy, or wrong. */
async function missingFrom(folder: string, last: number): Promise<number[]> {
  expect(examineTsdb(folder).damage).toEqual([]);
  const db = openTsdb({ folder, clock: steppingClock(last) });
  expect(db.stats().damage).toEqual([]);
  const found = new Map(db.select([matcher('series', '!=', '')], -Infinity, Infinity).map((one) => [one.labels.join(), one]));
  await db.close();
  const missing = new Set<number>();
  seriesLabels.forEach((labels, series) => {
    const columns = found.get(labels.join());
    const values = new Map(columns === undefined ? [] : [...columns.timesMs].map((timeMs, i) => [timeMs, columns.values[i]!]));
    for (let n = 0; n <= last; n++) if (values.get(commitTimeMs(n)) !== commitValue(n, series)) missing.add(n);
  });
  return [...missing];
}

test(`${copies} copies beside a writer, the last across its death`, { timeout: copies * 20_000 }, async () => {
  const folder = tempFolder();
  const writing = writer(folder);
  for (let copy = 1; copy <= copies; copy++) {
    await writing.reached(copy * 60);
    const target = join(tempFolder(), 'copy');
    const before = writing.last();
    const done = copyTsdb(folder, target);
    if (copy === copies) writing.process.kill('SIGKILL');
    await done;
    expect(await missingFrom(target, before)).toEqual([]);
  }
  await expect(copyTsdb(folder, folder)).rejects.toThrow(/is not empty; name a new folder/);
});

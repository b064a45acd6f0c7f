/** Promise 1: the death of a process loses nothing that was acknowledged. A child appends until it is killed, again and again. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { matcher } from '#core/model/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { commitTimeMs, commitValue, seriesLabels, steppingClock } from './kill-plan.ts';

const child = join(import.meta.dirname, 'kill-child.ts');
/** `TORTURE=long` is for the night. */
const kills = process.env.TORTURE === 'long' ? 200 : 20;

/** Runs the child until it has acknowledged `commits` and some, kills it, and returns the last number that it acknowledged. */
async function runAndKill(folder: string, first: number, commits: number, lie = ''): Promise<number> {
  const running = spawn(process.execPath, [child, folder, String(first), lie], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = first - 1;
  for await (const line of createInterface({ input: running.stdout })) {
    last = Number(line);
    if (last >= first + commits) running.kill('SIGKILL');
  }
  return last;
}

/** The numbers of the commits up to `last`, but for the `unsure` ones, of which a sample is missing or wrong. */
async function lost(folder: string, last: number, unsure: ReadonlySet<number> = new Set()): Promise<number[]> {
  const db = openTsdb({ folder, clock: steppingClock(last) });
  const missing = new Set<number>();
  const found = new Map(db.select([matcher('series', '!=', '')], -Infinity, Infinity).map((s) => [s.labels.join(), s]));
  seriesLabels.forEach((labels, series) => {
    const columns = found.get(labels.join());
    const values = new Map(columns === undefined ? [] : [...columns.timesMs].map((timeMs, i) => [timeMs, columns.values[i]!]));
    expect(values.size).toBe(columns?.timesMs.length ?? 0);
    for (let n = 0; n <= last; n++) if (!unsure.has(n) && values.get(commitTimeMs(n)) !== commitValue(n, series)) missing.add(n);
  });
  expect(db.stats().damage).toEqual([]);
  if (last % 2 === 0) await db.close();
  return [...missing];
}

test(`nothing is lost over ${kills} kills`, { timeout: kills * 5000 }, async () => {
  const folder = tempFolder();
  /** The commit after the last acknowledged one may or may not be there. */
  const unsure = new Set<number>();
  let next = 0;
  for (let kill = 0; kill < kills; kill++) {
    const last = await runAndKill(folder, next, 5 + ((kill * 37) % 90));
    expect(await lost(folder, last, unsure)).toEqual([]);
    unsure.add(last + 1);
    next = last + 2;
  }
});

test('a store that acknowledges too early is found out', { timeout: 20_000 }, async () => {
  const folder = tempFolder();
  const last = await runAndKill(folder, 0, 49, 'early');
  expect(await lost(folder, last)).toEqual([last]);
});

test(`${kills} kills during recovery lose nothing either`, { timeout: kills * 5000 }, async () => {
  const folder = tempFolder();
  const last = await runAndKill(folder, 0, 150);
  let [finished, cut] = [0, 0];
  for (let kill = 0; kill < kills; kill++) {
    const running = spawn(process.execPath, [join(import.meta.dirname, 'recover-child.ts'), folder, String(last)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let isDone = false;
    for await (const line of createInterface({ input: running.stdout })) {
      if (line === 'begins') setTimeout(() => running.kill('SIGKILL'), kill * 4);
      isDone = line === 'done';
    }
    if (isDone) finished++;
    else cut++;
  }
  expect(cut).toBeGreaterThan(0);
  expect(await lost(folder, last, new Set([last + 1]))).toEqual([]);
  expect(finished + cut).toBe(kills);
});

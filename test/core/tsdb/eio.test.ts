/** Promises 3 and 4: a disk that gives errors, once or for good, at any call. strace plays the disk. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matcher } from '#core/model/index.ts';
import { examineTsdb, openTsdb } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { commitTimeMs, commitValue, seriesLabels, steppingClock } from './kill-plan.ts';
import { random } from './random.ts';

/** Not every machine has it. */
const hasStrace = spawnSync('strace', ['-V']).status === 0;
const isLong = process.env.TORTURE === 'long';
const commits = 150;

/** Runs a program of this folder; the calls named fail with EIO from the nth on those files: once, or with `+` ever after. */
function run(program: string, args: readonly string[], calls: string, when: string, paths: readonly string[]): { readonly lines: readonly string[] } {
  const child = join(import.meta.dirname, program);
  const only = paths.flatMap((path) => ['-P', path]);
  const trace = ['-f', '-qq', '-o', '/dev/null', ...only, '-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO:when=${when}`];
  const done = spawnSync('strace', [...trace, process.execPath, child, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return { lines: done.stdout.split('\n').filter((line) => line.startsWith('{')) };
}

/** The acknowledged commits of which a sample is missing or wrong; full-child's values are random. */
function lostCommits(folder: string, acknowledged: readonly number[]): number[] {
  const db = openTsdb({ folder, clock: steppingClock(commits) });
  const found = new Map(db.select([matcher('series', '!=', '')], -Infinity, Infinity).map((one) => [one.labels.join(), one]));
  const lost = acknowledged.filter((n) => {
    const next = random(n + 1);
    return seriesLabels
      .map((labels) => {
        const { timesMs, values } = found.get(labels.join()) ?? { timesMs: new Float64Array(0), values: new Float64Array(0) };
        return values[timesMs.indexOf(commitTimeMs(n))] === next();
      })
      .includes(false);
  });
  void db.close();
  return lost;
}

const writes = isLong ? Array.from({ length: 60 }, (_, i) => 1 + i * 9) : [3, 120, 160, 260];

test.runIf(hasStrace).each(writes.flatMap((n) => [`${n}`, `${n}+`]))(
  'writes that fail at call %s lose nothing that was acknowledged',
  { timeout: 60_000 },
  (when) => {
    const folder = tempFolder();
    const { lines } = run('full-child.ts', [folder, String(commits)], 'pwrite64,fdatasync,fsync', when, []);
    const told = lines.map((line) => JSON.parse(line) as { n: number; acknowledged: boolean });
    const acknowledged = told.filter((one) => one.acknowledged).map(({ n }) => n);
    // Early calls are those of opening: a store that cannot be opened acknowledges nothing.
    if (Number.parseInt(when) > 100) expect(told.length).toBe(commits);
    if (when.endsWith('+')) expect(acknowledged.length).toBeLessThan(commits);
    expect(lostCommits(folder, acknowledged)).toEqual([]);
    expect(examineTsdb(folder).damage).toEqual([]);
  },
);

test.runIf(hasStrace)('commits acknowledged though the disk failed would be found out', () => {
  const folder = tempFolder();
  const { lines } = run('full-child.ts', [folder, String(commits), 'lie'], 'pwrite64,fdatasync,fsync', '160+', []);
  expect(lines.length).toBe(commits);
  expect(
    lostCommits(
      folder,
      Array.from(lines, (_, n) => n),
    ).length,
  ).toBeGreaterThan(0);
});

/** A folder with sealed frames and a log, as a killed process leaves it. */
async function madeFolder(): Promise<string> {
  const folder = tempFolder();
  const clock = steppingClock(0);
  const db = openTsdb({ folder, clock });
  for (let n = 0; n <= commits; n++) {
    clock.at(n);
    const batch = db.batch();
    seriesLabels.forEach((labels, series) => batch.add(db.ref(labels), commitTimeMs(n), commitValue(n, series)));
    await batch.commit('process');
    while (db.tick());
  }
  const copy = tempFolder();
  cpSync(folder, copy, { recursive: true });
  await db.close();
  return copy;
}

const reads = isLong ? Array.from({ length: 40 }, (_, i) => `${1 + i}`) : ['1', '2', '5', '12'];

test.runIf(hasStrace)('reads that fail give no wrong value, are told, and lose nothing for good', { timeout: 120_000 }, async () => {
  const original = await madeFolder();
  const whole = seriesLabels.length * (commits + 1);
  for (const when of reads) {
    const folder = tempFolder();
    cpSync(original, folder, { recursive: true });
    const log = readdirSync(join(folder, 'wal')).map((name) => join(folder, 'wal', name));
    const { lines } = run('read-child.ts', [folder, String(commits)], 'read,pread64', when, [join(folder, 'metrics.db'), ...log]);
    const seen = JSON.parse(lines[0] ?? '{}') as { found: number; wrong: number; told: number };
    expect([when, seen.wrong]).toEqual([when, 0]);
    if (seen.found < whole) {
      expect(seen.told).toBeGreaterThan(0);
    }
  }
});

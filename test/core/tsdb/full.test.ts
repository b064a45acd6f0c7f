/** Promise 6, the database's side: files that may not grow. A limit of the shell stands for the full disk. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matcher } from '#core/model/index.ts';
import { examineTsdb, openTsdb, type TsdbView } from '#core/tsdb/index.ts';
import { tempFolder } from '../../support/folder.ts';
import { commitTimeMs, seriesLabels, steppingClock } from './kill-plan.ts';
import { random } from './random.ts';

interface Told {
  readonly n: number;
  readonly acknowledged: boolean;
  readonly fault: string;
}

const commits = 900;

/** Runs the child with files of at most `kilobytes`; the signal that a larger write sends is ignored, so that the write fails instead. */
function run(folder: string, kilobytes: number, lie = ''): Told[] {
  const child = join(import.meta.dirname, 'full-child.ts');
  const script = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$0" "$@"`;
  const done = spawnSync('bash', ['-c', script, process.execPath, child, folder, String(commits), lie], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
}

/** Those of the commits of which a sample is missing or wrong. */
function lost(db: TsdbView, commits: readonly number[]): number[] {
  const found = new Map(db.select([matcher('series', '!=', '')], -Infinity, Infinity).map((s) => [s.labels.join(), s]));
  return commits.filter((n) => {
    const next = random(n + 1);
    return seriesLabels
      .map((labels) => {
        const { timesMs, values } = found.get(labels.join())!;
        return values[timesMs.indexOf(commitTimeMs(n))] === next();
      })
      .includes(false);
  });
}

test('commits acknowledged though the disk was full would be found out', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  const told = run(folder, 150, 'lie');
  expect(told.every(({ acknowledged }) => acknowledged)).toBe(true);
  const db = openTsdb({ folder, clock: steppingClock(commits) });
  expect(
    lost(
      db,
      told.map(({ n }) => n),
    ).length,
  ).toBeGreaterThan(0);
  await db.close();
});

test.each([150, 300, 600])('a database that may not grow past %i KB keeps all that was acknowledged', { timeout: 60_000 }, async (kilobytes) => {
  const folder = tempFolder();
  const told = run(folder, kilobytes);
  expect(told.length).toBe(commits);
  expect(told.some(({ fault }) => fault !== '')).toBe(true);
  const acknowledged = told.filter((one) => one.acknowledged).map(({ n }) => n);
  expect(acknowledged.length).toBeGreaterThan(100);
  expect(examineTsdb(folder).damage).toEqual([]);
  const clock = steppingClock(commits);
  const db = openTsdb({ folder, clock });
  expect(lost(db, acknowledged)).toEqual([]);
  clock.at(commits + 100);
  while (db.tick());
  expect(db.stats()).toMatchObject({ damage: [], needsRestart: false });
  await db.close();
  expect(examineTsdb(folder).damage).toEqual([]);
});

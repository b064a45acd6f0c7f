import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { backup, copyDb, type WriteDb } from '#core/db/index.ts';
import { EngineError } from '#core/model/index.ts';
import { segmentPaths } from '../log/wal-frame.ts';

/** Looks at a log that is being cut meanwhile, before giving up; it is cut every few minutes. */
const attemptsMax = 10;

/**
 * A consistent copy of a store in use, which opens like any other. First the log, then the database: what is sealed in between is then in
 * both, and a commit that is sealed is not replayed. Throws EngineError `conflict` when the target holds anything.
 */
export async function copySnapshot(folder: string, db: WriteDb, target: string, what: 'all' | 'sealed'): Promise<void> {
  refuseUsed(target);
  if (what === 'all') copyLog(folder, target);
  else mkdirSync(target, { recursive: true, mode: 0o700 });
  await backup(db, join(target, 'metrics.db'));
}

/**
 * The same of a store that another process may be writing, or that no process has open. Commits that were acknowledged before it began are
 * in the copy. Throws EngineError `conflict` when the target holds anything.
 */
export async function copyTsdb(folder: string, target: string): Promise<void> {
  refuseUsed(target);
  copyLog(folder, target);
  await copyDb(join(folder, 'metrics.db'), join(target, 'metrics.db'));
}

function refuseUsed(target: string): void {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new EngineError('conflict', `${target} is not empty; name a new folder for the snapshot`);
}

function copyLog(folder: string, target: string): void {
  const log = join(target, 'wal');
  for (let attempt = 1; ; attempt++) {
    mkdirSync(log, { recursive: true, mode: 0o700 });
    if (copySegments(join(folder, 'wal'), log)) return;
    if (attempt === attemptsMax) throw new EngineError('unavailable', `the log in ${folder} changes too fast to be copied; try again`);
    rmSync(log, { recursive: true, force: true });
  }
}

/** False when a segment went before it was copied: it is sealed by then, and so are those before it. */
function copySegments(from: string, to: string): boolean {
  try {
    for (const path of existsSync(from) ? segmentPaths(from) : []) copyDurably(path, join(to, basename(path)));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to);
  const fd = openSync(to, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}

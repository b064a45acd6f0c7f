import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { backup, type WriteDb } from '#core/db/index.ts';
import { EngineError } from '#core/model/index.ts';
import { walSegments } from '../log/wal-frame.ts';

/**
 * A consistent copy of a store in use, which opens like any other. First the log, then the database: what is sealed in between is then in
 * both, and a commit that is sealed is not replayed. Throws EngineError `conflict` when the target holds anything.
 */
export async function copySnapshot(folder: string, db: WriteDb, target: string): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new EngineError('conflict', `${target} is not empty; name a new folder for the snapshot`);
  mkdirSync(join(target, 'wal'), { recursive: true, mode: 0o700 });
  for (const { path } of walSegments(join(folder, 'wal'))) copyDurably(path, join(target, 'wal', basename(path)));
  await backup(db, join(target, 'metrics.db'));
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to);
  const fd = openSync(to, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}

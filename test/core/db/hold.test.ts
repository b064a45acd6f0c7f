import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holdFolder } from '#core/db/index.ts';
import { tempFolder } from '../../support/folder.ts';

const startMs = Date.UTC(2026, 0, 5, 3);
const root = resolve(import.meta.dirname, '../../..');

/** A process that takes the folder and keeps it until it is killed. */
async function holder(folder: string): Promise<{ readonly pid: number; kill(): Promise<void> }> {
  const code = `const { holdFolder } = await import('#core/db/index.ts'); holdFolder(process.argv[1], ${startMs}); console.log('held'); setInterval(() => 0, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, folder], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return {
    pid: child.pid!,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

test('the second is told who has the folder, and the death of the first frees it', async () => {
  const folder = tempFolder();
  const first = await holder(folder);
  expect(() => holdFolder(folder, startMs + 1000)).toThrow(
    `${folder} is in use by the engine of process ${first.pid} since 2026-01-05T03:00:00Z; stop it, or use another folder`,
  );
  await first.kill();
  const own = holdFolder(folder, startMs + 2000);
  expect(() => holdFolder(folder, startMs)).toThrow(`by the engine of process ${process.pid} since 2026-01-05T03:00:02Z`);
  own.release();
  holdFolder(folder, startMs).release();
});

test('a damaged lock is no obstacle', () => {
  const folder = tempFolder();
  holdFolder(folder, startMs).release();
  writeFileSync(join(folder, 'in-use.lock'), Buffer.alloc(8192, 7));
  holdFolder(folder, startMs).release();
});

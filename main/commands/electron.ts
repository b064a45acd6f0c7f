/** Electron's binary: not part of what npm installs, and not to be had on every machine. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../places.ts';
import { hasDisplay } from './browser.ts';

const packageDir = join(root, 'node_modules/electron');
const fetchMsMax = 180_000;

/** The binary, or why there can be no window, one phrase. Fetches it once when a window could be shown. */
export function findElectron(): { readonly binary: string } | { readonly why: string } {
  if (!hasDisplay()) return { why: 'there is no display' };
  if (process.getuid?.() === 0) return { why: 'Electron keeps its sandbox, which it does not have when run as root' };
  const there = electronBinary();
  if (there !== undefined) return { binary: there };
  const installer = join(packageDir, 'install.js');
  if (!existsSync(installer)) return { why: 'Electron is not installed' };
  process.stderr.write("fetching Electron's binary (once, about 120 MB) ...\n");
  spawnSync(process.execPath, [installer], { cwd: root, stdio: 'ignore', timeout: fetchMsMax });
  const fetched = electronBinary();
  return fetched === undefined ? { why: "Electron's binary could not be fetched" } : { binary: fetched };
}

/** The binary that is here. Never by require('electron'), which would fetch it. */
export function electronBinary(): string | undefined {
  const named = process.env['ELECTRON_EXEC_PATH'];
  if (named !== undefined) return existsSync(named) ? named : undefined;
  try {
    const file = join(packageDir, 'dist', readFileSync(join(packageDir, 'path.txt'), 'utf8'));
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined; // path.txt is written when the binary is fetched
  }
}

/** Runs the app in its window; resolves with its exit code. */
export function runElectron(binary: string, args: readonly string[]): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(binary, [root, ...args], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}

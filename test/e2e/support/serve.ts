/** Signalbox as `signalbox serve --json` starts it, from the build. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const cli = join(import.meta.dirname, '../../../out/main/cli.js');

export interface Served {
  /** Good for one opening, within a minute. */
  readonly url: string;
  readonly token: string;
  readonly port: number;
  readonly otlpPort: number;
  readonly pid: number;
  /** Ends it as a person would and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** The address without a code, for requests with the token. */
  readonly origin: string;
}

export async function serve({ dataDir, args = [] }: { readonly dataDir: string; readonly args?: readonly string[] }): Promise<Served> {
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--no-open', '--json', '--data', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const line = new Promise<string>((done) => {
    let text = '';
    child.stdout.on('data', (part) => {
      text += String(part);
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
    });
  });
  const said = await Promise.race([line, exited.then((code) => Promise.reject(new Error(`serve ended with exit code ${code}`)))]);
  const ready = JSON.parse(said) as Omit<Served, 'stop' | 'origin'>;
  return {
    ...ready,
    origin: `http://127.0.0.1:${ready.port}`,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** The engine's process among the children of the host (proc(5), task/[tid]/children). */
export function enginePid({ pid }: Served): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const engine = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('engine-entry'));
  if (engine === undefined) throw new Error('the host has no engine process');
  return engine;
}

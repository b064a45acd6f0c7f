import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempFolder } from './folder.ts';
import { peerProgram } from './peer-programs.ts';

const prometheus = peerProgram('prometheus');
const victoria = peerProgram('victoria-metrics');

/** Whether the real thing is on this machine. */
export const hasPrometheus = existsSync(prometheus);
export const hasVictoria = existsSync(victoria);

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A real Prometheus on 127.0.0.1 that goes when the running test ends; answers its URL once it is ready. */
export async function startPrometheus(config: string, args: readonly string[] = []): Promise<string> {
  const folder = tempFolder();
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const own = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`];
  await start(prometheus, [...own, ...args], 'Server is ready');
  return `http://${address}`;
}

/** A real VictoriaMetrics, likewise. */
export async function startVictoria(args: readonly string[] = []): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  await start(victoria, [`-storageDataPath=${tempFolder()}`, `-httpListenAddr=${address}`, ...args], 'started server at');
  return `http://${address}`;
}

async function start(binary: string, args: readonly string[], readyText: string): Promise<void> {
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await new Promise((gone) => child.once('exit', gone));
  });
  await new Promise<void>((ready, failed) => {
    let log = '';
    child.stderr.on('data', (text: Buffer) => {
      log += text.toString();
      if (log.includes(readyText)) ready();
    });
    child.once('exit', () => failed(new Error(`${binary} did not start: ${log}`)));
  });
}

/** Signalbox as a person starts it, and the real peers, seen alike: started on a folder, written to, asked, measured, stopped. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cli, enginePid, serve } from '../../e2e/support/serve.ts';
import { hasPeer, peerProgram } from '../../support/peer-programs.ts';

export interface Running {
  readonly origin: string;
  /** For requests that read. */
  readonly headers: Readonly<Record<string, string>>;
  /** What takes, stores and answers; of Signalbox the engine, and the host that relays to it. */
  readonly pids: readonly number[];
  /** Bytes that what was written takes on disk once all of it is in its final form. Ends the process. */
  storedBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface System {
  readonly name: string;
  readonly isHere: boolean;
  /** `config` in Prometheus' form. Settles when it takes requests. */
  start(folder: string, config?: string): Promise<Running>;
}

export const signalbox: System = {
  name: 'Signalbox',
  get isHere() {
    return existsSync(cli);
  },
  async start(folder, config = 'scrape_configs: []\n') {
    const file = join(folder, '..', 'signalbox-bench.yml');
    writeFileSync(file, config);
    const served = await serve({ dataDir: folder, args: ['--config', file] });
    const stop = async (): Promise<void> => void (await served.stop());
    return {
      origin: served.origin,
      headers: { authorization: `Bearer ${served.token}` },
      pids: [enginePid(served), served.pid],
      storedBytes: async () => {
        await stop();
        return bytesOf(join(folder, 'live'));
      },
      stop,
    };
  },
};

const prometheus: System = {
  name: 'Prometheus',
  isHere: hasPeer('prometheus'),
  async start(folder, config = 'global: {scrape_interval: 15s}\n') {
    const file = join(folder, '..', 'prometheus-bench.yml');
    writeFileSync(file, config);
    const options = ['web.enable-remote-write-receiver', 'web.enable-admin-api', 'storage.tsdb.retention.time=1y', 'log.level=error'];
    const port = await freePort();
    const args = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...options.map((one) => `--${one}`),
    ];
    const peer = await startPeer('prometheus', args, `http://127.0.0.1:${port}`, '/-/ready');
    return {
      ...peer,
      // What is in its head is written as blocks into a snapshot; its log is left out, as it holds the same samples.
      storedBytes: async () => {
        const answer = await fetch(`${peer.origin}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
        const { data } = (await answer.json()) as { data: { name: string } };
        await peer.stop();
        return bytesOf(join(folder, 'snapshots', data.name));
      },
    };
  },
};

export const victoria: System = {
  name: 'VictoriaMetrics',
  isHere: hasPeer('victoria-metrics'),
  async start(folder, config) {
    const file = join(folder, '..', 'victoria-bench.yml');
    if (config !== undefined) writeFileSync(file, config);
    const port = await freePort();
    const args = [`-storageDataPath=${folder}`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=1y', '-promscrape.maxScrapeSize=128MB'];
    const scrape = config === undefined ? [] : [`-promscrape.config=${file}`];
    const peer = await startPeer('victoria-metrics', [...args, ...scrape], `http://127.0.0.1:${port}`, '/health');
    return {
      ...peer,
      storedBytes: async () => {
        await fetch(`${peer.origin}/internal/force_flush`);
        await fetch(`${peer.origin}/internal/force_merge`);
        await until(async () => !/^vm_active(?:_force)?_merges\S* [1-9]/m.test(await (await fetch(`${peer.origin}/metrics`)).text()));
        await peer.stop();
        return bytesOf(join(folder, 'data'));
      },
    };
  },
};

/** Those that are on this machine, Signalbox first. */
export const systems = (): readonly System[] => [signalbox, prometheus, victoria].filter(({ isHere }) => isHere);

/** User and system time of a process's life so far: proc(5), stat, in ticks of 10 ms. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) / 100;
}

export function residentMB(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function until(isSo: () => Promise<boolean>): Promise<void> {
  do await sleep(1000);
  while (!(await isSo()));
}

/** As `du -sb`: what the files hold, not the blocks they take. */
function bytesOf(path: string): number {
  return Number(execFileSync('du', ['-sb', path]).toString().split('\t')[0]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function startPeer(program: string, args: readonly string[], origin: string, readyPath: string): Promise<Omit<Running, 'storedBytes'>> {
  const child = spawn(peerProgram(program), args, { stdio: 'ignore' });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  for (let tries = 0; ; tries++) {
    const answer = await fetch(origin + readyPath).catch(() => undefined);
    if (answer?.ok === true) return { origin, headers: {}, pids: [child.pid!], stop };
    if (child.exitCode !== null || tries > 3000) throw new Error(`${program} did not start`);
    await sleep(10);
  }
}

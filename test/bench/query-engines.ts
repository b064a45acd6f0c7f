/** Query engines side by side: Signalbox as `signalbox serve` runs it, Prometheus and VictoriaMetrics, with the same samples in each. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReceiver, Ledger } from '#core/intake/index.ts';
import type { Clock } from '#core/model/index.ts';
import { openTraces } from '#core/traces/index.ts';
import { openTsdb } from '#core/tsdb/index.ts';
import { hasPeer, peerProgram } from '../support/peer-programs.ts';
import { writeRequests, type Fleet } from './fleet/write-requests.ts';

export interface QueryEngine {
  readonly name: string;
  /** GET of a path below /api/v1/; the body and how long it took to its last byte. Rejects when it is not answered 200. */
  get(path: string, parameters: Readonly<Record<string, string>>): Promise<{ readonly body: Buffer; readonly ms: number }>;
  /** The same engine over a connection of its own. */
  beside(): QueryEngine;
  /** Pushes a page of metrics, as to a Pushgateway. */
  push(page: string): Promise<void>;
  /** User and system time of all its processes. */
  cpuMs(): number;
  rssMB(): number;
  stop(): Promise<void>;
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

class HttpEngine implements QueryEngine {
  readonly name: string;
  readonly #running: Running;
  readonly #fixed: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(name: string, running: Running, fixed: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#running = running;
    this.#fixed = fixed;
  }

  get(path: string, parameters: Readonly<Record<string, string>>): Promise<{ body: Buffer; ms: number }> {
    return this.#ask('GET', `/api/v1/${path}?${String(new URLSearchParams({ ...parameters, ...this.#fixed }))}`);
  }

  beside(): HttpEngine {
    return new HttpEngine(this.name, this.#running, this.#fixed);
  }

  async push(page: string): Promise<void> {
    await this.#ask('POST', '/metrics/job/pushed', { 'content-type': 'text/plain' }, Buffer.from(page));
  }

  async write(body: Uint8Array): Promise<void> {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
    await this.#ask('POST', '/api/v1/write', headers, body);
  }

  /** A GET of any path, its answer ignored. */
  async poke(path: string): Promise<void> {
    await this.#ask('GET', path);
  }

  #ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: Uint8Array): Promise<{ body: Buffer; ms: number }> {
    const { port, headers: own } = this.#running;
    const fromMs = performance.now();
    return new Promise((done, fail) => {
      const asked = request({ host: '127.0.0.1', port, method, path, headers: { ...own, ...headers }, agent: this.#agent }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const all = Buffer.concat(parts);
          const status = answer.statusCode ?? 0;
          if (status < 300) done({ body: all, ms: performance.now() - fromMs });
          else fail(new Error(`${this.name} answered ${status} to ${path}: ${all.toString().slice(0, 300)}`));
        });
      });
      asked.on('error', fail);
      asked.end(body);
    });
  }

  cpuMs(): number {
    return processesOf(this.#running.child.pid!).reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  }

  rssMB(): number {
    const status = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');
    return processesOf(this.#running.child.pid!).reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(status(pid))?.[1] ?? 0) / 1024, 0);
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    const { child } = this.#running;
    if (child.exitCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  }
}

function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((text) => text !== '');
  return [pid, ...children.flatMap((child) => processesOf(Number(child)))];
}

/** proc(5): fields 14 and 15 of stat, in hundredths of a second. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await sleep(100);
  }
  throw new Error(`${url} did not answer within 30 s`);
}

async function startPrometheus(folder: string): Promise<HttpEngine> {
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, 'global: {}\n');
  const own = [`--config.file=${config}`, `--storage.tsdb.path=${folder}/prometheus`, `--web.listen-address=127.0.0.1:${port}`];
  const limits = ['--web.enable-remote-write-receiver', '--storage.tsdb.retention.time=10y', '--query.max-samples=500000000', '--log.level=error'];
  const child = spawn(peerProgram('prometheus'), [...own, ...limits], { stdio: 'ignore' });
  await answers(`http://127.0.0.1:${port}/-/ready`);
  return new HttpEngine('Prometheus', { child, port, headers: {} });
}

async function startVictoria(folder: string): Promise<HttpEngine> {
  const port = await freePort();
  const args = [`-storageDataPath=${folder}/victoria`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=100y', '-loggerLevel=ERROR'];
  const child = spawn(peerProgram('victoria-metrics'), args, { stdio: 'ignore' });
  await answers(`http://127.0.0.1:${port}/health`);
  return new HttpEngine('VictoriaMetrics', { child, port, headers: {} }, { nocache: '1' });
}

async function startSignalbox(folder: string): Promise<HttpEngine> {
  const cli = join(import.meta.dirname, '../../main/cli.ts');
  const child = spawn(process.execPath, [cli, 'serve', '--json', '--port', '0', '--data', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((done, fail) => {
    child.stdout.once('data', (part) => done(String(part)));
    child.once('exit', (code) => fail(new Error(`serve ended with exit code ${code}`)));
  });
  const { port, token } = JSON.parse(line) as { port: number; token: string };
  return new HttpEngine('Signalbox', { child, port, headers: { authorization: `Bearer ${token}` } }, { nocache: '1' });
}

/** A live store takes nothing that is two hours older than its newest sample, and Signalbox scrapes itself from the start. */
const liveMs = 5_400_000;

/**
 * Signalbox's data folder as it would be had it run all along: what is older than the last hour and a half comes by remote write into
 * its store under a clock that goes with the samples, the rest is pushed to the running engine.
 */
async function storeOld(
  folder: string,
  clock: Clock & { nowMs: number },
): Promise<{ write(body: Uint8Array): Promise<void>; close(): Promise<void> }> {
  const live = join(folder, 'live');
  mkdirSync(live, { recursive: true });
  const store = openTsdb({ folder: live, clock });
  const traces = openTraces({ folder: live, clock });
  const receiver = createReceiver({ store, traces, clock, ledger: new Ledger(), folder: live });
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  return {
    write: async (body) => {
      const answer = await receiver.receive({ port: 'app', method: 'POST', path: '/api/v1/write', query: '', headers, body });
      if (answer === undefined || answer.status >= 300) throw new Error(`the store answered ${answer?.status}: ${String(answer?.body)}`);
      while (store.tick());
    },
    close: async () => {
      await receiver.stop();
      store.compact();
      await traces.close();
      await store.close();
    },
  };
}

function followingClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: 0,
    now: () => clock.nowMs,
    monotonicMs: () => performance.now(),
    after: (delayMs: number, act: () => void) => {
      const timer = setTimeout(act, delayMs);
      return () => clearTimeout(timer);
    },
  };
  return clock;
}

/** All engines that are installed here, loaded. Signalbox comes first. */
export async function startEngines(folder: string, fleet: Fleet): Promise<readonly QueryEngine[]> {
  const peers: HttpEngine[] = [];
  if (hasPeer('prometheus')) peers.push(await startPrometheus(folder));
  if (hasPeer('victoria-metrics')) peers.push(await startVictoria(folder));
  const clock = followingClock();
  const data = join(folder, 'signalbox');
  let old: Awaited<ReturnType<typeof storeOld>> | undefined = await storeOld(data, clock);
  let own: HttpEngine | undefined;
  for (const { body, endMs } of writeRequests(fleet)) {
    for (const peer of peers) await peer.write(body);
    clock.nowMs = endMs;
    if (old !== undefined && endMs > Date.now() - liveMs) {
      await old.close();
      old = undefined;
      own = await startSignalbox(data);
    }
    await (own ?? old)!.write(body);
  }
  for (const peer of peers) if (peer.name === 'VictoriaMetrics') await peer.poke('/internal/force_flush');
  if (own === undefined) throw new Error('the fleet ends too early to be live');
  return [own, ...peers];
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isStale, matcher, METRIC_NAME, type SeriesColumns } from '#core/model/index.ts';
import { memorySource } from '#core/promql/index.ts';
import { peerProgram } from '../../../support/peer-programs.ts';
import { snappyLiterals, writeRequest } from './remote-write.ts';

export const prometheusBinary = peerProgram('prometheus');

export const havePrometheus = existsSync(prometheusBinary);

const sliceMs = 600_000;
const features = 'promql-experimental-functions,promql-duration-expr,native-histograms';

/** What the HTTP API answers. */
export interface ApiAnswer {
  readonly status: 'success' | 'error';
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** A real Prometheus on this machine, with the series given to it. */
export class Prometheus {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  /** `more`: features beside those that are always on. */
  static async start(series: readonly SeriesColumns[], more: readonly string[] = []): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-peer-'));
    const port = await freePort();
    writeFileSync(join(folder, 'prometheus.yml'), 'global:\n  evaluation_interval: 1m\n');
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--storage.tsdb.retention.time=100y',
      `--enable-feature=${[features, ...more].join(',')}`,
      '--log.level=error',
    ];
    const child = spawn(prometheusBinary, args, { stdio: 'ignore' });
    const peer = new Prometheus(child, folder, `http://127.0.0.1:${port}`);
    await peer.#ready();
    await peer.#load(series);
    return peer;
  }

  async #ready(): Promise<void> {
    for (let i = 0; i < 150; i++) {
      const ok = await fetch(`${this.#url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ok) return;
      await sleep(100);
    }
    throw new Error('Prometheus did not become ready in 15 s');
  }

  /** In slices of time, since Prometheus takes no samples much older than its newest. */
  async #load(series: readonly SeriesColumns[]): Promise<void> {
    const source = memorySource(series);
    const all = [matcher(METRIC_NAME, '!=', '')];
    const firstMs = Math.min(...series.map(({ timesMs }) => timesMs[0]!));
    const lastMs = Math.max(...series.map(({ timesMs }) => timesMs.at(-1)!));
    for (let fromMs = firstMs; fromMs <= lastMs; fromMs += sliceMs) {
      const slice = await source.select(all, fromMs, fromMs + sliceMs - 1);
      for (const round of roundsOf(slice)) await this.#write(round);
    }
  }

  async #write(series: readonly SeriesColumns[]): Promise<void> {
    const answer = await fetch(`${this.#url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' },
      body: Buffer.from(snappyLiterals(writeRequest(series))),
    });
    if (!answer.ok) throw new Error(`remote write: ${answer.status} ${await answer.text()}`);
  }

  async query(path: 'query' | 'query_range', parameters: Readonly<Record<string, string>>): Promise<ApiAnswer> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
    return (await answer.json()) as ApiAnswer;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * The series cut where they turn from floats to histograms or back, and around staleness markers: the first piece of each, then
 * the second, and so on. Of one request Prometheus takes all floats before all histograms, and drops what is then out of order;
 * and a marker is to it a histogram if what it took before the request was one.
 */
function roundsOf(series: readonly SeriesColumns[]): SeriesColumns[][] {
  const rounds: SeriesColumns[][] = [];
  for (const { labels, timesMs, values, histograms } of series) {
    const kindOf = (i: number): string => (histograms?.[i] !== undefined ? 'histogram' : isStale(values, i) ? 'stale' : 'float');
    let round = 0;
    for (let from = 0, to = 0; from < timesMs.length; from = to, round++) {
      const kind = kindOf(from);
      while (to < timesMs.length && kindOf(to) === kind) to++;
      const piece = { labels, timesMs: timesMs.subarray(from, to), values: values.subarray(from, to) };
      (rounds[round] ??= []).push(kind === 'histogram' ? { ...piece, histograms: histograms!.slice(from, to) } : piece);
    }
  }
  return rounds;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

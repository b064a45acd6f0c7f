import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serve, type Served } from '../e2e/support/serve.ts';
import { tempFolder } from '../support/folder.ts';

const kills = 20;

/** A target that counts its own scrapes, and sends each page in two halves so that a kill finds one under way. */
async function countingTarget(): Promise<{ address: string; underWay: () => Promise<void> }> {
  let seq = 0;
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response) => {
    seq++;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write(`# TYPE seq gauge\nseq ${seq}\n`);
    waiting.splice(0).forEach((tell) => tell());
    setTimeout(() => response.end(Array.from({ length: 200 }, (_, i) => `filler{i="${i}"} ${seq}\n`).join('')), 40);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    underWay: () => new Promise((tell) => waiting.push(tell)),
  };
}

/** The engine's process: the child of the host whose program is the engine's entry. */
function enginePid(host: number): number {
  const parentOf = (pid: string): number => Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isAlive(name) && parentOf(name) === host);
  return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine-entry')));
}

function isAlive(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8') !== '';
  } catch {
    return false; // it ended while the list was read
  }
}

/** Every value of `seq` that the API gives, of scrapes that were finished: their last sample is there too. */
async function finishedScrapes(served: Served): Promise<number[]> {
  const ask = async (query: string): Promise<readonly { values?: [number, string][] }[]> => {
    const response = await fetch(`${served.origin}/api/v1/query?query=${encodeURIComponent(query)}`, {
      headers: { authorization: `Bearer ${served.token}` },
    });
    return response.status === 200 ? ((await response.json()) as { data: { result: { values?: [number, string][] }[] } }).data.result : [];
  };
  const last = new Set((await ask('filler{i="199"}[1h]')).flatMap(({ values = [] }) => values.map(([, value]) => value)));
  return (await ask('seq[1h]'))
    .flatMap(({ values = [] }) => values.map(([, value]) => value))
    .filter((value) => last.has(value))
    .map(Number);
}

test.skipIf(process.platform !== 'linux')(
  `kill -9 of the engine in mid-scrape, ${kills} times: no sample of a finished scrape is missing`,
  async () => {
    const dataDir = tempFolder();
    const target = await countingTarget();
    writeFileSync(
      join(dataDir, 'signalbox.yml'),
      `scrape_configs: [{job_name: seq, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: [{targets: ['${target.address}']}]}]\n`,
    );
    const seen = new Set<number>();
    for (let round = 0; round <= kills; round++) {
      const served = await serve({ dataDir });
      // The log is replayed newest first and queries are answered meanwhile, so the oldest come last.
      const missing = async (): Promise<number[]> => {
        const kept = new Set(await finishedScrapes(served));
        return [...seen].filter((seq) => !kept.has(seq));
      };
      await expect.poll(missing, { timeout: 30_000 }).toEqual([]);
      const before = seen.size;
      while (seen.size < before + 3) (await finishedScrapes(served)).forEach((seq) => seen.add(seq));
      await target.underWay();
      process.kill(enginePid(served.pid), 'SIGKILL');
      process.kill(served.pid, 'SIGKILL');
      await served.stop();
    }
    expect(seen.size).toBeGreaterThanOrEqual(kills * 3);
  },
  240_000,
);

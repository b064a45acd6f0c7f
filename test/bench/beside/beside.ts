/** The same samples into Signalbox and into the peers that are installed: what they cost in processor, memory, disk and at a restart. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchRow } from '../row.ts';
import { cpuSeconds, residentMB, signalbox, sleep, systems, type Running, type System } from './systems.ts';
import { writeRequests, type Columns, type Split } from './wire.ts';

const liveConnections = 2;
const diskSplit: Split = { seriesMax: 500, stepsMax: 20 };
/** How far the clock is let run on after the last sample, so that what is due at once is in the figures. */
const settleMs = 3000;

/** What one system did; absent where it was not asked. */
interface Outcome {
  readonly system: string;
  /** Million samples a second of processor time, all processes. */
  readonly rate?: number;
  /** The same of Signalbox' engine alone. */
  readonly engineRate?: number;
  readonly residentMB?: number;
  readonly bytesPerSample?: number;
  readonly restartMs?: number;
  readonly scrapeCpuSeconds?: number;
}

/** What is measured of a set of columns. */
interface Asked {
  readonly name: string;
  readonly columns: Columns;
  readonly split: Split;
  /** Whether it is started again on what it holds. */
  readonly restarts: boolean;
}

export async function besideRemoteWrite(asked: Asked): Promise<readonly BenchRow[]> {
  const outcomes: Outcome[] = [];
  for (const system of systems()) outcomes.push(await inFolder((folder) => write(system, folder, asked)));
  const of = (what: keyof Outcome, name: string, unit: string, more: boolean): readonly BenchRow[] =>
    rowsOf(outcomes, what, `${asked.name}, ${name}`, unit, more);
  return [
    ...of('rate', 'all processes', 'M samples/CPU-s', true),
    ...of('engineRate', 'engine process alone', 'M samples/CPU-s', true),
    ...of('residentMB', 'resident memory after', 'MB', false),
    ...of('restartMs', 'restart, to the first answer', 'ms', false),
  ];
}

async function write(system: System, folder: string, { columns, split, restarts }: Asked): Promise<Outcome> {
  const running = await system.start(folder);
  const before = running.pids.map((pid) => cpuSeconds([pid]));
  const samples = await send(running, columns, split, liveConnections);
  await sleep(settleMs);
  const [engine, ...others] = running.pids.map((pid, i) => cpuSeconds([pid]) - before[i]!);
  const outcome: Outcome = {
    system: system.name,
    rate: samples / 1e6 / others.reduce((sum, seconds) => sum + seconds, engine!),
    residentMB: residentMB(running.pids[0]!),
    ...(others.length > 0 && { engineRate: samples / 1e6 / engine! }),
  };
  await running.stop();
  return restarts ? { ...outcome, restartMs: await restart(system, folder, columns) } : outcome;
}

async function restart(system: System, folder: string, { labels, startMs, steps, stepMs }: Columns): Promise<number> {
  const beganMs = performance.now();
  const running = await system.start(folder);
  while ((await countSeries(running, startMs + steps * stepMs)) < labels.length) await sleep(10);
  const tookMs = performance.now() - beganMs;
  await running.stop();
  return tookMs;
}

/** What the samples take on disk in the peers, beside what they take in our store. */
export async function besideDisk(name: string, columns: Columns, ownBytesPerSample: number): Promise<readonly BenchRow[]> {
  const outcomes: Outcome[] = [{ system: signalbox.name, bytesPerSample: ownBytesPerSample }];
  for (const system of systems().filter((one) => one !== signalbox)) {
    const bytesPerSample = await inFolder(async (folder) => {
      const running = await system.start(folder);
      const samples = await send(running, columns, diskSplit, 1);
      return (await running.storedBytes()) / samples;
    });
    outcomes.push({ system: system.name, bytesPerSample });
  }
  return rowsOf(outcomes, 'bytesPerSample', name, 'B/sample', false);
}

/** How many series had a sample in the hour before; 0 while it does not answer. */
async function countSeries({ origin, headers }: Running, endMs: number): Promise<number> {
  const query = encodeURIComponent('count(last_over_time({job!=""}[1h]))');
  const answer = await fetch(`${origin}/api/v1/query?query=${query}&time=${endMs / 1000}`, { headers });
  if (!answer.ok) return 0;
  const { data } = (await answer.json()) as { data: { result: readonly { value: readonly [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/**
 * Sends all samples and answers how many they were. Each connection has series of its own, so that theirs arrive in order. Where the samples
 * span more than an hour there may be one only: Prometheus refuses what lies further behind its newest sample.
 */
async function send({ origin }: Running, columns: Columns, split: Split, connections: number): Promise<number> {
  const share = Math.ceil(columns.labels.length / connections);
  const one = async (from: number): Promise<number> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let sent = 0;
    for (const { body, samples } of writeRequests(columns, split, from, Math.min(columns.labels.length, from + share))) {
      await post(agent, `${origin}/api/v1/write`, body);
      sent += samples;
    }
    agent.destroy();
    return sent;
  };
  const sent = await Promise.all(Array.from({ length: connections }, (_, i) => one(i * share)));
  return sent.reduce((sum, samples) => sum + samples, 0);
}

/** A receiver that has too much to do says so with 503 or 429; senders then come again. */
const comeAgainMs = 100;
const triesMax = 600;

async function post(agent: Agent, url: string, body: Uint8Array): Promise<void> {
  for (let tries = 1; ; tries++) {
    const status = await postOnce(agent, url, body);
    if (status < 300) return;
    if ((status !== 503 && status !== 429) || tries === triesMax) throw new Error(`${url} answered ${status}`);
    await sleep(comeAgainMs);
  }
}

function postOnce(agent: Agent, url: string, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'content-length': body.length };
  return new Promise((done, fail) => {
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => void answer.resume().once('end', () => done(answer.statusCode!)));
    sent.once('error', fail).end(body);
  });
}

const scrapeEveryMs = 2000;
const scrapesWarm = 3;
const scrapesMeasured = 8;

/** Pages in turn, served by this process; the processor time of one scrape, and the memory when all is warm. */
export async function besideScrape(name: string, pages: readonly Buffer[]): Promise<readonly BenchRow[]> {
  const outcomes: Outcome[] = [];
  for (const system of systems()) outcomes.push(await inFolder((folder) => scrape(system, folder, pages)));
  return [
    ...rowsOf(outcomes, 'scrapeCpuSeconds', `${name}, one scrape`, 'CPU-s', false),
    ...rowsOf(outcomes, 'residentMB', `${name}, resident memory`, 'MB', false),
  ];
}

async function scrape(system: System, folder: string, pages: readonly Buffer[]): Promise<Outcome> {
  const asked = { count: 0 };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(pages[asked.count++ % pages.length]);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const times = `scrape_interval: ${scrapeEveryMs / 1000}s, scrape_timeout: ${scrapeEveryMs / 1000}s`;
  const job = `{job_name: big, sample_limit: 1000000, enable_compression: false, ${times}, static_configs: [{targets: ['127.0.0.1:${port}']}]}`;
  const running = await system.start(folder, `scrape_configs:\n- ${job}\n`);
  const reached = async (count: number): Promise<void> => {
    while (asked.count < count) await sleep(20);
    await sleep(scrapeEveryMs / 2);
  };
  await reached(scrapesWarm);
  const from = { count: asked.count, cpu: cpuSeconds(running.pids.slice(0, 1)) };
  await reached(from.count + scrapesMeasured);
  const scrapeCpuSeconds = (cpuSeconds(running.pids.slice(0, 1)) - from.cpu) / (asked.count - from.count);
  const outcome = { system: system.name, scrapeCpuSeconds, residentMB: residentMB(running.pids[0]!) };
  await running.stop();
  server.closeAllConnections();
  server.close();
  return outcome;
}

/** A fresh folder for one system, which goes with it. */
export async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const above = mkdtempSync(join(tmpdir(), 'signalbox-beside-'));
  const folder = join(above, 'data');
  mkdirSync(folder);
  try {
    return await act(folder);
  } finally {
    rmSync(above, { recursive: true, force: true });
  }
}

/** A row a system, each with how it compares to the best peer of this run: above 1 it is better. */
export function rowsOf(outcomes: readonly Outcome[], what: keyof Outcome, name: string, unit: string, more: boolean): readonly BenchRow[] {
  const found = outcomes.filter((one) => one[what] !== undefined).map((one) => ({ system: one.system, value: one[what] as number }));
  const peers = found.filter(({ system }) => system !== signalbox.name).map(({ value }) => value);
  const best = peers.length === 0 ? undefined : more ? Math.max(...peers) : Math.min(...peers);
  return found.map(({ system, value }) => ({
    name: `${name}: ${system}`,
    value,
    unit,
    ...(best !== undefined && { ratio: more ? value / best : best / value }),
  }));
}

/** The same rules over the same scraped series in Signalbox and in the peers that are installed: the processor time of one round of them. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { hasPeer, peerProgram } from '../../support/peer-programs.ts';
import type { BenchRow } from '../row.ts';
import { inFolder, rowsOf } from './beside.ts';
import { cpuSeconds, sleep, systems, victoria, type Running, type System } from './systems.ts';

const everyMs = 2000;
const roundsWarm = 4;
const roundsMeasured = 10;

/** `pages` are scraped in turn; `rules` is a rule file without intervals of its own. What scraping alone takes is measured too, and left out. */
export async function besideRules(name: string, pages: readonly Buffer[], rules: string): Promise<readonly BenchRow[]> {
  const outcomes: { readonly system: string; readonly scrapeCpuSeconds: number }[] = [];
  for (const system of systems().filter((one) => one !== victoria || hasPeer('vmalert'))) {
    const bare = await inFolder((folder) => roundCpuSeconds(system, folder, pages, undefined));
    const ruled = await inFolder((folder) => roundCpuSeconds(system, folder, pages, rules));
    const label = system === victoria ? 'VictoriaMetrics and vmalert' : system.name;
    outcomes.push({ system: label, scrapeCpuSeconds: Math.max(0.001, ruled - bare) });
  }
  return rowsOf(outcomes, 'scrapeCpuSeconds', `${name}, one round`, 'CPU-s', false);
}

/** Processor time of all its processes between two scrapes. */
async function roundCpuSeconds(system: System, folder: string, pages: readonly Buffer[], rules: string | undefined): Promise<number> {
  const asked = { count: 0 };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(pages[asked.count++ % pages.length]);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const file = join(folder, '..', 'rules.yml');
  if (rules !== undefined) writeFileSync(file, rules);
  const seconds = everyMs / 1000;
  const job = `{job_name: page, honor_labels: true, sample_limit: 1000000, static_configs: [{targets: ['127.0.0.1:${port}']}]}`;
  const own = rules === undefined || system === victoria ? '' : `rule_files: ['${file}']\n`;
  const times = `scrape_interval: ${seconds}s, scrape_timeout: ${seconds}s`;
  const global = system === victoria ? times : `${times}, evaluation_interval: ${seconds}s`;
  const running = await system.start(folder, `global: {${global}}\n${own}scrape_configs:\n- ${job}\n`);
  const alerter = rules !== undefined && system === victoria ? vmalert(running, file, seconds) : undefined;
  const pids = [...running.pids, ...(alerter === undefined ? [] : [alerter.pid!])];
  while (asked.count < roundsWarm) await sleep(20);
  const from = cpuSeconds(pids);
  await sleep(roundsMeasured * everyMs);
  const spent = (cpuSeconds(pids) - from) / roundsMeasured;
  alerter?.kill('SIGKILL');
  await running.stop();
  server.closeAllConnections();
  server.close();
  return spent;
}

function vmalert({ origin }: Running, file: string, seconds: number): ReturnType<typeof spawn> {
  const options = [`rule=${file}`, `datasource.url=${origin}`, `remoteWrite.url=${origin}`, `evaluationInterval=${seconds}s`, 'notifier.blackhole'];
  return spawn(
    peerProgram('vmalert'),
    [...options, 'httpListenAddr=127.0.0.1:0'].map((one) => `-${one}`),
    { stdio: 'ignore' },
  );
}

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerProgram, peersFolder } from '../../../support/peer-programs.ts';
import type { Delivery, Step, Timetable, WebhookBody } from './timetable.ts';

const binary = peerProgram('prometheus-alertmanager');
const templates = '/usr/share/prometheus/alertmanager';

/** Empty where a real Alertmanager can be run; otherwise why not. */
export const alertmanagerMissing = existsSync(binary) ? '' : ` (skipped: ${binary} is not installed)`;

/**
 * The program to run. Debian's build reads its default templates from an absolute path. Unpacked and not installed, they lie below
 * the peers' folder: so a copy is made in `folder` that looks for them in its working folder, by a path of the same length.
 */
export function prepareAlertmanager(folder: string): string {
  if (existsSync(templates)) return binary;
  const bytes = readFileSync(binary);
  const here = `.${'/'.repeat(templates.length - 1)}`;
  for (let at = bytes.indexOf(templates); at >= 0; at = bytes.indexOf(templates, at)) bytes.write(here, at, 'latin1');
  const prepared = join(folder, 'alertmanager');
  writeFileSync(prepared, bytes, { mode: 0o700 });
  return prepared;
}

/** Where a prepared program finds its templates. */
export const workingFolder = (folder: string): string => (existsSync(templates) ? folder : `${peersFolder}${templates}`);

/** Runs a timetable of the core set on a real Alertmanager, in real time, with its files in `folder`. */
export async function runAlertmanager(program: string, timetable: Timetable, folder: string): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const clock = { startedMs: 0 };
  const hook = await listen((receiver, body) =>
    deliveries.push({ atMs: Date.now() - clock.startedMs, receiver, body: JSON.parse(body) as WebhookBody }),
  );
  const port = await freePort();
  const configPath = join(folder, 'alertmanager.yml');
  writeFileSync(configPath, timetable.config.replaceAll('http://hook/', `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`));
  const args = [
    `--config.file=${configPath}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
    '--web.external-url=http://signalbox',
  ];
  const child = spawn(program, [...args, '--log.level=error'], { stdio: 'ignore', cwd: workingFolder(folder) });
  try {
    const url = `http://127.0.0.1:${port}`;
    await ready(url);
    clock.startedMs = Date.now();
    await play(url, timetable, clock.startedMs);
  } finally {
    await stop(child, hook);
  }
  return deliveries;
}

async function play(url: string, timetable: Timetable, startedMs: number): Promise<void> {
  const silences = new Map<string, string>();
  for (const step of timetable.steps) {
    await sleep(Math.max(0, startedMs + step.atMs - Date.now()));
    await take(url, step, timetable, silences);
  }
  await sleep(Math.max(0, startedMs + timetable.untilMs - Date.now()));
}

async function take(url: string, step: Step, timetable: Timetable, silences: Map<string, string>): Promise<void> {
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();
  const nowMs = Date.now();
  switch (step.verb) {
    case 'fire': {
      const { labels, annotations = {}, forMs } = step;
      return request(url, 'POST', 'alerts', [
        { labels, annotations, startsAt: iso(nowMs), ...(forMs === undefined ? {} : { endsAt: iso(nowMs + forMs) }) },
      ]);
    }
    case 'resolve': {
      const fired = timetable.steps.find((other) => other.verb === 'fire' && other.name === step.name);
      return request(url, 'POST', 'alerts', [{ labels: fired?.verb === 'fire' ? fired.labels : {}, endsAt: iso(nowMs) }]);
    }
    case 'silence': {
      const matchers = step.matchers.map(({ name, op, value }) => ({ name, value, isRegex: op.includes('~'), isEqual: !op.startsWith('!') }));
      const body = { matchers, startsAt: iso(nowMs), endsAt: iso(nowMs + step.forMs), createdBy: 'timetable', comment: step.name };
      silences.set(step.name, (await request<{ silenceID: string }>(url, 'POST', 'silences', body)).silenceID);
      return;
    }
    case 'unsilence':
      return request(url, 'DELETE', `silence/${silences.get(step.name)}`);
    default:
      throw new Error(`${step.verb} is not for a real Alertmanager`);
  }
}

async function request<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(`${url}/api/v2/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

async function listen(onBody: (receiver: string, body: string) => void): Promise<Server> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      onBody((incoming.url ?? '').slice(1), Buffer.concat(chunks).toString());
      response.end('ok');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const good = await fetch(`${url}/-/ready`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (good) return;
    await sleep(100);
  }
  throw new Error('Alertmanager did not become ready within 10 s');
}

async function stop(child: ChildProcess, hook: Server): Promise<void> {
  const gone = new Promise<void>((done) => (child.exitCode === null ? child.once('exit', () => done()) : done()));
  child.kill('SIGKILL');
  hook.closeAllConnections();
  hook.close();
  await gone;
}

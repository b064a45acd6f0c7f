/** A web host as the product starts it, with the trial engine behind it and a screen of two files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createClient, socketTransport, type Client } from '#core/contract/index.ts';
import type { Clock } from '#core/model/index.ts';
import { systemClock } from '../../../main/clock.ts';
import { EngineProcess, type EngineStatus } from '../../../main/engine/engine-process.ts';
import { startNodeChild } from '../../../main/engine/node-child.ts';
import type { StartChild } from '../../../main/engine/child.ts';
import { Reader } from '../../../main/engine/reader.ts';
import { startWebHost, type WebHost } from '../../../main/web-host.ts';
import { tempFolder } from '../../support/folder.ts';
import type { Trial } from './trial.ts';

const trialEntry = resolve(import.meta.dirname, 'trial-entry.ts');
const readerEntry = resolve(import.meta.dirname, '../../../main/reader-entry.ts');

export const startTrialChild: StartChild = (entry) => startNodeChild(entry === 'engine-entry' ? trialEntry : readerEntry);

export function trialSettings(version = 'trial') {
  return { dataDir: '', configFile: undefined, host: 'test', version, runbooksDir: '' } as const;
}

export interface TrialHost {
  readonly engine: EngineProcess;
  readonly web: WebHost;
  readonly statuses: readonly EngineStatus[];
  readonly warnings: readonly string[];
}

export async function startTrialHost(given: { screen?: boolean; otlpPort?: number; clock?: Clock } = {}): Promise<TrialHost> {
  const rendererDir = tempFolder();
  mkdirSync(join(rendererDir, 'assets'));
  writeFileSync(join(rendererDir, 'index.html'), '<!doctype html><title>trial</title>');
  writeFileSync(join(rendererDir, 'assets/index-0a1b2c3d.js'), 'export {};');
  writeFileSync(join(rendererDir, 'secret.txt'), 'not in the list');
  writeFileSync(join(rendererDir, 'assets.json'), JSON.stringify(['assets/index-0a1b2c3d.js', 'assets/gone-0a1b2c3d.js', 'index.html']));
  const statuses: EngineStatus[] = [];
  const warnings: string[] = [];
  const clock = given.clock ?? systemClock;
  const reader = new Reader(startTrialChild, systemClock);
  const engine = new EngineProcess({
    startChild: startTrialChild,
    clock: systemClock,
    settings: trialSettings(),
    render: (text) => reader.render(text),
    onStatus: (status) => statuses.push(status),
  });
  const web = await startWebHost({
    engine,
    clock,
    rendererDir,
    port: 0,
    otlpPort: given.otlpPort ?? 0,
    grpcPort: 0,
    screen: given.screen ?? true,
    warn: (sentence) => warnings.push(sentence),
  });
  await engine.firstUp;
  onTestFinished(async () => {
    await web.close();
    reader.stop();
    await engine.stop();
  });
  return { engine, web, statuses, warnings };
}

/** A screen's connection, made the way the screen makes it. */
export async function connect(web: WebHost, bearer = web.bearer): Promise<Client<Trial>> {
  const socket = openSocket(web);
  await new Promise<void>((done, fail) => {
    socket.once('open', () => socket.send(JSON.stringify({ bearer })));
    socket.once('message', () => done());
    socket.once('close', (code, reason) => fail(new Error(`${code} ${reason.toString()}`)));
    socket.once('error', fail);
  });
  socket.binaryType = 'arraybuffer';
  return createClient<Trial>(socketTransport(socket));
}

export function openSocket(web: WebHost, path = '/rpc', origin = `http://127.0.0.1:${web.port}`): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${web.port}${path}`, { origin });
  onTestFinished(() => socket.terminate());
  return socket;
}

/** `signalbox serve`: the web host in the foreground. */
import { systemClock } from '../clock.ts';
import { startNodeChild } from '../engine/node-child.ts';
import { startHost, type Host } from '../host.ts';
import { entryFile } from '../places.ts';
import { openInBrowser } from './browser.ts';
import { hostArgs, hostOptions, readArgs, refusePositionals, type HostArgs } from './arguments.ts';

export async function serve(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { ...hostOptions, 'no-open': { type: 'boolean' }, json: { type: 'boolean' } });
  refusePositionals(positionals);
  // The address is good for one use, so who reads it as JSON must be the one to use it.
  return serveWeb(hostArgs(values), { opens: values['no-open'] !== true && values.json !== true, json: values.json === true });
}

interface How {
  readonly opens: boolean;
  readonly json: boolean;
  /** Called once the engine is up. */
  readonly onUp?: (host: Host) => void;
}

/** Runs until a signal ends it. */
export async function serveWeb(options: HostArgs, how: How): Promise<number> {
  const end = ended();
  const host = await startHost({
    ...options,
    shell: 'web',
    clock: systemClock,
    startChild: (entry) => startNodeChild(entryFile(entry)),
    warn: (sentence) => process.stderr.write(`signalbox: ${sentence}\n`),
    onStatus: ({ engine, reason }) => {
      if (engine === 'down' || engine === 'safe') process.stderr.write(`signalbox: ${reason}\n`);
    },
  });
  try {
    // A person's browser loads the screen while the engine starts; a program wants to ask at once.
    const up = Promise.race([host.engine.firstUp, end]);
    if (how.json) await up;
    announce(host, how.json);
    if (how.opens) openInBrowser(host.web.link());
    offerLinks(host);
    await up;
    how.onUp?.(host);
    await end;
  } finally {
    await host.stop();
  }
  return 0;
}

function announce(host: Host, json: boolean): void {
  const { web } = host;
  const line = json
    ? JSON.stringify({ url: web.link(), token: web.bearer, port: web.port, otlpPort: web.otlpPort, grpcPort: web.grpcPort, pid: process.pid })
    : `Signalbox is at ${web.link()}\nThe link opens once, within a minute${process.stdin.isTTY ? '; Enter prints another' : ''}. OTLP is received on port ${web.otlpPort}, over gRPC on ${web.grpcPort}. Ctrl+C ends.`;
  process.stdout.write(`${line}\n`);
}

/** At a terminal, Enter gives a fresh link. */
function offerLinks(host: Host): void {
  if (!process.stdin.isTTY) return;
  process.stdin.on('data', () => process.stdout.write(`${host.web.link()}\n`));
}

function ended(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
}

/**
 * What Signalbox answers on 127.0.0.1, under both shells: the app port with the screen, its socket and the APIs of tools,
 * and the OTLP port. On the desktop the screen's part is closed until the person asks for it.
 */
import type { Clock } from '#core/model/index.ts';
import type { EngineProcess } from './engine/engine-process.ts';
import { readAssets, type Assets } from './web/assets.ts';
import { BodyReader } from './web/body.ts';
import { listenGrpc } from './web/grpc.ts';
import { listen, loopback, plain, type Asking, type Given, type Listener } from './web/listener.ts';
import { portError, PortTaken } from './web/port-holder.ts';
import { relay } from './web/relay.ts';
import { appRoutes, otlpRoutes } from './web/routes.ts';
import { screenOf } from './web/links.ts';
import { Session } from './web/session.ts';
import { Sockets } from './web/sockets.ts';

interface Options {
  readonly engine: EngineProcess;
  readonly clock: Clock;
  readonly rendererDir: string;
  /** 0 is any free one. */
  readonly port: number;
  readonly otlpPort: number;
  /** Of OTLP over gRPC. */
  readonly grpcPort: number;
  /** Whether the screen is served from the start. */
  readonly screen: boolean;
  /** Something the person should know that stops nothing, one sentence. */
  readonly warn: (sentence: string) => void;
}

export interface WebHost {
  readonly port: number;
  readonly otlpPort: number;
  readonly grpcPort: number;
  /** For tools: `Authorization: Bearer`. */
  readonly bearer: string;
  /** A fresh address of the screen, good for one use within a minute. Serves the screen from now on. */
  link(): string;
  close(): Promise<void>;
}

/** A session request is a code and little more. */
const sessionBytesMax = 1_024;

export async function startWebHost(options: Options): Promise<WebHost> {
  const { engine, clock } = options;
  const session = new Session(clock);
  const bodies = new BodyReader();
  const sockets = new Sockets({ engine, session, clock });
  let assets: Assets | undefined = options.screen ? readAssets(options.rendererDir) : undefined;

  const app = await listen({
    port: options.port,
    otherNames: [],
    answer: async (asking) =>
      (await relay({ port: 'app', routes: appRoutes, engine, session, bodies }, asking)) ??
      (await hostAnswer(asking, engine, session, bodies)) ??
      (await assetAnswer(assets, asking)),
    upgrade: (asking, stream, head) => {
      if (assets !== undefined && asking.path === '/rpc') sockets.accept(asking.request, stream, head);
      else stream.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    },
  }).catch((error: unknown) => Promise.reject(portError(error, options.port)));
  const otlp = await listenOtlp(options, session, bodies).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  const grpc = await elsewhereIfTaken(options, options.grpcPort, 'OTLP over gRPC', (port) => listenGrpc({ port, engine, bodies })).catch(
    async (error: unknown) => {
      await Promise.all([app.close(), otlp.close()]);
      throw error;
    },
  );

  return {
    port: app.port,
    otlpPort: otlp.port,
    grpcPort: grpc.port,
    bearer: session.bearer,
    link: () => {
      assets ??= readAssets(options.rendererDir);
      return `http://${loopback}:${app.port}/#code=${session.newCode()}`;
    },
    close: async () => {
      sockets.closeAll('Signalbox is stopping');
      const closed = Promise.all([app.close(), otlp.close(), grpc.close()]);
      setTimeout(() => sockets.terminateAll(), 500).unref();
      await closed;
    },
  };
}

function listenOtlp(options: Options, session: Session, bodies: BodyReader): Promise<Listener> {
  return elsewhereIfTaken(options, options.otlpPort, 'OTLP', (port) =>
    listen({
      port,
      // The OTLP specification's default endpoint is http://localhost:4318; that name cannot be rebound.
      otherNames: ['localhost'],
      answer: async (asking) =>
        (await relay({ port: 'otlp', routes: otlpRoutes, engine: options.engine, session, bodies }, asking)) ??
        plain({ status: 404, why: 'OTLP is received at /v1/metrics, /v1/traces and /v1/logs' }),
    }),
  );
}

/** Senders are set up for these ports by default, so they are taken wherever a collector runs; then another one will do. */
async function elsewhereIfTaken({ warn }: Options, wanted: number, what: string, at: (port: number) => Promise<Listener>): Promise<Listener> {
  try {
    return await at(wanted);
  } catch (error) {
    const taken = portError(error, wanted);
    if (!(taken instanceof PortTaken)) throw taken;
    const other = await at(0);
    warn(`${taken.message.split(';')[0]}; ${what} is received on port ${other.port} instead`);
    return other;
  }
}

/** What the host answers without the engine: how the engine is, and the exchange of a code for the bearer. */
async function hostAnswer(asking: Asking, engine: EngineProcess, session: Session, bodies: BodyReader): Promise<Given | undefined> {
  if (asking.path === '/host/status' && asking.method === 'GET') return json(engine.status);
  if (asking.path === '/session/code' && asking.method === 'POST') {
    if (!session.admitsHeader(asking.request.headers.authorization)) return plain({ status: 401, why: 'this needs the bearer' });
    return json({ code: session.newCode() });
  }
  if (asking.path !== '/session' || asking.method !== 'POST') return undefined;
  if (asking.request.headers['content-type'] !== 'application/json') return plain({ status: 415, why: 'the content type must be application/json' });
  const read = await bodies.read(asking.request, sessionBytesMax);
  if ('why' in read) return plain(read);
  read.release();
  const bearer = session.exchange(codeIn(read.body));
  return bearer === undefined
    ? plain({ status: 403, why: 'the link was used before or is older than a minute; ask for a new one' })
    : json({ bearer });
}

function codeIn(body: Uint8Array): string {
  try {
    const { code } = JSON.parse(Buffer.from(body).toString()) as { code?: unknown };
    return typeof code === 'string' ? code : '';
  } catch {
    return ''; // no JSON is a wrong code
  }
}

const json = (value: object): Given => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});

async function assetAnswer(assets: Assets | undefined, asking: Asking): Promise<Given> {
  if (assets === undefined) return plain({ status: 404, why: 'the screen is not served here; open it from the desktop app' });
  const screen = screenOf(asking.path, asking.query);
  if (screen !== undefined && asking.method === 'GET') return { status: 302, headers: { location: screen, 'cache-control': 'no-store' }, body: '' };
  const asset = assets.get(asking.path);
  if (asset === undefined) return plain({ status: 404, why: 'there is nothing here' });
  if (asking.method !== 'GET' && asking.method !== 'HEAD') return plain({ status: 405, why: `${asking.method} is not answered here` });
  const cache = asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  const body = await asset.read();
  if (body === undefined) return plain({ status: 404, why: 'this file of the screen is gone; load the page again' });
  return { status: 200, headers: { 'content-type': asset.type, 'cache-control': cache }, body };
}

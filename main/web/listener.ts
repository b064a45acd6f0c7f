/** One HTTP listener on the literal 127.0.0.1: gates first, then what it was given to answer with. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '#core/model/index.ts';
import { boundConnections } from './connections.ts';
import { refusalOf, type Refusal } from './gates.ts';
import { securityHeaders } from './headers.ts';

export interface Asking {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly query: string;
}

/** Name to value; the security headers are added to it. */
export interface Given {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

interface Options {
  readonly port: number;
  /** Names besides 127.0.0.1 that the listener answers to. */
  readonly otherNames: readonly string[];
  readonly answer: (asking: Asking) => Promise<Given>;
  readonly upgrade?: (asking: Asking, stream: Duplex, head: Buffer) => void;
}

export interface Listener {
  readonly port: number;
  /** Stops taking requests, and ends what is still under way. */
  close(): Promise<void>;
}

/** Slow senders give their place back within seconds: reliability, L9 and row 13. */
const patience = {
  headersTimeout: 5_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
  keepAliveTimeout: 5_000,
} as const;

export const loopback = '127.0.0.1';

export const plain = ({ status, why }: Refusal): Given => ({
  status,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...(status === 503 && { 'retry-after': '1' }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  },
  body: `${why}\n`,
});

/** Rejects with Node's error when the port cannot be had. */
export async function listen(options: Options): Promise<Listener> {
  const server = createServer(patience);
  boundConnections(server);
  server.listen(options.port, loopback);
  await new Promise<void>((done, fail) => {
    server.once('listening', done);
    server.once('error', fail);
  });
  const { port } = server.address() as AddressInfo;
  const names = [loopback, ...options.otherNames].map((name) => `${name}:${port}`);
  server.on('request', (request, response) => void answer(options, names, request, response));
  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => stream.destroy());
    const refusal = refusalOf(askedOf(request), names) ?? upgradeRefusal(request);
    if (refusal !== undefined || options.upgrade === undefined) {
      return void stream.end(`HTTP/1.1 ${refusal?.status ?? 404} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    }
    options.upgrade(askingOf(request), stream, head);
  });
  return { port, close: () => closeServer(server) };
}

/** A browser always says where a WebSocket comes from, so who does not is no screen. */
function upgradeRefusal(request: IncomingMessage): Refusal | undefined {
  return request.headers.origin === undefined ? { status: 403, why: 'a WebSocket needs an Origin' } : undefined;
}

const askedOf = (request: IncomingMessage) => ({
  method: request.method ?? '',
  target: request.url ?? '',
  rawHeaders: request.rawHeaders,
  headers: request.headers,
});

function askingOf(request: IncomingMessage): Asking {
  const target = request.url ?? '/';
  const cut = target.indexOf('?');
  return {
    request,
    method: request.method ?? '',
    path: cut === -1 ? target : target.slice(0, cut),
    query: cut === -1 ? '' : target.slice(cut + 1),
  };
}

async function answer(options: Options, names: readonly string[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = refusalOf(askedOf(request), names);
  let given: Given;
  try {
    given = refusal === undefined ? await options.answer(askingOf(request)) : plain(refusal);
  } catch (error) {
    given = plain({ status: 500, why: messageOf(error) });
  }
  if (response.destroyed) return;
  const body = typeof given.body === 'string' ? Buffer.from(given.body) : (given.body ?? new Uint8Array());
  // A body that was not read to its end would be taken for the next request.
  const unread = !request.complete && { connection: 'close' };
  response.writeHead(given.status, { ...securityHeaders, ...given.headers, 'content-length': body.length, ...unread });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    setTimeout(() => server.closeAllConnections(), closeMsMax).unref();
  });
}

/** What is being answered may finish. */
const closeMsMax = 1_000;

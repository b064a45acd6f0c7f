/** Serves the built screen and the scripted engine on one loopback port, with the headers and the handshake of the real web host. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';
import { WebSocketServer, type WebSocket } from 'ws';
import { contract, serve, socketTransport, type SocketLike } from '#core/contract/index.ts';
import type { ScriptedEngine } from './scripted-engine.ts';

const root = join(import.meta.dirname, '../../..');
const policy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html dompurify default",
].join('; ');
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.png': 'image/png' };
const bearer = 'scripted';

export async function buildScreen(outDir: string): Promise<void> {
  await build({
    root: join(root, 'renderer'),
    configFile: false,
    logLevel: 'warn',
    plugins: [svelte()],
    build: { outDir, emptyOutDir: true, target: 'chrome150' },
  });
}

export interface ScreenHost {
  readonly url: string;
  /** Cuts every line, as a dying engine does; new ones are refused until `revive`. */
  kill(reason: string): void;
  revive(): void;
  close(): Promise<void>;
}

export async function hostScreen(outDir: string, engine: ScriptedEngine, port = 0): Promise<ScreenHost> {
  let down: string | undefined;
  const sockets = new Set<WebSocket>();
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://127.0.0.1').pathname));
    if (path === '/session') return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ bearer }));
    if (path === '/host/status')
      return void response.end(JSON.stringify({ engine: down === undefined ? 'up' : 'down', reason: down ?? '', restartInMs: 2_000 }));
    const file = path === '/' ? '/index.html' : path;
    readFile(join(outDir, file)).then(
      (body) =>
        response
          .setHeader('content-security-policy', policy)
          .setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
          .end(body),
      () => response.writeHead(404).end(),
    );
  });
  const rpc = new WebSocketServer({ server, path: '/rpc', maxPayload: 1 << 20 });
  rpc.on('connection', (socket) => {
    if (down !== undefined) return socket.close(1013, down);
    sockets.add(socket);
    socket.once('message', (first: Buffer) => {
      if (first.toString() !== JSON.stringify({ bearer })) return socket.close(1008);
      socket.binaryType = 'arraybuffer';
      socket.send('{"ok":true}');
      serve(contract, engine.handlers(), socketTransport(socket as unknown as SocketLike, 'engine'));
    });
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${portOf(server)}/#code=once`,
    kill(reason) {
      down = reason;
      for (const socket of sockets) socket.close(1012, reason);
      sockets.clear();
    },
    revive: () => void (down = undefined),
    close: () =>
      new Promise((done) => {
        rpc.close();
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
